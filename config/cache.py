"""The cache in Redis, which may be away: what it holds is a convenience, and nobody is turned away for want of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

Found = TypeVar("Found")


class KeptClient(RedisCacheClient):
    """Keeps what Django's makes anew for each command; making it takes longer than most commands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Of the server that this is for."""
        server = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        if server not in self._clients:
            self._clients[server] = super().get_client(key, write=write)
        return self._clients[server]


class PatientRedisCache(RedisCache):
    """While Redis is away reading finds nothing and writing does nothing. Only sums raise: there is none."""

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient

    def tally(self, key: str, by: int, timeout: int) -> int:
        """Add to a sum that goes away so many seconds after its first part; returns it. One way to Redis and back."""
        name = self.make_and_validate_key(key)
        client = self._cache.get_client(name, write=True)
        sum_: int = client.incrby(name, by)
        if sum_ == by:
            client.expire(name, timeout)
        return sum_

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """True, as for the first: or every lock would be waited for in vain."""
        return _or(True, super().add, key, value, timeout, version)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """A miss."""
        return _or(default, super().get, key, default, version)

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Not kept."""
        _or(None, super().set, key, value, timeout, version)

    def touch(self, key: str, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Not there."""
        return _or(False, super().touch, key, timeout, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        """Not there."""
        return _or(False, super().delete, key, version)

    def has_key(self, key: str, version: int | None = None) -> bool:
        """Not there."""
        return _or(False, super().has_key, key, version)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        """All of them misses."""
        return _or({}, super().get_many, keys, version)

    def set_many(
        self, data: Mapping[str, Any], timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        """None of them kept."""
        return _or(list(data), super().set_many, data, timeout, version)

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        """None of them there."""
        _or(None, super().delete_many, keys, version)


def _or(without: Found, ask: Callable[..., Found], *args: Any) -> Found:
    try:
        return ask(*args)
    except RedisError as error:
        logger.warning("the cache does without Redis: %s", error)
        return without
