"""Caches API keys in this process for half a second, so that busy programs do not cause a query per request.

A change in this process counts at once, a change in another process after MAX_AGE.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

from accounts.models import ApiKey

MAX_AGE = 0.5  # seconds
_MAX_KEYS = 1_000

_cached: dict[bytes, tuple[ApiKey, float]] = {}  # by the hash of the secret: the key, and when it expires here


def get_key(secret: str, look_up: Callable[[str], ApiKey]) -> ApiKey:
    """The key of this secret, from the cache or from `look_up`. Raises what `look_up` raises.

    Requests share the key and its person, so do not change them.
    """
    digest = hashlib.sha256(secret.encode()).digest()
    now = time.monotonic()
    key, expires = _cached.get(digest, (None, 0.0))
    if key and now < expires:
        return key
    key = look_up(secret)
    if len(_cached) >= _MAX_KEYS:
        _cached.clear()
    _cached[digest] = key, now + MAX_AGE
    return key


def clear_cache(**_signal: Any) -> None:
    """Drop all cached keys. Connected to the signals of ApiKey and User."""
    _cached.clear()
