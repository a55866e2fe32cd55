"""Somebody's own program that listens, and names that lead to it: what the outside world is made of here."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers as it is told, and keeps what came."""

    port: int = 0
    code: int = 200
    answer: bytes = b"thank you"
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    got: list[Received] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def url(self, host: str = "hooks.example.org", scheme: str = "http") -> str:
        """Its address, by a name that leads to it."""
        return f"{scheme}://{host}:{self.port}/inkling?from=here"


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            receiver.got.append(Received(self.path, headers, body))
            if receiver.hangs:
                self._drip()
                return
            self.send_response(receiver.code)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        def _drip(self) -> None:
            """A byte now and then, so that no single wait is long."""
            try:
                while not receiver.over.wait(0.05):
                    self.wfile.write(b"H")
                    self.wfile.flush()
            except OSError:
                return

        def log_message(self, *_args: Any) -> None:
            """Nothing on the console."""

    return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # many at the same moment


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver at a port of its own, by HTTPS where a context is given."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def names(**known: str | list[str]) -> Callable[..., Any]:
    """The operating system's `getaddrinfo`, for these names (dots written as `_`) and for numbers."""
    real = socket.getaddrinfo
    table = {name.replace("_", "."): [to] if isinstance(to, str) else to for name, to in known.items()}

    def getaddrinfo(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in table:
            asked[name] = asked.get(name, 0) + 1
            return [found for address in table[name] for found in real(address, port, *args, **more)]
        if name and not name.strip("0123456789.").strip("abcdefx0123456789:%[]"):
            return real(host, port, *args, **more)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    asked: dict[str, int] = {}
    getaddrinfo.asked = asked  # type: ignore[attr-defined]
    return getaddrinfo
