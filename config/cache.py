"""A Redis cache that does not fail, and makes nobody wait, while Redis is away, slow or full.

Reads then find nothing and writes do nothing, with three exceptions. What limits sign-in (allauth's rate limits, second
factors that were used) is in the database meanwhile, which all processes share. The counters of the API's rate limits
are in the memory of each process. And what could not be written or deleted is deleted when Redis is back: it would be
out of date, and the session of somebody who signed out would be valid again.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from config import deadline
from config.circuit import Circuit, circuit

Result = TypeVar("Result")

TIMEOUT = 0.4  # seconds for a command; Redis answers in less than one thousandth
SLOW = 0.1  # seconds for a command; a Redis that was given up for being slow is used again when it is faster
SHARED = "allauth"  # keys that are in the database while Redis is away
MAX_MISSED = 100_000  # keys


def client_options() -> dict[str, Any]:
    """Options of a Redis client: short timeouts, and one retry where a connection had been closed meanwhile."""
    timeouts = {"socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT}
    return timeouts | {"driver_info": None, "retry": Retry(NoBackoff(), 1, (RedisConnectionError,))}


def redis_circuit(address: str) -> Circuit:
    """The circuit of the Redis at this address, for the cache and for the broker."""

    def write() -> None:  # a Redis that is full still answers a ping
        with Redis.from_url(address, **client_options()) as client:
            client.ping()
            started = time.monotonic()
            client.set("inkling:probe", 1, ex=10)
            if time.monotonic() - started > SLOW:
                raise RedisError("it answers, but slowly")

    parts = urlsplit(address)  # no user, and no password, which can be in the query, too
    return circuit(f"Redis at {parts.netloc.rpartition('@')[2]}{parts.path}", write)


class ReusedRedisClient(RedisCacheClient):
    """Keeps one client for each server. Django makes one for each command, which takes longer than most commands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **(client_options() | options))
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """The client of the server for reading or for writing."""
        server = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        if server not in self._clients:
            self._clients[server] = super().get_client(key, write=write)
        return self._clients[server]


class FaultTolerantRedisCache(RedisCache):
    """Django's Redis cache; while Redis cannot be used every method returns a default.

    `incr` raises RedisError instead: no default would be a correct sum.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = ReusedRedisClient
        self.circuit = redis_circuit(self._servers[0])  # type: ignore[attr-defined]
        self.circuit.when_back = self._delete_missed
        self._counters = LocMemCache("counters", {**params, "OPTIONS": {"MAX_ENTRIES": 100_000}})

    def add_to_counter(self, key: str, by: int, timeout: int) -> int:
        """Add to a counter that expires `timeout` seconds after its first addition; returns the sum.

        One round trip to Redis, two for the first addition. While Redis is away each process counts for itself.
        """
        return self._try(self._add_to_counter_here, self._add_to_counter, key, by, timeout)

    def _add_to_counter(self, key: str, by: int, timeout: int) -> int:
        name = self.make_and_validate_key(key)
        client = self._cache.get_client(name, write=True)
        total: int = client.incrby(name, by)
        if total == by:
            client.expire(name, timeout)
        return total

    def _add_to_counter_here(self, key: str, by: int, timeout: int) -> int:
        while True:
            try:
                return self._counters.incr(key, by)
            except ValueError:  # not there yet
                if self._counters.add(key, by, timeout):
                    return by

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """True by default: with False, everybody who asks for a lock would wait for it in vain."""
        return self._try_key("add", True, key, value, timeout, version)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._try_key("get", default, key, default, version)

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._try_key("set", None, key, value, timeout, version)

    def touch(self, key: str, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._try_key("touch", False, key, timeout, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._try_key("delete", False, key, version)

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._try_key("has_key", False, key, version)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        return self._try(lambda *_: {}, super().get_many, keys, version)

    def set_many(
        self, data: Mapping[str, Any], timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        """The keys that could not be written: by default all of them."""
        return self._try(lambda *_: self._miss(data, version), super().set_many, data, timeout, version)

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        wanted = list(keys)
        self._try(lambda *_: self._miss(wanted, version), super().delete_many, wanted, version)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """The new sum. Raises ValueError without the key, and RedisError while Redis cannot be used."""

        def refuse(*_: Any) -> int:
            raise RedisConnectionError(f"{self.circuit.name} is not available")

        return self._try(refuse, super().incr, key, delta, version)

    def _try_key(self, method: str, default: Result, key: str, *args: Any) -> Result:
        """A command for one key. While Redis is away the database has the keys that begin with SHARED."""

        def without_redis(*_: Any) -> Any:
            if method in ("set", "delete"):
                self._miss([key], args[-1])
            if key.startswith(SHARED) and "database" in caches.settings:
                return getattr(caches["database"], method)(key, *args)
            return default

        result: Result = self._try(without_redis, getattr(super(), method), key, *args)
        return result

    def _try(self, without_redis: Callable[..., Result], command: Callable[..., Result], *args: Any) -> Result:
        if self.circuit.is_open:
            self.circuit.failures += 1
            return without_redis(*args)
        started = time.monotonic()
        try:
            return command(*args)
        except RedisError as error:
            self.circuit.open(error)
            return without_redis(*args)
        finally:
            if deadline.spend("redis", time.monotonic() - started) > deadline.REDIS_SECONDS:
                self.circuit.open("its commands took too long for one request")

    def _miss(self, keys: Iterable[str], version: int | None) -> list[str]:
        """Delete these keys when Redis is back; returns them."""
        missed, names = _missed[self.circuit.name], [*keys]
        if len(missed) < MAX_MISSED:
            missed.update(dict.fromkeys(self.make_key(name, version) for name in names))
        if not self.circuit.is_open:  # it was closed in this moment
            with suppress(RedisError):
                self._delete_missed()
        return names

    def _delete_missed(self) -> None:
        """Raises RedisError; then the circuit stays open."""
        keys = _missed[self.circuit.name]
        with Redis.from_url(self._servers[0], **client_options()) as client:  # type: ignore[attr-defined]
            while keys:
                some = list(keys)[:1000]
                client.delete(*some)
                for key in some:
                    keys.pop(key, None)


_missed: dict[str, dict[str, None]] = defaultdict(dict)  # by circuit: keys that are out of date in Redis
