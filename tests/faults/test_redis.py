"""Redis away, hanging, slow and full: the site goes on, nobody waits, limits hold, and it recovers by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from http.cookiejar import Cookie

import pytest
from redis import Redis

from tests.faults.conftest import LONGEST, PASSWORD, Parts
from tests.processes.site import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SIGN_IN, PAGE = 1.0, 0.5  # seconds that a hanging Redis may add to a sign-in, and to any page after the first


@contextmanager
def away(parts: Parts) -> Iterator[None]:
    """Redis refuses connections."""
    parts.to_redis.refuse()
    try:
        yield
    finally:
        parts.to_redis.accept()


@contextmanager
def hanging(parts: Parts) -> Iterator[None]:
    """Redis accepts connections and does not answer."""
    parts.to_redis.hang()
    try:
        yield
    finally:
        parts.to_redis.accept()


@contextmanager
def slow(parts: Parts) -> Iterator[None]:
    """Redis takes a quarter of a second for each command."""
    parts.to_redis.delay = 0.25
    try:
        yield
    finally:
        parts.to_redis.accept()


@contextmanager
def full(parts: Parts) -> Iterator[None]:
    """Redis refuses what takes memory."""
    parts.redis.client().config_set("maxmemory", "1")
    try:
        yield
    finally:
        parts.redis.client().config_set("maxmemory", "0")


@contextmanager
def restarted(parts: Parts) -> Iterator[None]:
    """Redis has lost everything and all its connections."""
    parts.redis.stop()
    parts.redis.start()
    yield


FAULTS = pytest.mark.parametrize("fault", [away, hanging, slow, full])
Fault = Callable[[Parts], AbstractContextManager[None]]


@FAULTS
def test_pages_and_the_api_go_on(whole: Parts, fault: Fault) -> None:
    with whole.logs("is not available", "is available again"), fault(whole):
        drawn = []
        for path in ("/", "/drawings/", "/accounts/", "/progress/", "/api/v1/drawings"):
            answer = whole.alice.request(path)
            assert (answer.status, answer.seconds < LONGEST) == (200, True), answer
        for _ in range(5):
            answer = whole.draw()
            assert (answer.status, answer.seconds < LONGEST) == (201, True), answer
            drawn.append(answer.headers["Location"].rstrip("/").rpartition("/")[2])
        assert set(drawn) <= whole.saved()


@FAULTS
def test_passwords_cannot_be_guessed(whole: Parts, fault: Fault) -> None:
    guesser = whole.visitor()
    with fault(whole):
        for _ in range(8):
            assert guesser.guess_password("not the right word").seconds < LONGEST
        assert guesser.guess_password(PASSWORD).seconds < LONGEST
        assert not guesser.is_signed_in()
    forget_limits(whole)


@FAULTS
def test_who_signs_out_meanwhile_stays_signed_out(whole: Parts, fault: Fault) -> None:
    visitor = whole.visitor()
    visitor.guess_password(PASSWORD)
    stolen = [copy(cookie) for cookie in visitor.cookies]  # signing out takes them from the visitor
    assert is_signed_in_with(whole, stolen)
    (session,) = (str(cookie.value) for cookie in stolen if cookie.name == "sessionid")
    assert cached(whole, session)
    with fault(whole):
        for _ in range(4):  # every process learns of the fault
            visitor.request("/accounts/")
        assert visitor.request("/accounts/logout/", b"", "application/x-www-form-urlencoded").status == 200
        if fault in (away, hanging):  # the others still delete
            assert cached(whole, session)
    wait_until(lambda: not cached(whole, session), "the session is deleted from Redis", 30)
    whole.recovers()
    assert not is_signed_in_with(whole, stolen)


def is_signed_in_with(parts: Parts, cookies: list[Cookie]) -> bool:
    """Whether somebody with these cookies sees the account page."""
    thief = parts.visitor()
    for cookie in cookies:
        thief.cookies.set_cookie(copy(cookie))
    return thief.is_signed_in()


def cached(parts: Parts, session: str) -> bool:
    """Whether Redis has this session."""
    return bool(own_client(parts).keys(f"*{session}"))


def test_a_hanging_redis_delays_only_the_first_requests(whole: Parts) -> None:
    """Beside the same requests without a fault, in the same test: how fast this machine is does not matter."""
    usual = measure(whole)
    with hanging(whole):
        for _ in range(8):
            whole.alice.request("/")
        found = measure(whole)
    print(f"sign-in {usual[0]:.2f} -> {found[0]:.2f} s, pages {usual[1]:.2f} -> {found[1]:.2f} s")  # noqa: T201
    assert found[0] < max(SIGN_IN, 2 * usual[0] + 0.2)
    assert found[1] < max(PAGE, 2 * usual[1] + 0.2)


def test_a_restart_is_not_noticed(whole: Parts) -> None:
    with restarted(whole):
        for _ in range(6):
            assert whole.alice.request("/drawings/").status == 200
            assert whole.draw().status == 201


def measure(parts: Parts) -> tuple[float, float]:
    """The seconds of a sign-in, and of the slowest of some pages."""
    visitor = parts.visitor()
    sign_in = visitor.guess_password(PASSWORD).seconds
    assert visitor.is_signed_in()
    return sign_in, max(visitor.request(path).seconds for path in ("/", "/drawings/", "/accounts/", "/models/"))


def forget_limits(parts: Parts) -> None:
    """Let the next test sign in from this address."""
    parts.postgres.run("DELETE FROM accounts_cacheentry", url=parts.database)
    client = own_client(parts)
    wait_until(lambda: client.ping(), "Redis answers", 10)
    for key in client.keys("*allauth*"):
        client.delete(key)


def own_client(parts: Parts) -> Redis:
    """A client of the site's database in Redis, without the relay."""
    return parts.redis.client(int(parts.site.environment["REDIS_URL"].rpartition("/")[2]))
