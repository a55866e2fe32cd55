"""A server on this machine that stands for the publishers of data sets, so that downloads use real connections."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ml.data import download

ADDRESSES = (
    "MNIST",
    "QMNIST",
    "PEN_DIGITS",
    "OMNIGLOT",
    "QUICK_DRAW",
    "QUICK_DRAW_BITMAPS",
    "QUICK_DRAW_WORDS",
    "TUBERLIN",
)


class Publisher(dict[str, bytes]):
    """The files that can be downloaded, by address, and how the server sends them."""

    def __init__(self) -> None:
        super().__init__()
        self.sends_parts = True
        self.etags = True
        self.breaks_after: list[int] = []  # bytes after which the next connections break
        self.status = 200  # of every answer
        self.asked: list[tuple[str, str]] = []  # address and range of each request
        self.sent = 0  # bytes of content


@contextmanager
def publishing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """The addresses of `ml.data.download` lead to a server on this machine."""
    publisher = Publisher()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"publisher": publisher}))
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    for name in ADDRESSES:
        here = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(download, name, getattr(download, name).replace("https://", here))
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    publisher: Publisher
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        published, span = self.publisher, self.headers.get("Range", "")
        address = f"http://{self.headers['Host']}{self.path}"
        published.asked.append((address, span))
        if address not in published or published.status != 200:
            return self.send_error(404 if published.status == 200 else published.status)
        content = published[address]
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        first, last, status = 0, len(content) - 1, 200
        if span and published.sends_parts and self.headers.get("If-Range", etag) == etag:
            found = re.fullmatch(r"bytes=(\d+)-(\d*)", span)
            assert found, span
            first, status = int(found[1]), 206
            last = min(int(found[2] or last), last)
            if first > last:
                return self.send_error(416)
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        if published.etags:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        body = content[first : last + 1]
        if published.breaks_after:
            body = body[: published.breaks_after.pop(0)]
        published.sent += len(body)
        try:
            self.wfile.write(body)
        except OSError:  # the client has read enough
            self.close_connection = True
        return None

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Publishers of data sets on this machine; at first they have no file."""
    with publishing(monkeypatch) as found:
        yield found


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No publisher can be reached: nothing listens at their addresses."""
    for name in ADDRESSES:
        host, _, rest = getattr(download, name).removeprefix("https://").partition("/")
        monkeypatch.setattr(download, name, f"http://127.0.0.1:9/{host}/{rest}")
