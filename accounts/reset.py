"""What a password reset ends: everything that somebody else may have left in the account to come back.

The person keeps what they recognise. Second factors are never removed: otherwise a mailbox alone would be enough to
get past them. A passkey that is not kept needs the password as well from then on.
"""

from __future__ import annotations

from collections.abc import Collection

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from accounts import keys, sessions
from accounts.models import ApiKey, User

NEEDS_PASSWORD = "needs_password"  # noqa: S105 - a name in the data of a passkey


def owns_address(person: User) -> bool:
    """Whether the person ever confirmed their address. If not, somebody else may have made the whole account."""
    return EmailAddress.objects.filter(user=person, email=person.email.lower(), verified=True).exists()


def live_keys(person: User) -> QuerySet[ApiKey]:
    """The keys with which programs can act for the person."""
    return ApiKey.objects.live().filter(person=person).order_by("pk")


def passkeys(person: User) -> QuerySet[Authenticator]:
    """The passkeys of the person."""
    return Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).order_by("pk")


def end_access(
    *, person: User, kept_keys: Collection[int], kept_passkeys: Collection[int], session: str | None
) -> None:
    """End all sessions but `session`, keys and unconfirmed addresses, and passwordless use of passkeys.

    Call it in the transaction that sets the password, with the person locked.
    """
    sessions.end_sessions(person, but=session)
    for key in live_keys(person).exclude(pk__in=kept_keys):
        keys.revoke_key(key=key, by=person)
    for passkey in passkeys(person).exclude(pk__in=kept_passkeys):
        passkey.data[NEEDS_PASSWORD] = True
        passkey.save(update_fields=["data"])
    EmailAddress.objects.filter(user=person, verified=False).exclude(email__iexact=person.email).delete()
