"""A way to the site on which answers get lost: a proxy that asks the site, and then may not pass the answer on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import httpx

LOST = 0


@dataclass
class Way:
    """`failures`: what the next requests meet instead of their answer, LOST or a status (with headers and body)."""

    url: str = ""
    failures: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    seen: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, Idempotency-Key
    lock: Lock = field(default_factory=Lock)


def _handler(way: Way, site: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            with way.lock:
                way.seen.append((self.command, self.path, self.headers.get("Idempotency-Key", "")))
                failure = way.failures.pop(0) if way.failures else None
            if failure is not None and failure != LOST:
                self._answer(failure, way.body, way.headers)
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = httpx.request(self.command, site + self.path, content=body, headers=headers, timeout=30)
            if failure == LOST:  # the site did it, and nobody hears of it
                self.connection.close()
                return
            self._answer(answer.status_code, answer.content, {"Content-Type": answer.headers.get("Content-Type", "")})

        do_GET = do_POST = do_PUT = do_DELETE = do_any  # noqa: N815 - the names of the standard library

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Nothing on the console."""

        def finish(self) -> None:
            if not self.connection._closed:
                super().finish()

    return Handler


@contextmanager
def leading_to(site: str) -> Iterator[Way]:
    """A way at a port of its own."""
    way = Way()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(way, site))
    server.daemon_threads = True
    way.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield way
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
