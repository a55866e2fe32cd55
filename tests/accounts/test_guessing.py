"""Guesses of passwords and codes are counted, also while only some processes reach Redis and when many come at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client

from accounts.models import CacheEntry, User
from tests.accounts.helpers import activate_totp, error_codes, is_in, sign_in, totp_code

with_redis = pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set")


def at_once(call: Callable[[], Any], times: int) -> list[Any]:
    """What a call returns when it is made from many threads."""

    def run(_: int) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


@with_redis
def test_processes_that_reach_redis_and_those_that_do_not_count_together(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = cache.circuit  # type: ignore[attr-defined]
    for is_away in [False] * 4 + [True] * 4:
        monkeypatch.setattr(circuit, "is_open", is_away)
        answer = sign_in(client, ada.email, "wrong")
    assert error_codes(answer) == {"too_many_login_attempts"}
    for is_away in (False, True):
        monkeypatch.setattr(circuit, "is_open", is_away)
        sign_in(client, ada.email)
        assert not is_in(client)


@with_redis
def test_a_code_works_once_also_when_redis_goes_away_between(
    as_ada: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = totp_code(activate_totp(as_ada))
    first, second = Client(), Client()
    for client, is_away in ((first, False), (second, True)):
        monkeypatch.setattr(cache.circuit, "is_open", is_away)  # type: ignore[attr-defined]
        sign_in(client, ada.email)
        client.post("/accounts/2fa/authenticate/", {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)


@pytest.fixture
def tried() -> Iterator[list[str]]:
    """The addresses whose password was compared with a wrong one."""
    found: list[str] = []

    def remember(credentials: dict[str, str], **_: Any) -> None:
        found.append(credentials["email"])

    user_login_failed.connect(remember)
    yield found
    user_login_failed.disconnect(remember)


@pytest.mark.django_db(transaction=True)
def test_of_twenty_guesses_at_once_at_most_five_are_tried(ada: User, tried: list[str]) -> None:
    at_once(lambda: sign_in(Client(), ada.email, "wrong"), 20)
    for _ in range(5):  # who did not get the lock in time was refused, and not counted
        sign_in(Client(), ada.email, "wrong")
    assert tried == [ada.email] * 5


@with_redis
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("left", ["nothing", "an expired lock"])
def test_one_of_many_gets_a_lock(left: str) -> None:
    limits = caches["sign-in"]
    if left == "an expired lock":
        limits.set("lock", 1, timeout=-1)
    assert at_once(lambda: limits.add("lock", 1, timeout=10), 12).count(True) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@with_redis
@pytest.mark.django_db(transaction=True)
def test_a_guess_that_cannot_be_counted_is_refused(client: Client, ada: User) -> None:
    client.raise_request_exception = False
    for _ in range(7):
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        answer = sign_in(client, ada.email, "wrong")
        connection.close()
        assert answer.status_code == 503
    assert not CacheEntry.objects.exists()
