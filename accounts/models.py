"""Users, audit entries, API keys and their use."""

from __future__ import annotations

from typing import Any, ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.facts import AppendOnly, ImmutableError

_NOT_SAVED = ("id", "revision", "set_aside")


class RandomUUID(models.Func):
    """A random UUID, made by the database."""

    template = "gen_random_uuid()"
    output_field = models.UUIDField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite stores a UUID as 32 hexadecimal digits. Any of them will do here."""
        return super().as_sql(compiler, connection, template="lower(hex(randomblob(16)))", **context)


class UserManager(BaseUserManager["User"]):
    """Creates users who sign in by e-mail."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a user. Without a password they need a password reset or a passkey to sign in."""
        user = self.model(email=email.strip().lower(), **fields)  # allauth looks addresses up in lower case
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a superuser, for `manage.py createsuperuser`. Their address needs no confirmation by mail."""
        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)  # type: ignore[attr-defined]
        return user


class User(AbstractUser):
    """A person, known by their e-mail address."""

    username = None  # type: ignore[assignment]
    uuid = models.UUIDField(
        _("random id"),
        default=uuid4,
        db_default=RandomUUID(),  # for a process of the version before, while a site is upgraded
        unique=True,
        editable=False,
        help_text=_("Names the account in the log of deletions. See accounts.deletion_log."),
    )
    email = models.EmailField(_("e-mail address"), unique=True)
    consented_at = models.DateTimeField(
        _("consented at"),
        null=True,
        blank=True,
        help_text=_("When this person agreed that their drawings train the model."),
    )

    set_aside = models.BooleanField(
        _("excluded"),
        default=False,
        editable=False,
        help_text=_("Shared models are not trained on this person's drawings. See recognizer.moderation.exclusions."),
    )
    revision = models.BigIntegerField(_("revision"), default=0, editable=False, help_text=_("See bump_revision."))

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [models.UniqueConstraint(Lower("email"), name="one_account_per_email")]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, without columns that other transactions change meanwhile (`revision`, `set_aside`)."""
        if not self._state.adding and kwargs.get("update_fields") is None and not kwargs.get("force_insert"):
            fields = [field.name for field in self._meta.concrete_fields]
            kwargs["update_fields"] = [name for name in fields if name not in _NOT_SAVED]
        super().save(*args, **kwargs)

    @property
    def has_consented(self) -> bool:
        """Whether their drawings may be saved and train the models."""
        return self.consented_at is not None

    @property
    def may_train(self) -> bool:
        """Whether their drawings may train the shared models."""
        return self.has_consented and not self.set_aside


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Allows reading only."""

    def update(self, **fields: Any) -> int:
        """Raises ImmutableError."""
        raise ImmutableError("Audit entries cannot be changed. Add an entry that undoes this one.")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Raises ImmutableError."""
        raise ImmutableError("Audit entries cannot be deleted.")


class AuditEntry(AppendOnly, models.Model):
    """One action of a person or of the site itself. See `accounts.audit`.

    `actor` and `subject` name people by number only ("person 12"), so entries can stay when an account is deleted.
    """

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    actor = models.CharField(_("actor"), max_length=40, blank=True, help_text=_("Empty: the site by itself."))
    what = models.CharField(_("what"), max_length=40, help_text=_("A noun and what happened to it: key.made."))
    subject = models.CharField(_("subject"), max_length=200)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone_by", verbose_name=_("undoes")
    )
    when = models.DateTimeField(_("when"), default=timezone.now, editable=False, db_index=True)

    objects: ClassVar[Any] = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the audit log")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["what", "-id"], name="audit_by_what"),
            models.Index(fields=["actor", "-id"], name="audit_by_person"),
            models.Index(fields=["subject", "-id"], name="audit_by_subject"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(what__regex=r"^[a-z-]+\.[a-z-]+$"), name="audit_says_what"),
            models.CheckConstraint(
                condition=Q(undoes__isnull=True) | ~Q(undoes=models.F("id")), name="audit_undoes_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.subject}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises ImmutableError."""
        raise ImmutableError("Audit entries cannot be deleted.")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Queries about API keys."""

    def live(self) -> Self:
        """Keys that are neither expired nor revoked."""
        return self.filter(Q(expires=None) | Q(expires__gt=timezone.now()), revoked=None)


class ApiKey(models.Model):
    """A key with which a program acts for a person. Only the hash of the secret is stored.

    `origins`: web origins whose pages may use it; empty for programs. `pins`: the model version to use, by
    recognizer. `rate`: requests a minute for this key.
    """

    class Scope(models.TextChoices):
        """Actions that a key allows."""

        PREDICT = "predict", _("send drawings and get answers")
        DRAWINGS = "drawings", _("save, read and delete drawings")
        FEEDBACK = "feedback", _("confirm or correct answers")
        MODELS_READ = "models:read", _("read about models and download them")
        EXPORT = "export", _("export drawings, if you may review")

    person = models.ForeignKey(User, models.CASCADE, related_name="keys", verbose_name=_("person"))
    name = models.CharField(_("name"), max_length=60)
    prefix = models.CharField(_("prefix"), max_length=12, unique=True, help_text=_("What may be shown of it."))
    hash = models.CharField(_("hash"), max_length=64, editable=False)
    scopes = models.JSONField(_("allowed actions"), default=list)
    origins = models.JSONField(_("sites"), default=list, blank=True)
    pins = models.JSONField(_("versions"), default=dict, blank=True)
    rate = models.PositiveIntegerField(_("requests per minute"), null=True, blank=True)
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used = models.DateTimeField(_("last used"), null=True, blank=True)
    last_address = models.GenericIPAddressField(_("last used from"), null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [models.CheckConstraint(condition=Q(rate=None) | Q(rate__gte=1), name="a_key_lets_some_pass")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def shown(self) -> str:
        """The part of the key that may be shown."""
        return f"ink_{self.prefix}_…"

    @property
    def is_expired(self) -> bool:
        """Whether the expiry date has passed."""
        return self.expires is not None and self.expires <= timezone.now()

    @property
    def is_live(self) -> bool:
        """Whether it is neither expired nor revoked."""
        return self.revoked is None and not self.is_expired


class KeyUse(models.Model):
    """Number of calls of a key on one day (UTC). Nothing else about the calls is stored."""

    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="uses", verbose_name=_("key"))
    day = models.DateField(_("day"))
    calls = models.PositiveBigIntegerField(_("calls"))

    class Meta:
        verbose_name = _("use of a key")
        verbose_name_plural = _("uses of keys")
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="one_sum_per_key_and_day")]

    def __str__(self) -> str:
        return f"{self.key_id} {self.day}: {self.calls}"


def lock_person(pk: int) -> User | None:
    """Lock and return a person's row until the transaction ends; None if it does not exist.

    Code that adds or deletes what a person owns takes this lock first, so that nothing is added to a drawing or an
    account that is being deleted.
    """
    return User.objects.select_for_update(no_key=True).filter(pk=pk).first()


def bump_revision(pk: int) -> None:
    """Increase a person's revision, so that processes drop what they cached about an older one.

    Call it in the transaction of the change. Every request reads the person, and so the revision, from the database.
    """
    User.objects.filter(pk=pk).update(revision=F("revision") + 1)


class CacheEntry(models.Model):
    """An entry of the cache "sign-in" (`config.cache`): counted attempts, and second factors that were used."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
