"""Creates, finds and revokes API keys, and records their use."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from contextlib import suppress
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from accounts import audit, key_cache
from accounts.models import ApiKey, User, lock_person

MAX_KEYS = 50  # live keys of one person
USE_INTERVAL = timedelta(minutes=1)  # at most one update of `last_used` in this time
ADDRESS_CHANGE_INTERVAL = 3600  # seconds between audit entries; many phones may use one key from many addresses

_PREFIX, _SECRET = 10, 44  # characters; 44 of 62 are 262 random bits, so a fast hash is safe
_PATTERN = re.compile(rf"ink_([A-Za-z0-9]{{{_PREFIX}}})_([A-Za-z0-9]{{{_SECRET}}})")
_NO_HASH = "0" * 64  # compared with when there is no key, so that the time does not tell
_ORIGINS, _ORIGINS_SECONDS = "key-origins", 30  # cache key and lifetime

_REFUSALS = {
    "key_malformed": _("This is not an API key. A key looks like ink_…_…; copy all of it, as it was shown."),
    "key_unknown": _("There is no such key. Check it, or create a new one on your account page."),
    "key_revoked": _("This key was revoked. Create a new one on your account page."),
    "key_expired": _("This key has expired. Create a new one on your account page."),
    "account_inactive": _("The account of this key is closed. Ask the people who run this site."),
}
CODES = tuple(_REFUSALS)


class KeyRefusedError(PermissionError):
    """The key is not valid. `code` is one of CODES; `str()` says what is wrong and what to do.

    `key` is set where the secret was right.
    """

    def __init__(self, code: str, key: ApiKey | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.key = key

    def __str__(self) -> str:
        return str(_REFUSALS[self.code])


class TooManyKeysError(ValueError):
    """The person already has MAX_KEYS live keys."""

    def __str__(self) -> str:
        return str(_("You already have %d active keys. Revoke one that you no longer need first.")) % MAX_KEYS


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
    """Create a key. Returns it with its secret, which is not stored. Raises TooManyKeysError."""
    lock_person(person.pk)
    if ApiKey.objects.live().filter(person=person).count() >= MAX_KEYS:
        raise TooManyKeysError
    prefix = get_random_string(_PREFIX)
    secret = f"ink_{prefix}_{get_random_string(_SECRET)}"
    key = ApiKey.objects.create(
        person=person,
        name=name,
        prefix=prefix,
        hash=_hash(secret),
        scopes=sorted(scopes),
        expires=expires,
        rate=rate,
        origins=origins or [],
        pins=pins or {},
    )
    audit.note(by=person, what="key.made", subject=name_of(key), detail={"may": key.scopes})
    cache.delete(_ORIGINS)
    return key, secret


@transaction.atomic
def revoke_key(*, key: ApiKey, by: User) -> bool:
    """Revoke a key. Returns False if it was already revoked. Other processes notice within `key_cache.MAX_AGE`."""
    revoked = ApiKey.objects.filter(pk=key.pk, revoked=None).update(revoked=timezone.now())
    if revoked:
        key_cache.clear_cache()
        audit.note(by=by, what="key.revoked", subject=name_of(key))
    return bool(revoked)


def name_of(key: ApiKey) -> str:
    """The name of a key in the audit log."""
    return f"key {key.pk}"


def find_key(secret: str) -> ApiKey:
    """The key of this secret with its person, in one query. Raises KeyRefusedError.

    Only who has the secret learns that a key was revoked or has expired. The comparison takes the same time whether or
    not the key exists.
    """
    form = _PATTERN.fullmatch(secret)
    if form is None:
        raise KeyRefusedError("key_malformed")
    found = ApiKey.objects.select_related("person").filter(prefix=form[1])
    key = next(iter(found), None)  # at most one row, so no ORDER BY is needed
    if not hmac.compare_digest(key.hash if key else _NO_HASH, _hash(secret)) or key is None:
        raise KeyRefusedError("key_unknown")
    return _check_live(key)


def find_cached_key(secret: str) -> ApiKey:
    """As `find_key`, from the cache where possible: for requests that write nothing. Raises KeyRefusedError.

    The key and its person may be half a second old, and other requests share them.
    """
    return _check_live(key_cache.get_key(secret, find_key))


def reload_key(key: ApiKey) -> ApiKey:
    """A key that may come from the cache, read again with its person. Raises KeyRefusedError."""
    found = ApiKey.objects.select_related("person").filter(pk=key.pk).first()
    if found is None:
        raise KeyRefusedError("key_unknown")
    return _check_live(found)


def _check_live(key: ApiKey) -> ApiKey:
    if key.revoked:
        raise KeyRefusedError("key_revoked", key)
    if key.is_expired:
        raise KeyRefusedError("key_expired", key)
    if not key.person.is_active:
        raise KeyRefusedError("account_inactive", key)
    return key


def bound_origins() -> set[str]:
    """All origins to which live keys are bound. Cached; a new key counts at once where processes share the cache."""
    found: set[str] | None = cache.get(_ORIGINS)
    if found is None:
        bound = ApiKey.objects.live().exclude(origins=[]).values_list("origins", flat=True)
        found = {origin for each in bound for origin in each}
        cache.set(_ORIGINS, found, _ORIGINS_SECONDS)
    return found


def note_use(*, key: ApiKey, address: str | None) -> None:
    """Save when and from which address a key was used, at most once per USE_INTERVAL.

    The conditional update makes sure that one of several requests does it. For a key that web pages use, the address
    belongs to a visitor of that site and is not saved.
    """
    now = timezone.now()
    if key.last_used and now - key.last_used < USE_INTERVAL:
        return
    due = Q(last_used=None) | Q(last_used__lte=now - USE_INTERVAL)
    seen = None
    if not key.origins:
        with suppress(ValueError):  # not an IP address: some proxies append a port, which PostgreSQL refuses
            seen = str(ipaddress.ip_address(address or ""))
    with transaction.atomic():
        if ApiKey.objects.filter(due, pk=key.pk).update(last_used=now, last_address=seen):
            # An audit entry for the first use of a day, and for a new address.
            if key.last_used is None or key.last_used.date() != now.date():
                audit.note(by=key.person, what="key.used", subject=name_of(key))
            elif seen and seen != key.last_address and cache.add(f"key-moved:{key.pk}", 1, ADDRESS_CHANGE_INTERVAL):
                audit.note(by=key.person, what="key.used-elsewhere", subject=name_of(key))
    key.last_used, key.last_address = now, seen  # the key may be cached


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
