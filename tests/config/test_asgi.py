"""The ASGI application answers requests in threads, and ends bodies and streams that are too slow."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Iterator
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config import asgi
from config.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

PART = bytes(1024)
LARGE = bytes(range(256)) * (7 * asgi.PART // 512)
closed: list[bool] = []


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Without an end."""

    def content() -> Iterator[bytes]:
        try:
            while True:
                yield PART
        finally:
            closed.append(True)

    return StreamingHttpResponse(content())


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    """The body of the request."""
    return HttpResponse(request.body)


def large(request: HttpRequest) -> HttpResponse:
    """A response of three parts and a half."""
    return HttpResponse(LARGE)


urlpatterns = [path("stream", stream), path("echo", echo), path("large", large)]


class Exchange:
    """One request to the application, with a client that sends `parts` and then nothing more."""

    def __init__(self, method: str, path: str, parts: list[bytes], length: int = 0, **headers: str) -> None:
        given = {"host": "localhost", "content-length": str(length), **headers}
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "server": ("127.0.0.1", "8000"),
            "client": ("127.0.0.1", "5000"),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        self.parts = list(parts)
        self.sent: list[Any] = []
        self.reads = 10**9  # messages that the client takes before it stops reading
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.parts:
            return {"type": "http.request", "body": self.parts.pop(0), "more_body": True}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if len(self.sent) >= self.reads:
            await asyncio.Event().wait()
        self.sent.append(message)

    def run(self, application: asgi.Application | None = None) -> None:
        """Answer it."""
        asyncio.run(self.answer(application or asgi.Application()))

    async def answer(self, application: asgi.Application) -> None:
        """Answer it beside others."""
        await asyncio.wait_for(application(self.scope, self.receive, self.send), 20)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.BODY_SECONDS = settings.READ_SECONDS = 0.2
    settings.WEB_THREADS = 1
    closed.clear()


def test_a_request_is_answered() -> None:
    exchange = Exchange("GET", "/healthz", [])
    exchange.run()
    assert (exchange.status, json.loads(exchange.body)) == (200, {"status": "ok"})
    assert not exchange.sent[-1].get("more_body")


def test_a_body_that_stops_arriving_is_an_error_of_the_api() -> None:
    exchange = Exchange("POST", "/api/v1/predict", [b'{"recog'], length=100, **{"content-type": "application/json"})
    exchange.run()
    assert (exchange.status, json.loads(exchange.body)["code"]) == (400, "unreadable")


def test_a_body_that_breaks_off_is_an_error_of_the_api() -> None:
    exchange = Exchange("POST", "/api/v1/predict", [b"{"], length=100, **{"content-type": "application/json"})
    exchange.left.set()
    exchange.run()
    assert (exchange.status, json.loads(exchange.body)["code"]) == (400, "unreadable")


@pytest.mark.urls("tests.config.test_asgi")
@pytest.mark.parametrize("leaves", [True, False])
def test_a_stream_ends_unfinished_when_nobody_takes_it(leaves: bool) -> None:
    exchange = Exchange("GET", "/stream", [])
    if leaves:
        exchange.left.set()
    else:
        exchange.reads = 3
    exchange.run()
    assert closed == [True]
    assert not exchange.sent or exchange.sent[-1].get("more_body", True)


@pytest.mark.urls("tests.config.test_asgi")
def test_more_streams_than_allowed_are_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MAX_STREAMS", 0)
    exchange = Exchange("GET", "/stream", [])
    exchange.run()
    assert exchange.status == 503
    assert (b"retry-after", b"60") in exchange.sent[0]["headers"]


@pytest.mark.urls("tests.config.test_asgi")
def test_refused_streams_leave_the_threads_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MAX_STREAMS", 0)
    application = asgi.Application()
    Exchange("GET", "/stream", []).run(application)
    names = {thread.name for thread in enumerate_threads()}
    for _ in range(3):
        Exchange("GET", "/stream", []).run(application)
    assert {thread.name for thread in enumerate_threads()} <= names


@pytest.mark.urls("tests.config.test_asgi")
@pytest.mark.parametrize("parts", [[], [b"abc"], [b"a", b"bc"], [b"a", b"", b"b", b"c"]])
def test_a_body_is_whole_in_however_many_parts_it_arrives(parts: list[bytes]) -> None:
    application = asgi.Application()
    exchange = Exchange("POST", "/echo", parts, length=sum(map(len, parts)))
    exchange.run(application)
    assert (exchange.status, exchange.body) == (200, b"".join(parts))
    assert application._held == 0


@pytest.mark.urls("tests.config.test_asgi")
def test_a_body_that_is_too_large_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MAX_BODY", 10)
    monkeypatch.setattr(asgi, "MAX_BODIES", 15)
    application = asgi.Application()
    exchange = Exchange("POST", "/echo", [bytes(8)] * 4, length=32)
    exchange.run(application)
    assert (exchange.status, exchange.body) == (200, b"")
    assert application._held == 0


def test_more_bytes_of_bodies_than_fit_are_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MAX_BODIES", 10)
    exchange = Exchange("POST", "/api/v1/predict", [bytes(11)], length=11)
    exchange.run()
    assert exchange.status == 503


@pytest.mark.urls("tests.config.test_asgi")
def test_a_large_response_arrives_whole_in_parts() -> None:
    application = asgi.Application()
    exchange = Exchange("GET", "/large", [])
    exchange.run(application)
    assert (exchange.status, exchange.body) == (200, LARGE)
    assert max(len(message.get("body", b"")) for message in exchange.sent) == asgi.PART
    assert not exchange.sent[-1].get("more_body")
    assert application._unread == 0


@pytest.mark.urls("tests.config.test_asgi")
def test_clients_that_do_not_read_hold_only_so_much_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MAX_UNREAD", 3 * len(LARGE))
    application = asgi.Application()
    silent = [Exchange("GET", "/large", []) for _ in range(3)]
    for exchange in silent:
        exchange.reads = 2
    late, small, after = Exchange("GET", "/large", []), Exchange("GET", "/echo", []), Exchange("GET", "/large", [])

    async def all_of_them() -> None:
        waiting = [asyncio.create_task(exchange.answer(application)) for exchange in silent]
        while application._unread < 3 * len(LARGE):
            await asyncio.sleep(0.01)
        await late.answer(application)
        await small.answer(application)
        await asyncio.gather(*waiting)
        await after.answer(application)

    asyncio.run(all_of_them())
    assert late.status == 503
    assert (b"retry-after", b"60") in late.sent[0]["headers"]
    assert small.status == 200
    assert [exchange.sent[-1].get("more_body") for exchange in silent] == [True] * 3  # the server breaks the connection
    assert (after.status, after.body) == (200, LARGE)
    assert application._unread == 0


def faults(depth: int) -> int:
    """Page faults of a loop of calls, so many calls below the caller."""
    if depth:
        return faults(depth - 1)
    begun = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(1000):
        call()
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - begun


def call() -> None:
    """Does nothing, with a large frame."""


call.__code__ = call.__code__.replace(co_stacksize=200)


@pytest.mark.skipif(sys.platform != "linux", reason="counts the page faults of a thread, as Linux does")
@pytest.mark.parametrize("room", [True, False])
def test_calls_at_any_depth_of_a_thread_need_no_new_memory(room: bool) -> None:
    found: list[int] = []

    def work() -> None:
        found.extend(faults(depth) for depth in range(400))

    thread = Thread(target=asgi.with_room(work) if room else work)
    thread.start()
    thread.join()
    assert len(found) == 400
    assert (max(found) < 500) is room  # 1,000 where the calls cross the end of a piece
