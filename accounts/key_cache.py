"""The keyring: keys that this process found just now, so that not every request of a busy program asks the database.

What is revoked or changed here counts at once; what another process changes counts here half a second later.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from accounts.models import ApiKey

MAX_AGE = 0.5  # seconds
_MAX_KEYS = 1_000  # keys


class _Found(NamedTuple):
    """A key as it was looked up, and until when that may be believed."""

    key: ApiKey
    until: float


_found: dict[bytes, _Found] = {}


def get_key(secret: str, look: Callable[[str], ApiKey]) -> ApiKey:
    """The key of this secret, as `look` found it just now or finds it. Raises what `look` raises.

    Requests share it and its person, so nobody may change them.
    """
    name = hashlib.sha256(secret.encode()).digest()
    now = time.monotonic()
    held = _found.get(name)
    if held and now < held.until:
        return held.key
    key = look(secret)
    if len(_found) >= _MAX_KEYS:
        _found.clear()
    _found[name] = _Found(key, now + MAX_AGE)
    return key


def clear_cache(**_sent: Any) -> None:
    """Something about a key or a person has changed."""
    _found.clear()
