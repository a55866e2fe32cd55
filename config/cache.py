"""A Redis cache that does not fail, and makes nobody wait, while Redis is away, slow or full.

Reads then find nothing and writes do nothing, with two exceptions. The counters of the API's rate limits are in the
memory of each process. And what could not be written or deleted is deleted when Redis is back: it would be out of date,
and the session of somebody who signed out would be valid again.

What limits sign-in (allauth's rate limits, second factors that were used) is always in the database. In Redis it would
have to move when Redis goes away, and processes notice that at different moments: a part of the guesses would be
counted in Redis, the others in the database, and twice as many would be allowed.
"""

from __future__ import annotations

import base64
import pickle
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from django.db import connections, router
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
SIGN_IN = "allauth"  # how keys begin that are in the database
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
        """A command for one key; those of sign-in are for the database."""
        if key.startswith(SIGN_IN):
            in_database: Result = getattr(caches["sign-in"], method)(key, *args)
            return in_database

        def without_redis(*_: Any) -> Result:
            if method in ("set", "delete"):
                self._miss([key], args[-1])
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


class AtomicDatabaseCache(DatabaseCache):
    """Django's database cache with one statement in place of five for `add` and `set`.

    So `add` is atomic for an expired key, too: allauth locks its counters with it. DatabaseError is raised if nothing
    could be written: Django's cache goes on then, and a guess would not be counted. The number of entries has no limit,
    at which Django's cache deletes others; `accounts.tasks` deletes what has expired.
    """

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._write(key, value, timeout, version, "WHERE {table}.expires < %s")

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._write(key, value, timeout, version, "")

    def _write(self, key: str, value: Any, timeout: float | None, version: int | None, condition: str) -> bool:
        connection = connections[router.db_for_write(self.cache_model_class)]
        seconds = self.get_backend_timeout(timeout)
        end = datetime.max.replace(tzinfo=UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
        expires, now = map(connection.ops.adapt_datetimefield_value, (end, datetime.now(UTC)))
        pickled = base64.b64encode(pickle.dumps(value)).decode()
        values = [self.make_and_validate_key(key, version), pickled, expires]
        statement = (_UPSERT + condition).format(table=self._table)  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute(statement, [*values, now] if condition else values)
            return bool(cursor.rowcount)


_UPSERT = (
    "INSERT INTO {table} (cache_key, value, expires) VALUES (%s, %s, %s) "
    "ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires "
)
_missed: dict[str, dict[str, None]] = defaultdict(dict)  # by circuit: keys that are out of date in Redis
