"""Settings are safe by default; errors name the variable, its value and what to set instead."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {"INKLING_ENV": "production", "SECRET_KEY": "long and random", "ALLOWED_HOSTS": "example.org"}


def load(tmp_path: Path, setting: str = "SECRET_KEY", **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own and print one of them."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    script = f"from config import settings; print(settings.{setting})"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**kept, "INKLING_VAR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_does_not_start_without_a_required_variable(tmp_path: Path, missing: str) -> None:
    ran = load(tmp_path, **{**PRODUCTION, missing: ""})
    assert ran.returncode != 0
    assert f"{missing} is not set" in ran.stderr
    assert "make run" in ran.stderr


def test_production_is_the_default(tmp_path: Path) -> None:
    assert "SECRET_KEY is not set" in load(tmp_path).stderr


def test_production_sends_its_cookies_over_https_only(tmp_path: Path) -> None:
    assert load(tmp_path, "SESSION_COOKIE_SECURE", **PRODUCTION).stdout.strip() == "True"
    assert load(tmp_path, "DEBUG", **PRODUCTION).stdout.strip() == "False"


def test_production_confirms_every_email_address(tmp_path: Path) -> None:
    assert load(tmp_path, "ACCOUNT_EMAIL_VERIFICATION", **PRODUCTION).stdout.strip() == "mandatory"


def test_the_embedded_site_makes_a_secret_key_and_stores_it(tmp_path: Path) -> None:
    first = load(tmp_path, INKLING_ENV="embedded").stdout
    assert len(first.strip()) > 50
    assert load(tmp_path, INKLING_ENV="embedded").stdout == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("DEBUG", "perhaps", "true or false"),
        ("PREDICT_RATE", "many", "whole number"),
        ("WEBHOOK_ALLOW_PRIVATE", "10.0.0.1/8", "networks such as 10.0.0.0/8"),
        ("INKLING_ENV", "staging", "one of: production, embedded"),
        ("TIME_ZONE", "Mars/Base", "such as Asia/Dhaka"),
        ("TIME_ZONE", "../etc", "such as Asia/Dhaka"),
        ("LOG_LEVEL", "LOUD", "one of: INFO, DEBUG"),
    ],
)
def test_a_wrong_value_is_named_with_the_variable_and_valid_values(
    tmp_path: Path, variable: str, value: str, expected: str
) -> None:
    errors = load(tmp_path, **{**PRODUCTION, variable: value}).stderr
    assert f"{variable} is '{value}'" in errors
    assert expected in errors


@pytest.mark.parametrize("host", ["https://ink.example.org", "ink.example.org:8000", "ink.example.org/", "[::1]:8000"])
def test_a_host_name_that_no_request_can_have_is_named(tmp_path: Path, host: str) -> None:
    errors = load(tmp_path, **{**PRODUCTION, "ALLOWED_HOSTS": f"example.org,{host}"}).stderr
    assert f"ALLOWED_HOSTS has '{host}'" in errors


@pytest.mark.parametrize("hosts", ["*", ".example.org", "[::1]", "127.0.0.1,localhost"])
def test_patterns_and_addresses_are_host_names(tmp_path: Path, hosts: str) -> None:
    embedded = load(tmp_path, "ALLOWED_HOSTS", INKLING_ENV="embedded", ALLOWED_HOSTS=hosts)
    assert embedded.stdout.strip() == str(hosts.split(","))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "secret"),
        ("DATABASE_URL", "mysql://user:secret@db/inkling"),
        ("DATABASE_URL", "postgres://user:secret@db:port/inkling"),
        ("DATABASE_URL", "postgres://user:secret@[::1/inkling"),
        ("REDIS_URL", "secret"),
        ("REDIS_URL", "http://:secret@redis:6379/0"),
        ("REDIS_URL", "redis://:secret@redis:99999/0"),
    ],
)
def test_an_address_of_a_service_that_is_none_is_named_without_its_password(
    tmp_path: Path, variable: str, value: str
) -> None:
    ran = load(tmp_path, **{**PRODUCTION, variable: value})
    assert ran.returncode != 0
    assert f"ImproperlyConfigured: {variable} " in ran.stderr
    assert "secret" not in ran.stderr


def test_the_level_of_the_log_can_be_in_any_case(tmp_path: Path) -> None:
    assert load(tmp_path, "LOG_LEVEL", **{**PRODUCTION, "LOG_LEVEL": "warning"}).stdout.strip() == "WARNING"


def test_a_pooler_gets_no_server_side_cursors_and_tls_and_lifetimes_are_settings(tmp_path: Path) -> None:
    url = "postgres://user:word@db/inkling?sslmode=verify-full"
    more = {"DATABASE_URL": url, "DATABASE_POOLER": "transaction", "DATABASE_MAX_AGE": "7"}
    shown = load(tmp_path, "DATABASES", **PRODUCTION, **more).stdout
    for word in ("'DISABLE_SERVER_SIDE_CURSORS': True", "'sslmode': 'verify-full'", "'CONN_MAX_AGE': 7"):
        assert word in shown
    assert "'DISABLE_SERVER_SIDE_CURSORS': False" in load(tmp_path, "DATABASES", **PRODUCTION, DATABASE_URL=url).stdout


def test_urls_select_postgresql_and_redis(tmp_path: Path) -> None:
    services = {"DATABASE_URL": "postgres://ink@db/inkling", "REDIS_URL": "redis://redis/0"}
    assert "postgresql" in load(tmp_path, "DATABASES", **PRODUCTION, **services).stdout
    assert "RedisCache" in load(tmp_path, "CACHES", **PRODUCTION, **services).stdout
    assert load(tmp_path, "CELERY_BROKER_URL", **PRODUCTION, **services).stdout.strip() == "redis://redis/0"


def test_the_embedded_site_needs_no_services(tmp_path: Path) -> None:
    assert "sqlite3" in load(tmp_path, "DATABASES", INKLING_ENV="embedded").stdout
    assert load(tmp_path, "CELERY_BROKER_URL", INKLING_ENV="embedded").stdout.strip() == "filesystem://localhost"


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    """As in a .env that was copied from .env.example and filled in only where needed."""
    empty = {"SECURE_COOKIES": "", "TIME_ZONE": " ", "PREDICT_RATE": "", "DEBUG": ""}
    asked = "SESSION_COOKIE_SECURE, settings.TIME_ZONE, settings.PREDICT_RATE, settings.DEBUG"
    assert load(tmp_path, asked, **PRODUCTION, **empty).stdout.strip() == "True UTC 600 False"
    assert "localhost" in load(tmp_path, "ALLOWED_HOSTS", INKLING_ENV="embedded", ALLOWED_HOSTS="").stdout


def test_host_names_can_be_separated_by_comma_and_space(tmp_path: Path) -> None:
    hosts = {**PRODUCTION, "ALLOWED_HOSTS": "example.org, ink.example.org"}
    assert load(tmp_path, "ALLOWED_HOSTS", **hosts).stdout.strip() == "['example.org', 'ink.example.org']"


def test_the_embedded_site_makes_its_folder(tmp_path: Path) -> None:
    assert load(tmp_path / "not there yet", INKLING_ENV="embedded", SECRET_KEY="x").returncode == 0
    assert (tmp_path / "not there yet").is_dir()


@pytest.mark.parametrize("where", [PRODUCTION, {"INKLING_ENV": "embedded", "SECRET_KEY": "x"}])
def test_without_redis_the_broker_has_a_folder_in_both_environments(tmp_path: Path, where: dict[str, str]) -> None:
    asked = "TASK_APP, __import__(settings.TASK_APP[:-4])"
    for folder, redis in (("no", "redis://redis/0"), ("yes", "")):
        ran = load(tmp_path / folder, asked, **where, REDIS_URL=redis, DJANGO_SETTINGS_MODULE="config.settings")
        assert ran.returncode == 0, ran.stderr
        assert (tmp_path / folder / "broker" / "control").is_dir() == (not redis)


def test_no_upload_is_written_to_the_disk(tmp_path: Path) -> None:
    assert "Temporary" not in load(tmp_path, "FILE_UPLOAD_HANDLERS", **PRODUCTION).stdout


def test_mail_can_use_tls_from_the_first_byte(tmp_path: Path) -> None:
    asked = "EMAIL_USE_SSL, settings.EMAIL_USE_TLS"
    mail = {"EMAIL_HOST": "mail.example.org", "EMAIL_USE_SSL": "true", "EMAIL_USE_TLS": "true"}
    assert load(tmp_path, asked, **PRODUCTION, **mail).stdout.strip() == "True False"


def test_reviewing_own_drawings_is_allowed_by_default_only_in_the_embedded_site(tmp_path: Path) -> None:
    assert load(tmp_path, "SELF_REVIEW", **PRODUCTION).stdout.strip() == "False"
    assert load(tmp_path, "SELF_REVIEW", INKLING_ENV="embedded").stdout.strip() == "True"
    assert load(tmp_path, "SELF_REVIEW", INKLING_ENV="embedded", SELF_REVIEW="no").stdout.strip() == "False"


def test_the_embedded_site_checks_for_due_training_more_often(tmp_path: Path) -> None:
    asked = "TICK_SECONDS, settings.CELERY_BEAT_SCHEDULE['tick']['schedule']"
    assert load(tmp_path, asked, INKLING_ENV="embedded").stdout.strip() == "5 5"
    assert load(tmp_path, asked, **PRODUCTION).stdout.strip() == "60 60"


def test_a_training_run_fails_only_after_several_missed_heartbeats(tmp_path: Path) -> None:
    asked = "TRAINING_HEARTBEAT_SECONDS, settings.TRAINING_DEAD_SECONDS"
    assert load(tmp_path, asked, **PRODUCTION).stdout.strip() == "2 20"
    assert load(tmp_path, asked, **PRODUCTION, TRAINING_HEARTBEAT_SECONDS="5").stdout.strip() == "5 50"
    errors = load(tmp_path, asked, **PRODUCTION, TRAINING_DEAD_SECONDS="5").stderr
    assert "TRAINING_DEAD_SECONDS is 5. Set it to at least 6." in errors


def test_training_has_its_own_queue_and_tasks_are_acknowledged_late(tmp_path: Path) -> None:
    queue = {"queue": "training"}
    routes = {"recognizer.tasks.train": queue, "recognizer.tasks.base_data": queue}
    asked = "CELERY_TASK_ROUTES, settings.CELERY_TASK_ACKS_LATE, settings.CELERY_WORKER_PREFETCH_MULTIPLIER"
    assert load(tmp_path, asked, **PRODUCTION).stdout.strip() == f"{routes} True 1"
    asked = "CELERY_BROKER_TRANSPORT_OPTIONS['visibility_timeout']"
    assert int(load(tmp_path, asked, **PRODUCTION, REDIS_URL="redis://redis/0").stdout) >= 6 * 3600


def test_webhooks_call_private_networks_only_if_they_are_named(tmp_path: Path) -> None:
    asked = "WEBHOOK_ALLOW_PRIVATE, settings.WEBHOOK_ALLOW_HTTP"
    for where in (PRODUCTION, {"INKLING_ENV": "embedded"}):
        assert load(tmp_path, asked, **where).stdout.strip() == "[] False"
    allowed = {"WEBHOOK_ALLOW_PRIVATE": "10.1.0.0/16, ::1", "WEBHOOK_ALLOW_HTTP": "yes"}
    assert load(tmp_path, asked, **PRODUCTION, **allowed).stdout.strip() == (
        "[IPv4Network('10.1.0.0/16'), IPv6Network('::1/128')] True"
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "https://example.org"),
        ({"SECURE_COOKIES": "false"}, "http://example.org"),
        ({"ALLOWED_HOSTS": "127.0.0.1,.example.org,ink.example.org"}, "https://ink.example.org"),
        ({"ALLOWED_HOSTS": "127.0.0.1"}, "https://127.0.0.1"),
        ({"ALLOWED_HOSTS": "*", "SITE_URL": "http://ink.example.org:8080/"}, "http://ink.example.org:8080"),
        ({"INKLING_ENV": "embedded"}, ""),
    ],
)
def test_links_in_mails_have_the_address_of_the_site(
    tmp_path: Path, environment: dict[str, str], expected: str
) -> None:
    assert load(tmp_path, "SITE_URL", **{**PRODUCTION, **environment}).stdout.strip() == expected


@pytest.mark.parametrize("environment", [{"ALLOWED_HOSTS": "*,.example.org"}, {"SITE_URL": "ink.example.org"}])
def test_production_does_not_start_without_an_address_for_its_mails(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    ran = load(tmp_path, **{**PRODUCTION, **environment})
    assert ran.returncode != 0
    assert "SITE_URL is" in ran.stderr


SITE = "SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS, settings.SESSION_COOKIE_SECURE, settings.SITE_URL[:5]"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TRUSTED_PROXIES": "1"}, (True, 3600, True, "https")),
        ({}, (False, 3600, True, "https")),  # a redirect without a proxy would never end
        ({"SECURE_COOKIES": "false", "TRUSTED_PROXIES": "1"}, (False, 0, False, "http:")),
        ({"SITE_URL": "http://ink.example.org", "TRUSTED_PROXIES": "1"}, (False, 0, False, "http:")),
        ({"SECURE_HSTS_SECONDS": "31536000", "TRUSTED_PROXIES": "1"}, (True, 31536000, True, "https")),
        ({"INKLING_ENV": "embedded", "SITE_URL": "http://a.org"}, (False, 0, False, "http:")),
    ],
)
def test_a_site_with_https_requires_it_and_one_without_does_not(
    tmp_path: Path, environment: dict[str, str], expected: tuple[object, ...]
) -> None:
    assert load(tmp_path, SITE, **{**PRODUCTION, **environment}).stdout.strip() == " ".join(map(str, expected))


def test_every_variable_can_be_in_a_file(tmp_path: Path) -> None:
    secret, database, old = tmp_path / "key", tmp_path / "database", tmp_path / "old"
    secret.write_text("from a file\n")
    database.write_text("postgres://ink:pass@db/inkling\n")
    old.write_text("one\ntwo\n")
    files = {"SECRET_KEY_FILE": secret, "DATABASE_URL_FILE": database, "SECRET_KEY_FALLBACKS_FILE": old}
    asked = "SECRET_KEY, settings.DATABASES['default']['PASSWORD'], settings.SECRET_KEY_FALLBACKS"
    environment = {**PRODUCTION, "SECRET_KEY": "", **{name: str(path) for name, path in files.items()}}
    assert load(tmp_path, asked, **environment).stdout.strip() == "from a file pass ['one', 'two']"


@pytest.mark.parametrize("fault", ["missing", "empty", "both"])
def test_a_file_that_gives_no_value_is_named(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "password"
    if fault != "missing":
        path.write_text("\n" if fault == "empty" else "secret")
    environment = {"EMAIL_HOST_PASSWORD_FILE": str(path)} | ({"EMAIL_HOST_PASSWORD": "x"} if fault == "both" else {})
    ran = load(tmp_path, **PRODUCTION, **environment)
    assert ran.returncode != 0
    assert "EMAIL_HOST_PASSWORD_FILE" in ran.stderr


def test_the_filled_in_example_passes_the_check_for_deployment(tmp_path: Path) -> None:
    """As docker-compose.yml runs it: it sets the addresses of its database and Redis, and the log of deletions."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    example |= {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "ink.example.org,127.0.0.1",
        "POSTGRES_PASSWORD": "p4ssw0rd",
    }
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]["environment"]
    services = {"DATABASE_URL": "postgres://ink:p@db/ink", "REDIS_URL": "redis://redis/0"}
    environment = example | {name: str(value) for name, value in compose.items()} | services
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**kept, **environment, "INKLING_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
