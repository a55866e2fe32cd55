"""While Redis is down the site works, nobody is signed out, and limits still hold."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client
from redis.exceptions import RedisError

from accounts.models import CacheEntry, User
from config.cache import FaultTolerantRedisCache, redis_circuit
from config.circuit import circuits
from tests.ink import SEVEN

REFUSED = "redis://127.0.0.1:1/0"
DOWN = {"BACKEND": "config.cache.FaultTolerantRedisCache", "LOCATION": REFUSED}
SIGN_IN = {"BACKEND": "config.cache.AtomicDatabaseCache", "LOCATION": "accounts_cacheentry"}


def _add(*args: Any) -> int:
    return cache.add_to_counter(*args)  # type: ignore[attr-defined]


@pytest.fixture
def redis_down(settings: Any) -> None:
    """Redis refuses every connection."""
    circuits.clear()
    settings.CACHES = {"default": DOWN, "sign-in": SIGN_IN}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"


@pytest.fixture
def digits_without_redis(digits: Any, redis_down: None) -> None:
    """A model is installed, then Redis goes down."""


@pytest.mark.usefixtures("redis_down")
def test_reading_finds_nothing_and_writing_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert cache.add("a", 1)
    assert cache.get("a", "nothing") == "nothing"
    assert cache.get_or_set("a", 2) == 2
    cache.set("a", 1)
    cache.delete_many(["a"])
    assert (cache.touch("a"), cache.delete("a"), "a" in cache) == (False, False, False)
    assert (cache.get_many(["a"]), cache.set_many({"a": 1})) == ({}, ["a"])
    assert [(each.name, each.levelname) for each in caplog.records] == [("config.circuit", "WARNING")]  # only once


@pytest.mark.usefixtures("redis_down")
def test_incr_raises_while_redis_is_down() -> None:
    with pytest.raises(RedisError):
        cache.incr("a")


@pytest.mark.usefixtures("digits_without_redis")
def test_users_stay_signed_in_while_redis_is_down(as_alice: Client) -> None:
    for path in ("/", "/drawings/", "/memory/", "/accounts/"):
        assert as_alice.get(path).status_code == 200, path


@pytest.mark.usefixtures("digits_without_redis")
def test_drawings_are_predicted_and_saved_within_limits_while_redis_is_down(
    as_alice: Client, client: Client, settings: Any
) -> None:
    settings.PREDICT_RATE = settings.DRAWING_RATE = 2
    body = {"recognizer": "digits", "ink": SEVEN}
    for path, who, status in (("predict", client, 200), ("drawings", as_alice, 201)):
        answers = [who.post(f"/api/v1/{path}", body, content_type="application/json").status_code for _ in range(5)]
        assert set(answers) == {status, 429}
        assert answers.count(status) in (2, 4)  # 4: a new minute began meanwhile


@pytest.mark.usefixtures("digits_without_redis")
def test_passwords_cannot_be_guessed_while_redis_is_down(client: Client, alice: User) -> None:
    typed = {"login": alice.email, "password": "not the right word"}
    for _ in range(5):
        client.post("/accounts/login/", typed)
    client.post("/accounts/login/", typed | {"password": "a long enough word"})
    assert client.get("/accounts/").status_code == 302
    assert CacheEntry.objects.exists()  # where all processes see it


@pytest.mark.usefixtures("digits_without_redis")
def test_users_can_sign_in_and_out_while_redis_is_down(client: Client, alice: User) -> None:
    typed = {"login": alice.email, "password": "a long enough word"}
    for wrong in ({"password": "not the right word"}, {}):
        client.post("/accounts/login/", typed | wrong)
    assert alice.email in client.get("/accounts/").content.decode()
    client.post("/accounts/logout/")
    assert client.get("/accounts/").status_code == 302


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="needs a Redis")
def test_with_redis_it_is_an_ordinary_cache() -> None:
    assert isinstance(caches["default"], FaultTolerantRedisCache)
    assert cache.add("a", 1)
    assert not cache.add("a", 2)
    assert (cache.incr("a"), cache.get("a"), "a" in cache) == (2, 2, True)
    assert cache.set_many({"b": 3}) == []
    assert cache.get_many(["a", "b"]) == {"a": 2, "b": 3}
    assert cache.touch("a")
    assert cache.delete("a")
    cache.delete_many(["b"])
    assert cache.get_many(["a", "b"]) == {}


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="needs a Redis")
def test_a_counter_is_exact_starts_at_zero_and_expires() -> None:
    cache.delete("sum")
    assert [_add("sum", by, 60) for by in (1, 5, -5, 1)] == [1, 6, 1, 2]
    redis = cache._cache.get_client(None)  # type: ignore[attr-defined]
    assert 0 < redis.ttl(cache.make_key("sum")) <= 60
    _add("sum", 1, 6_000)
    assert redis.ttl(cache.make_key("sum")) <= 60  # the first addition sets the time


@pytest.mark.usefixtures("redis_down")
def test_there_is_one_redis_client_for_each_server() -> None:
    client = cache._cache.get_client("a", write=True)  # type: ignore[attr-defined]
    assert cache._cache.get_client("b") is client  # type: ignore[attr-defined]


@pytest.mark.usefixtures("redis_down")
def test_a_counter_is_in_the_memory_of_the_process_while_redis_is_down() -> None:
    cache._counters.clear()  # type: ignore[attr-defined]
    assert [_add("sum", by, 60) for by in (1, 5, -5)] == [1, 6, 1]


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="needs a Redis")
def test_what_is_deleted_in_the_moment_when_redis_is_back_is_gone() -> None:
    cache.set("a", 1)
    cache._miss(["a"], None)  # type: ignore[attr-defined] # its thread still believes that Redis is away
    assert cache.get("a") is None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("redis://:secret@host:6379/0", "Redis at host:6379/0"),
        ("rediss://host:6380/1?password=secret", "Redis at host:6380/1"),
        ("unix://user:secret@/run/redis.sock?db=1", "Redis at /run/redis.sock"),
    ],
)
def test_the_log_names_redis_without_its_password(address: str, name: str) -> None:
    try:
        assert redis_circuit(address).name == name
    finally:
        circuits.pop(name, None)
