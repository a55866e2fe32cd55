"""Consent, personal data and deletion of people."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, User

_KEY_FIELDS = (
    *("name", "prefix", "scopes", "origins", "pins", "rate"),
    *("created", "expires", "revoked", "last_used", "last_address"),
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
