"""A Redis cache that does not fail while Redis is down: reads find nothing, writes do nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class ReusedRedisClient(RedisCacheClient):
    """Keeps one client for each server. Django makes one for each command, which takes longer than most commands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """The client of the server for reading or for writing."""
        server = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        if server not in self._clients:
            self._clients[server] = super().get_client(key, write=write)
        return self._clients[server]


class FaultTolerantRedisCache(RedisCache):
    """Django's Redis cache; while Redis is down every method returns a default and logs a warning.

    `incr` and `add_to_counter` raise RedisError instead: no default would be a correct sum.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = ReusedRedisClient

    def add_to_counter(self, key: str, by: int, timeout: int) -> int:
        """Add to a counter that expires `timeout` seconds after its first addition; returns the sum.

        One round trip to Redis, two for the first addition.
        """
        name = self.make_and_validate_key(key)
        client = self._cache.get_client(name, write=True)
        total: int = client.incrby(name, by)
        if total == by:
            client.expire(name, timeout)
        return total

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """True by default: with False, everybody who asks for a lock would wait for it in vain."""
        return _default_if_down(True, super().add, key, value, timeout, version)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return _default_if_down(default, super().get, key, default, version)

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        _default_if_down(None, super().set, key, value, timeout, version)

    def touch(self, key: str, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return _default_if_down(False, super().touch, key, timeout, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        return _default_if_down(False, super().delete, key, version)

    def has_key(self, key: str, version: int | None = None) -> bool:
        return _default_if_down(False, super().has_key, key, version)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        return _default_if_down({}, super().get_many, keys, version)

    def set_many(
        self, data: Mapping[str, Any], timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        """The keys that could not be written: by default all of them."""
        return _default_if_down(list(data), super().set_many, data, timeout, version)

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        _default_if_down(None, super().delete_many, keys, version)


def _default_if_down(default: Result, command: Callable[..., Result], *args: Any) -> Result:
    try:
        return command(*args)
    except RedisError as error:
        logger.warning("Redis is not available, the cache is skipped: %s", error)
        return default
