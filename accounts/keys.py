"""API keys: made, shown once, found again by their secret, revoked."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import string
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit, key_cache, people
from accounts.models import ApiKey, User

MAX_KEYS = 50  # live keys of one person
NOTED_EVERY = timedelta(minutes=1)
MOVES_NOTED_EVERY = 3600  # seconds; the phones of a fleet come from many addresses

_SIGNS = string.ascii_letters + string.digits
_PREFIX, _SECRET = 10, 44  # signs; 44 of 62 are 262 bits, so that a quick hash is a safe one
_FORM = re.compile(rf"ink_([A-Za-z0-9]{{{_PREFIX}}})_([A-Za-z0-9]{{{_SECRET}}})")
_NOBODYS = "0" * 64
_ORIGINS, _ORIGINS_KEPT = "key-origins", 30  # seconds; it says only whether a browser may ask with a key

_REFUSALS = {
    "key_malformed": _("This is not a key of ours. A key looks like ink_…_…; copy it whole, as it was shown."),
    "key_unknown": _("There is no such key. Check it, or make a new one on your account page."),
    "key_revoked": _("This key was revoked. Make a new one on your account page."),
    "key_expired": _("This key has expired. Make a new one on your account page."),
    "account_inactive": _("The account of this key is closed. Ask whoever runs the site."),
}
CODES = tuple(_REFUSALS)


class KeyRefusedError(PermissionError):
    """A key that opens nothing. `code` is one of CODES; the text says what is wrong and what to do.

    `key`: which one it is, where its secret was right.
    """

    def __init__(self, code: str, key: ApiKey | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.key = key

    def __str__(self) -> str:
        return str(_REFUSALS[self.code])


class TooManyKeysError(ValueError):
    """One person has as many live keys as anybody may have."""

    def __str__(self) -> str:
        return str(_("You have %d keys that still work. Revoke one that you no longer need first.")) % MAX_KEYS


@transaction.atomic
def create_key(
    *,
    person: User,
    name: str,
    scopes: list[str],
    expires: datetime | None = None,
    rate: int | None = None,
    origins: list[str] | None = None,
    pins: dict[str, int] | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which nobody can find out again. Raises TooManyKeysError."""
    people.lock_person(person.pk)
    if ApiKey.objects.live().filter(person=person).count() >= MAX_KEYS:
        raise TooManyKeysError
    prefix = _signs(_PREFIX)
    secret = f"ink_{prefix}_{_signs(_SECRET)}"
    more: dict[str, Any] = {"origins": origins or [], "pins": pins or {}, "expires": expires, "rate": rate}
    key = ApiKey.objects.create(
        person=person, name=name, prefix=prefix, hash=_hash(secret), scopes=sorted(scopes), **more
    )
    audit.note(by=person, what="key.made", subject=name_of(key), detail={"may": key.scopes})
    cache.delete(_ORIGINS)
    return key, secret


@transaction.atomic
def revoke_key(*, key: ApiKey, by: User) -> bool:
    """From its next request on it opens nothing, but for what other keyrings hold. False if it was revoked before."""
    revoked = ApiKey.objects.filter(pk=key.pk, revoked=None).update(revoked=timezone.now())
    if revoked:
        key_cache.clear_cache()
        audit.note(by=by, what="key.revoked", subject=name_of(key))
    return bool(revoked)


def name_of(key: ApiKey) -> str:
    """How the audit log names a key."""
    return f"key {key.pk}"


def find_key(secret: str) -> ApiKey:
    """The key of this secret with its person, in one query. Raises KeyRefusedError.

    Whether a key was revoked or has expired is told to nobody but who has its secret, and what is compared takes as
    long for a key that is not there.
    """
    form = _FORM.fullmatch(secret)
    if form is None:
        raise KeyRefusedError("key_malformed")
    found = ApiKey.objects.select_related("person").filter(prefix=form[1])
    key = next(iter(found), None)  # one at most, so in no order: less to be made and asked for each request
    if not hmac.compare_digest(key.hash if key else _NOBODYS, _hash(secret)) or key is None:
        raise KeyRefusedError("key_unknown")
    return _open(key)


def find_cached_key(secret: str) -> ApiKey:
    """The same, from the keyring where it can be: for work that only answers, many times a second.

    The key and its person are as they were looked up, and shared with other requests. Raises KeyRefusedError.
    """
    return _open(key_cache.get_key(secret, find_key))


def reload_key(key: ApiKey) -> ApiKey:
    """A key that may have been held, and its person, as they are now. Raises KeyRefusedError."""
    found = ApiKey.objects.select_related("person").filter(pk=key.pk).first()
    if found is None:
        raise KeyRefusedError("key_unknown")
    return _open(found)


def _open(key: ApiKey) -> ApiKey:
    if key.revoked:
        raise KeyRefusedError("key_revoked", key)
    if key.is_expired:
        raise KeyRefusedError("key_expired", key)
    if not key.person.is_active:
        raise KeyRefusedError("account_inactive", key)
    return key


def bound_origins() -> set[str]:
    """Every site to which a live key is bound; a new one counts at once where the processes share a cache."""
    found: set[str] | None = cache.get(_ORIGINS)
    if found is None:
        bound = ApiKey.objects.live().exclude(origins=[]).values_list("origins", flat=True)
        found = {origin for each in bound for origin in each}
        cache.set(_ORIGINS, found, _ORIGINS_KEPT)
    return found


def note_use(*, key: ApiKey, address: str | None) -> None:
    """Note that it was used, at most once a minute; the database decides which of many requests does.

    Whoever looks at a site whose pages use a key is no concern of ours: their addresses are not kept.
    """
    now = timezone.now()
    if key.last_used and now - key.last_used < NOTED_EVERY:
        return
    not_yet = Q(last_used=None) | Q(last_used__lte=now - NOTED_EVERY)
    seen = None if key.origins else _kept_address(address)
    with transaction.atomic():
        if ApiKey.objects.filter(not_yet, pk=key.pk).update(last_used=now, last_address=seen):
            _note_use(key, now, seen)
    key.last_used, key.last_address = now, seen  # one that is held is not noted again before its time


def _kept_address(address: str | None) -> str | None:
    """None for what is no address: some proxies write a port behind it, and PostgreSQL keeps addresses alone."""
    try:
        return str(ipaddress.ip_address(address or ""))
    except ValueError:
        return None


def _note_use(key: ApiKey, now: datetime, seen: str | None) -> None:
    """The first use of a day, and that it comes from elsewhere; not each request."""
    if key.last_used is None or key.last_used.date() != now.date():
        audit.note(by=key.person, what="key.used", subject=name_of(key))
    elif seen and seen != key.last_address and cache.add(f"key-moved:{key.pk}", 1, MOVES_NOTED_EVERY):
        audit.note(by=key.person, what="key.used-elsewhere", subject=name_of(key))


def _signs(count: int) -> str:
    return "".join(secrets.choice(_SIGNS) for _place in range(count))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
