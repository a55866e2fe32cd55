"""The ASGI application: clients are waited for in an event loop, and Django works in a few threads.

A thread gets a request when all of its body is here, and leaves the response to the loop. So a client that sends or
reads slowly occupies no thread. Bodies and responses have deadlines. Django's own ASGI handler would start a thread,
and with it a database connection, for every request.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from functools import lru_cache
from queue import SimpleQueue
from typing import IO, Any, NamedTuple
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.db import connections
from django.http.response import HttpResponseBase

from config.wsgi import application as django

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]

BODY_RATE = 16 * 1024  # bytes that give a body one more second
MAX_BODY = 9 * 2**20  # bytes; a larger body is dropped, and the views refuse it by its Content-Length
MAX_DROPPED = 32 * 2**20  # bytes that are read of such a body: a client that still sends does not read the answer
MAX_BODIES = 128 * 2**20  # bytes of the bodies in memory, of all requests of this process
MAX_BUFFERED = 2**20  # bytes; a file of at most this size is not streamed
MAX_STREAMS = 16  # streamed responses at once
PART = 64 * 1024  # bytes; a larger response is sent in parts of this size, each when the client has read the one before
MAX_UNREAD = 128 * 2**20  # bytes of such responses in memory, of all clients of this process
STACK_SIZE = 2**16  # objects for which a function claims room on its stack: 512 KB

_ENVIRON = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


def with_room(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, changed so that calls below it need no new memory for their frames.

    Python keeps the frames of a thread in pieces of 16 KB, and gives a piece back when its first call returns. A loop
    whose calls just cross the end of a piece maps and unmaps memory each time: a page took 76 in place of 33 ms. A
    function that claims to need more gets a larger piece (`push_chunk` in pystate.c): here 1 MB, and half of it is
    left for the calls below. What is not touched takes no memory.
    """
    function.__code__ = function.__code__.replace(co_stacksize=STACK_SIZE)
    return function


class Job(NamedTuple):
    """A request with its whole body, for a thread to answer."""

    scope: Message
    body: IO[bytes]
    receive: Callable[[], Awaitable[Message]]
    send: Callable[[Message], Awaitable[None]]
    loop: asyncio.AbstractEventLoop
    answered: asyncio.Future[list[Awaitable[None]]]
    """Has what is left to await when the thread has sent the response."""


class UnfinishedBody(io.BytesIO):
    """A body that did not arrive, or not in time. Django turns the error into UnreadablePostError."""

    def read(self, size: int | None = -1) -> bytes:
        """Raises OSError."""
        raise OSError("the body did not arrive whole, or not in time")

    readline = read


class ClientGoneError(Exception):
    """The client has closed the connection, or does not read."""


class Application:
    """Answers HTTP requests with Django in WEB_THREADS threads, which start with the first request."""

    def __init__(self) -> None:
        self._started = False
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._streams = threading.BoundedSemaphore(MAX_STREAMS)
        self._held = 0  # bytes of bodies; only the loop changes it
        self._unread = 0  # bytes of responses that wait for their clients; the same
        self._close: list[tuple[bytes, bytes]] = []

    def drain(self) -> None:
        """Close each connection with its next response, because this process is about to end."""
        self._close = [(b"connection", b"close")]

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Read the body, have a thread answer, and wait until the response is sent."""
        if scope["type"] != "http":
            return
        if not self._started:  # here, because threads do not survive a fork
            self._started = True
            for _ in range(settings.WEB_THREADS):
                self._start_thread()
        parts: list[bytes] = []
        try:
            body = await self._read(scope, receive, parts)
            loop = asyncio.get_running_loop()
            job = Job(scope, body, receive, send, loop, loop.create_future())
            self._jobs.put(job)
            for left in await job.answered:
                await left
        except MemoryError:
            for message in _plain(503, "Too many large requests at once. Try again in a minute."):
                await send(message)
        finally:
            self._held -= sum(map(len, parts))

    async def _read(self, scope: Message, receive: Any, parts: list[bytes]) -> IO[bytes]:
        """The body, with its bytes in `parts`. Raises MemoryError."""
        length = _content_length(scope)
        if length == 0:
            return io.BytesIO()
        loop = asyncio.get_running_loop()
        begun, size, more = loop.time(), 0, True
        while more and size < min(length, MAX_DROPPED):
            try:
                async with asyncio.timeout_at(begun + settings.BODY_SECONDS + size / BODY_RATE):
                    message = await receive()
            except TimeoutError:
                return UnfinishedBody()
            if message["type"] == "http.disconnect":  # the client has left, or its body is malformed and it waits
                return UnfinishedBody()
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size <= MAX_BODY:
                parts.append(part)
                self._held += len(part)
            else:
                self._held -= sum(map(len, parts))
                parts.clear()
            if self._held > MAX_BODIES:
                raise MemoryError
        if len(parts) > 1:
            parts[:] = [b"".join(parts)]  # not both in memory while the request waits for a thread
        return io.BytesIO(parts[0] if parts else b"")

    async def _deliver(self, job: Job, start: Message, content: bytes) -> None:
        """Send a response in parts, as fast as its client reads. Granian would hold all of it for who does not read."""
        if self._unread + len(content) > MAX_UNREAD:
            for message in _plain(503, "Too many responses wait for their clients. Try again in a minute."):
                await job.send(message)
            return
        self._unread += len(content)
        try:
            await job.send(start)
            for at in range(0, len(content), PART):
                part: Message = {"type": "http.response.body", "body": content[at : at + PART], "more_body": True}
                await _in_time(job.send(part))
            await job.send({"type": "http.response.body", "body": b""})
        except TimeoutError:  # without its last message the server breaks the connection
            logger.info("a client did not read its response")
        finally:
            self._unread -= len(content)

    # --- In a thread ---

    def _start_thread(self) -> None:
        threading.Thread(target=self._work, daemon=True).start()

    @with_room
    def _work(self) -> None:
        """Answer requests. A thread that streams a response ends with it; another one takes its place."""
        while self._respond(self._jobs.get()):
            pass

    def _respond(self, job: Job) -> bool:
        """Answer a request; returns whether this thread can go on with others."""
        start: Message = {"type": "http.response.start"}
        try:
            response = django(_environ(job), lambda status, headers, _error=None: start.update(_head(status, headers)))
            start["headers"] += self._close
            if _is_large(response):
                if self._streams.acquire(blocking=False):
                    self._stream(job, start, response)
                    return False
                messages = _plain(503, "Too many downloads at once. Try again in a minute.")
            else:
                content = b"".join(response)
                if len(content) > PART:
                    response.close()
                    _finish(job, [self._deliver(job, start, content)])
                    return True
                messages = [start, {"type": "http.response.body", "body": content}]
            response.close()
        except Exception:
            logger.exception("the application failed")
            messages = _plain(500, "The server failed.")
        _finish(job, [job.send(message) for message in messages])
        return True

    def _stream(self, job: Job, start: Message, response: HttpResponseBase) -> None:
        """Send a response part by part. Without its last message the server breaks the connection."""
        self._start_thread()
        gone = threading.Event()
        watch = asyncio.run_coroutine_threadsafe(_watch(job, gone), job.loop)
        try:
            _send(job, start, gone)
            for part in response:
                _send(job, {"type": "http.response.body", "body": part, "more_body": True}, gone)
            _send(job, {"type": "http.response.body", "body": b""}, gone)
        except ClientGoneError:
            logger.info("a client left, or did not read, before the end of its response")
        except Exception:
            logger.debug("a response broke", exc_info=True)  # middleware has logged it with its traceback
        finally:
            watch.cancel()
            response.close()
            connections.close_all()
            self._streams.release()
            _finish(job, [])


async def _watch(job: Job, gone: threading.Event) -> None:
    """Set `gone` when the client closes the connection."""
    while (await job.receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def _in_time(sent: Awaitable[None]) -> None:
    async with asyncio.timeout(settings.READ_SECONDS):
        await sent


def _send(job: Job, message: Message, gone: threading.Event) -> None:
    """Send a part of a streamed response. Raises ClientGoneError."""
    if gone.is_set():
        raise ClientGoneError
    try:
        asyncio.run_coroutine_threadsafe(_in_time(job.send(message)), job.loop).result()
    except TimeoutError as error:
        raise ClientGoneError from error


def _finish(job: Job, left: list[Awaitable[None]]) -> None:
    """Let the loop await what is left. Granian has sent the response already when `send` returns; others have not."""
    with suppress(RuntimeError):  # the loop has ended
        job.loop.call_soon_threadsafe(_set, job.answered, left)


def _set(future: asyncio.Future[list[Awaitable[None]]], left: list[Awaitable[None]]) -> None:
    if not future.done():
        future.set_result(left)


def _content_length(scope: Message) -> int:
    """The length that the client announced; sys.maxsize for a chunked body."""
    found = dict(scope["headers"])
    if b"transfer-encoding" in found:
        return sys.maxsize
    return int(found.get(b"content-length", b"0"))  # the server has checked it


def _environ(job: Job) -> dict[str, Any]:
    """What WSGI tells about a request. Headers with an underscore are dropped: X_Forwarded_For would be taken for the
    X-Forwarded-For that a proxy sets.
    """
    scope = job.scope
    environ: dict[str, Any] = _ENVIRON | {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": job.body,
    }
    for raw, content in scope["headers"]:
        if name := _environ_name(raw):
            value = content.decode("latin-1")
            environ[name] = value if name not in environ else f"{environ[name]}{_between(name)}{value}"
    return environ


def _between(name: str) -> str:
    return "; " if name == "HTTP_COOKIE" else ","


@lru_cache(1_000)
def _environ_name(raw: bytes) -> str:
    if b"_" in raw:
        return ""
    name = raw.decode("latin-1").upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _head(status: str, headers: list[tuple[str, str]]) -> Message:
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"status": int(status[:3]), "headers": encoded}


def _is_large(response: HttpResponseBase) -> bool:
    return response.streaming and int(response.headers.get("Content-Length", MAX_BUFFERED + 1)) > MAX_BUFFERED


def _plain(status: int, text: str) -> list[Message]:
    """The messages of a response outside of Django."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")] + [(b"retry-after", b"60")] * (status == 503)
    return [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": f"{text}\n".encode()},
    ]


application = Application()
