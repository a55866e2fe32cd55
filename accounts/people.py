"""Consent, personal data and deletion of people."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import ApiKey, User, lock_person

_KEY_FIELDS = (
    *("name", "prefix", "scopes", "origins", "pins", "rate"),
    *("created", "expires", "revoked", "last_used", "last_address"),
)


class LastSuperuserError(PermissionError):
    """The person is the only superuser, so the account cannot be deleted."""

    def __str__(self) -> str:
        return str(
            _(
                "This account is the only superuser of the site, so it cannot be deleted. "
                "First make somebody else a superuser (in the admin, or with the command createsuperuser)."
            )
        )


def give_consent(*, person: User) -> None:
    """Save that the person agrees, and when. A second consent keeps the first time."""
    if not person.has_consented:
        person.consented_at = timezone.now()
        person.save(update_fields=["consented_at"])


def withdraw_consent(*, person: User) -> None:
    """From now on their drawings are not saved. Saved drawings stay until the person deletes them."""
    person.consented_at = None
    person.save(update_fields=["consented_at"])


def may_train(path: str = "") -> Q:
    """Filter for people whose drawings may train the shared models: they agreed, and are not excluded.

    `path` is the lookup from the queried model to the person ("drawing__author"). Every query that selects, reviews,
    counts or exports drawings uses this filter; `User.may_train` says the same about one person.
    """
    prefix = f"{path}__" if path else ""
    return Q(**{f"{prefix}consented_at__isnull": False, f"{prefix}set_aside": False})


@transaction.atomic
def delete_person(*, person: User, by: User | None = None) -> None:
    """Delete a person with everything they own, and end their sessions. `by` is set if somebody else does it.

    Raises LastSuperuserError.
    """
    # These rows are locked, so that the last two superusers cannot be deleted at the same time.
    superusers = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    if {user.pk for user in superusers} == {person.pk}:
        raise LastSuperuserError
    lock_person(person.pk)
    audit.note(by=by or person, what="person.deleted" if by else "person.left", subject=audit.name_of(person))
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(person.pk)).delete()  # its text contains their address
    # The user id is inside the signed session data, so every session has to be decoded (about 30 µs each).
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for session in store.get_model_class().objects.iterator(chunk_size=1000):
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            store(session.session_key).delete()
    person.delete()


def account_data(person: User) -> dict[str, Any]:
    """Everything stored about the account, without secrets (password hash, keys, recovery codes)."""
    addresses = EmailAddress.objects.filter(user=person).order_by("pk")
    changes = LogEntry.objects.filter(user=person).order_by("pk")
    return {
        "email": person.email,
        "email_addresses": list(addresses.values("email", "verified", "primary")),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "joined": person.date_joined,
        "last_sign_in": person.last_login,
        "consented": person.consented_at,
        "set_aside": person.set_aside,
        "has_password": person.has_usable_password(),
        "second_factors": [
            {
                "type": factor.type,
                "name": factor.data.get("name", ""),
                "added": factor.created_at,
                "last_used": factor.last_used_at,
            }
            for factor in Authenticator.objects.filter(user=person)
        ],
        "keys": [
            {name: getattr(key, name) for name in _KEY_FIELDS}
            | {"uses": list(key.uses.order_by("day").values("day", "calls"))}
            for key in ApiKey.objects.filter(person=person).order_by("pk")
        ],
        "active": person.is_active,
        "staff": person.is_staff,
        "superuser": person.is_superuser,
        "groups": list(person.groups.values_list("name", flat=True)),
        "permissions": sorted(person.get_user_permissions()),
        "changes_in_the_admin": list(changes.values("action_time", "action_flag", "object_repr", "change_message")),
        "audit": audit.entries_of(person),
    }
