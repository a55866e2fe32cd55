"""All settings. Environment variables set them; .env.example lists those.

INKLING_ENV selects one of two ways to run. `production` (the default) has safe values and does not start while a
variable that it needs is missing. `embedded` (`make run`) needs no services: SQLite, a message broker in a folder, mail
on the console.
"""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import SuspiciousOperation
from dotenv import load_dotenv

from config import env, error_reports

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")

EMBEDDED = env.choice("INKLING_ENV", ("production", "embedded")) == "embedded"
VAR_DIR = Path(env.text("INKLING_VAR") or BASE_DIR / "var")
DEBUG = env.flag("DEBUG")
if EMBEDDED:
    VAR_DIR.mkdir(parents=True, exist_ok=True)


# --- Network and security ---


def _embedded_secret_key() -> str:
    """The key of this installation, made at the first start and stored beside its database."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


_TRY = "To try Inkling without any configuration, use `make run`."
if EMBEDDED:
    SECRET_KEY = env.text("SECRET_KEY") or _embedded_secret_key()
    ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
else:
    SECRET_KEY = env.required("SECRET_KEY", f"Set it to a long random text, the same for all processes. {_TRY}")
    env.required("ALLOWED_HOSTS", f"Set it to the site's host names, separated by commas. {_TRY}")
    ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS")

# Keys of the past. What they signed is valid until they are removed; nothing new is signed with them.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

SITE_URL = env.site_url("SITE_URL")
# Whether people reach the site by HTTPS. A site without it must say so, or nobody can sign in.
SECURE = env.flag("SECURE_COOKIES", default=not EMBEDDED and not SITE_URL.startswith("http://"))
if not SITE_URL and not EMBEDDED:
    SITE_URL = env.site_url_of(ALLOWED_HOSTS, "https" if SECURE else "http")
SECURITY_CONTACT = env.contact("SECURITY_CONTACT")  # for /.well-known/security.txt
# The number of our own reverse proxies. Rate limits by address depend on it.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
# Only a proxy of ours can say that a request came by HTTPS: without one every request would be redirected for ever.
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=SECURE and TRUSTED_PROXIES > 0)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # health checks come from inside, without the HTTPS proxy
# Browsers refuse HTTP for this long. An hour at first: a mistake with the certificate is over soon.
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 3600 if SECURE else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS")
SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD")
# Whoever runs the site decides about other names of its domain; both cannot be taken back soon
# (docs/operating/settings.md).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}


# --- Applications, middleware and templates ---

INSTALLED_APPS = [
    "accounts",
    "recognizer",
    "rest_framework",
    "drf_spectacular_sidecar",  # the files of Swagger UI, served from our own origin
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "config.apps.InklingAdminConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "config.middleware.request_id",
    "config.request_log.log_requests",
    "config.metrics.metrics_page",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.isolation",
    "config.middleware.CompressionMiddleware",
    "config.middleware.cross_origin",
    "config.middleware.ContentSecurityPolicyMiddleware",
    "config.middleware.drop_nul",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.languages.choose_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.NulMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.SameAccountMiddleware",
    "config.middleware.PageMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.languages.bangla_numerals",
    "config.middleware.stream_errors",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    }
]


# --- Database, cache and files ---

DATABASE_URL = env.service_url("DATABASE_URL", ("postgres", "postgresql", "pgsql", "sqlite"))
DATABASE_POOLER = "transaction" if env.choice("DATABASE_POOLER", ("none", "transaction")) == "transaction" else ""
DATABASE_MAX_AGE = env.number("DATABASE_MAX_AGE", 60)  # seconds until a connection is replaced; 0: after each request
REDIS_URL = env.service_url("REDIS_URL", ("redis", "rediss"))
DATABASES: dict[str, dict[str, Any]]
if DATABASE_URL:
    _database: dict[str, Any] = {
        **dj_database_url.parse(DATABASE_URL, conn_max_age=DATABASE_MAX_AGE, conn_health_checks=True)
    }
    if _database["ENGINE"] == "django.db.backends.postgresql":
        _database |= {
            "ENGINE": "config.postgresql",  # with limits on how long a request waits
            "POOLER": DATABASE_POOLER,
            "DISABLE_SERVER_SIDE_CURSORS": bool(DATABASE_POOLER),
        }
    DATABASES = {"default": _database}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(VAR_DIR / "inkling.sqlite3"),
            "TEST": {"NAME": str(VAR_DIR / "test.sqlite3")},  # a file: threads cannot share a database in memory
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }
CACHES: dict[str, dict[str, Any]]
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "config.cache.FaultTolerantRedisCache",
            "LOCATION": REDIS_URL,
        },
        "sign-in": {  # what limits it
            "BACKEND": "config.cache.AtomicDatabaseCache",
            "LOCATION": "accounts_cacheentry",
        },
    }
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # rate-limit counters beyond it are dropped
        }
    }

# A file outside the database; `manage.py restore` reads it. See accounts.deletion_log.
DELETION_LOG = env.text("DELETION_LOG", str(VAR_DIR / "deletions.log") if EMBEDDED else "")

STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.BundledStaticFilesStorage"},
}


# --- Users and sign-in ---

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignUpForm",
    "login": "accounts.forms.SignInForm",
    "add_email": "accounts.forms.ChangeEmailForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "recognizer.pages.account.ResetPasswordKeyForm",
}
# Embedded, mail goes to the console: nobody should have to find a link there before saving a first drawing.
ACCOUNT_EMAIL_VERIFICATION = "optional" if EMBEDDED else "mandatory"
ACCOUNT_CHANGE_EMAIL = True  # a user has one address; a new one replaces it when it is confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True  # send mail when a password or a second factor changes
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # ask for the password again before a change that could take over the account
# At most three confirmation mails in ten minutes; a whole school can share an IP address. Others are allauth's.
ACCOUNT_RATE_LIMITS = {"confirm_email": "3/10m/key", "report": "10/m/ip,100/d/ip", "webhook": "30/h/user"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondStepForm",
    "reauthenticate": "accounts.forms.SecondStepAgainForm",
    "activate_totp": "accounts.forms.ActivateAppForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "authenticate_webauthn": "accounts.forms.PasskeyStepForm",
    "reauthenticate_webauthn": "accounts.forms.PasskeyAgainForm",
    "login_webauthn": "accounts.forms.PasskeySignInForm",
}
# Users with a second factor may change their e-mail address. In production an account has no second factor before its
# first address is confirmed, so nobody can lock out the owner of an address by signing up with it.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Inkling"
MFA_TOTP_TOLERANCE = 1  # accept a code for another 30 seconds after it expired
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = EMBEDDED

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")  # encrypted from the first byte, as on port 465
EMAIL_USE_TLS = not EMAIL_USE_SSL and env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10  # seconds; a request waits for it
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Inkling <inkling@localhost>")


# --- Languages and time ---

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("bn", "বাংলা")]  # each by its own name
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600  # seconds
LANGUAGE_COOKIE_SECURE = SECURE
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True


# --- The API ---

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "recognizer.api.authentication.KeyAuthentication",
        "recognizer.api.authentication.SiteSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["recognizer.api.input.LimitedJSONParser", "recognizer.api.input.LimitedMultiPartParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "recognizer.api.errors.handle_exception",
    "NUM_PROXIES": TRUSTED_PROXIES,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Inkling",
    "DESCRIPTION": "Recognizes hand-drawn symbols, and learns from the labels that people give.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "CONTACT": {"name": "The people who run this site"},
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "SERVERS": [{"url": "/api/v1"}],
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}
PREDICT_RATE = env.number("PREDICT_RATE", 600)  # predictions per minute for a user or an IP address
PICTURE_RATE = env.number("PICTURE_RATE", 60)  # pictures per minute for a user or an IP address
DRAWING_RATE = env.number("DRAWING_RATE", 120)  # requests per minute that save or change something, for a user
DRAWINGS_PER_DAY = env.number("DRAWINGS_PER_DAY", 10_000)  # drawings that a user may save on one day (UTC)
# Seconds between writes of the call counters of keys; 0: write on demand.
USAGE_SECONDS = env.number("USAGE_SECONDS", 5)
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
# Uploads stay in memory, and a larger body is refused while it arrives: no request writes to the disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]


# --- Web processes (config/server.py, config/asgi.py) ---

WEB_THREADS = env.number("WEB_THREADS", 4, least=1)  # threads of a process that answer requests
# Deadlines for clients, in seconds: for the headers of a request, or the next request of a connection; for a body (and
# one more for every 16 KB); for reading a part of a response.
HEADER_SECONDS = env.number("HEADER_SECONDS", 15, least=1)
BODY_SECONDS = env.number("BODY_SECONDS", 30, least=1)
READ_SECONDS = env.number("READ_SECONDS", 30, least=1)


# --- Background tasks ---

TASK_APP = "config.celery.app"  # a dotted name: a web process imports Celery with its first task
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_BROKER_TRANSPORT = None if REDIS_URL else "config.file_broker:Transport"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 24 * 3600,  # seconds; longer than any training run, or Redis delivers its task again
        # Seconds. Without them a worker waits for ever for a Redis that hangs. `config.celery` has shorter ones for
        # the messages that requests send.
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
    }
    if REDIS_URL
    else {
        "data_folder_in": str(VAR_DIR / "broker"),
        "data_folder_out": str(VAR_DIR / "broker"),
        "control_folder": str(VAR_DIR / "broker" / "control"),
        "polling_interval": 0.1,  # seconds; the default of 1 second delays a personal memory noticeably
    }
)
CELERY_BEAT_SCHEDULER = "config.celery:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # the task of a killed worker is delivered again; every task can run twice
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ROUTES = {  # what can take hours, or needs the disk of the base data, has a worker of its own
    "recognizer.tasks.train": {"queue": "training"},
    "recognizer.tasks.base_data": {"queue": "training"},
}
CELERY_TIMEZONE = TIME_ZONE
TICK_SECONDS = env.number("TICK_SECONDS", 5 if EMBEDDED else 60, least=1)
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "recognizer.tasks.tick",
        "schedule": TICK_SECONDS,
        "options": {"expires": 2 * TICK_SECONDS},  # a worker that was down does not run all it missed
    },
    # Not once a day: a beat that starts without its file, as in a new container, waits for as long first.
    "forget-expired-sessions": {"task": "accounts.tasks.forget_expired_sessions", "schedule": timedelta(hours=1)},
    "forget-deleted-ids": {"task": "recognizer.tasks.forget_deleted_ids", "schedule": timedelta(hours=1)},
}


# --- Webhooks ---

# Only public addresses are called, and only by HTTPS. Otherwise users could make this server call internal services.
WEBHOOK_ALLOW_PRIVATE = env.networks("WEBHOOK_ALLOW_PRIVATE")
WEBHOOK_ALLOW_HTTP = env.flag("WEBHOOK_ALLOW_HTTP")


# --- Training and review ---

# How often a training run records that it is alive, and after how long without a record it counts as failed.
TRAINING_HEARTBEAT_SECONDS = env.number("TRAINING_HEARTBEAT_SECONDS", 2, least=1)
_BEAT = TRAINING_HEARTBEAT_SECONDS
TRAINING_DEAD_SECONDS = env.number("TRAINING_DEAD_SECONDS", 10 * _BEAT, least=3 * _BEAT)
SELF_REVIEW = env.flag("SELF_REVIEW", default=EMBEDDED)  # staff may review their own drawings: for a site with one user


# --- Logs, metrics and reports of errors ---

LOG_FORMAT = env.choice("LOG_FORMAT", ("text", "json") if EMBEDDED else ("json", "text"))
LOG_LEVEL = env.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL"), upper=True)
ACCESS_LOG = env.flag("ACCESS_LOG", default=not EMBEDDED)  # a line for each request
METRICS_TOKEN = env.text("METRICS_TOKEN")  # /metrics asks for it; without it there is no such page
SENTRY_DSN = env.text("SENTRY_DSN")  # errors are sent there
# Seconds between the reports that each process writes for /operations/ and /metrics. 0: none are written.
PROCESS_REPORT_SECONDS = env.number("PROCESS_REPORT_SECONDS", 30)
_REFUSALS = ["SuspiciousOperation", *(each.__name__ for each in SuspiciousOperation.__subclasses__())]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "{asctime} {levelname} {name} [{request_id}]: {message}", "style": "{"},
        "json": {"()": "config.request_log.JsonFormatter"},
    },
    "filters": {
        "request_id": {"()": "recognizer.request_ids.RequestIdFilter"},
        "access_log": {"()": "config.request_log.AccessLogFilter"},
        "refused_request": {"()": "config.request_log.RefusedRequestFilter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["access_log", "request_id"],
        },
        "error_count": {"class": "recognizer.operations.error_count.ErrorCounter"},  # writes nothing
    },
    "loggers": {
        "httpx": {"level": "WARNING"},  # at INFO it logs every URL, and the URL of a webhook can hold a secret
        "config.request_log": {"level": "NOTSET" if ACCESS_LOG else "WARNING"},
        **{f"django.security.{name}": {"filters": ["refused_request"]} for name in _REFUSALS},
    },
    "root": {"handlers": ["console", "error_count"], "level": LOG_LEVEL},
}
if SENTRY_DSN:
    error_reports.start(SENTRY_DSN)
