"""People: agree, take it back, be told what is known, be forgotten."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import ApiKey, User

_OF_A_KEY = (
    *("name", "prefix", "scopes", "origins", "pins", "rate"),
    *("created", "expires", "revoked", "last_used", "last_address"),
)


class LastSuperuserError(PermissionError):
    """Without this person nobody could manage the site any more."""

    def __str__(self) -> str:
        return str(
            _(
                "This is the site's only superuser; without one nobody can manage the site. "
                "Make somebody else a superuser first (in the admin, or with the command createsuperuser)."
            )
        )


def give_consent(*, person: User) -> None:
    """Note that they agree, and when. Agreeing twice keeps the first time."""
    if not person.has_consented:
        person.consented_at = timezone.now()
        person.save(update_fields=["consented_at"])


def withdraw_consent(*, person: User) -> None:
    """From now on nothing they draw is kept. What they gave stays until they delete it."""
    person.consented_at = None
    person.save(update_fields=["consented_at"])


def may_train(way: str = "") -> Q:
    """Those whose drawings may teach everybody's models: they agree, and nobody set them aside.

    `way` leads from what is asked for to the person ("drawing__author"). The same question wherever drawings are
    chosen, reviewed, counted or given out; the same of one person is `User.may_train`.
    """
    at = f"{way}__" if way else ""
    return Q(**{f"{at}consented_at__isnull": False, f"{at}set_aside": False})


def lock_person(pk: int) -> User | None:
    """Lock a person's row until the transaction ends; None when they are gone.

    Whatever adds to what somebody owns, or takes it away, holds them first. So nothing is added to
    a drawing that is being deleted, or to a person who is leaving.
    """
    return User.objects.select_for_update(no_key=True).filter(pk=pk).first()


def bump_revision(pk: int) -> None:
    """Move a person's revision: what processes hold about them as of another one counts no longer.

    Part of the transaction that changes it; every request reads the person, and so the revision, anew.
    """
    User.objects.filter(pk=pk).update(revision=F("revision") + 1)


@transaction.atomic
def delete_person(*, person: User, by: User | None = None) -> None:
    """Really delete a person with everything they own, and sign them out everywhere; `by`: who did it, if not they.

    Raises LastSuperuserError, and then nothing is deleted.
    """
    _keep_a_superuser(person)
    lock_person(person.pk)
    audit.note(by=by or person, what="person.deleted" if by else "person.left", subject=audit.name_of(person))
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(person.pk)).delete()  # it repeats their address
    _forget_sessions(person)
    person.delete()


def _keep_a_superuser(person: User) -> None:
    """The rows are locked, so that two superusers who leave at the same time do not both pass."""
    superusers = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    if {user.pk for user in superusers} == {person.pk}:
        raise LastSuperuserError


def _forget_sessions(person: User) -> None:
    """Sessions name their person only inside signed data, so each one has to be opened (some 30 µs)."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for session in store.get_model_class().objects.iterator(chunk_size=1000):
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            store(session.session_key).delete()


def account_data(person: User) -> dict[str, Any]:
    """All that is kept about a person as a person; no secrets (password hash, keys, recovery codes)."""
    return {
        "email": person.email,
        "email_addresses": list(
            EmailAddress.objects.filter(user=person).order_by("pk").values("email", "verified", "primary")
        ),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "joined": person.date_joined,
        "last_sign_in": person.last_login,
        "consented": person.consented_at,
        "set_aside": person.set_aside,
        "has_password": person.has_usable_password(),
        "second_factors": [_second_factor(factor) for factor in Authenticator.objects.filter(user=person)],
        "keys": [_key(key) for key in ApiKey.objects.filter(person=person).order_by("pk")],
        "active": person.is_active,
        "staff": person.is_staff,
        "superuser": person.is_superuser,
        "groups": list(person.groups.values_list("name", flat=True)),
        "permissions": sorted(person.get_user_permissions()),
        "changes_in_the_admin": list(
            LogEntry.objects.filter(user=person)
            .order_by("pk")
            .values("action_time", "action_flag", "object_repr", "change_message")
        ),
        "audit": audit.entries_of(person),
    }


def _second_factor(factor: Authenticator) -> dict[str, Any]:
    return {
        "type": factor.type,
        "name": factor.data.get("name", ""),
        "added": factor.created_at,
        "last_used": factor.last_used_at,
    }


def _key(key: ApiKey) -> dict[str, Any]:
    uses = [{"day": use.day, "calls": use.calls} for use in key.uses.order_by("day")]
    return {**{name: getattr(key, name) for name in _OF_A_KEY}, "uses": uses}
