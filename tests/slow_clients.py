"""Clients that occupy a server: they send nothing, half a header, a byte every few seconds, or do not read."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_POST = b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
OPENINGS = {
    "silent": b"",
    "half a header": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half:",
    "a byte now and then": _POST + b"Content-Length: 4000\r\n\r\n{",
    "not reading": b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
}
KINDS = list(OPENINGS)
EVERY = 3.0  # seconds between two bytes
PATIENCE = 10.0  # seconds in which all that the server sent has arrived


@contextmanager
def slow_clients(port: int, kind: str, count: int, every: float = EVERY) -> Iterator[list[socket.socket]]:
    """Open connections of one kind of KINDS to a port of this machine, and close them at the end."""
    with ExitStack() as stack:
        found = [stack.enter_context(_connect(port, OPENINGS[kind])) for _ in range(count)]
        stopping = threading.Event()
        if kind == "a byte now and then":
            trickle = threading.Thread(target=_trickle, args=(found, stopping, every))
            trickle.start()
            stack.callback(trickle.join)
            stack.callback(stopping.set)
        yield found


def closed(connections: list[socket.socket]) -> int:
    """How many of these connections the server has closed. It reads what they got, so they are slow no more.

    A client sees the end of its connection after all that the server sent, for which its buffer was too small.
    """
    end = time.monotonic() + PATIENCE
    return sum(_is_closed(each, end) for each in connections)


def _connect(port: int, opening: bytes) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)  # what does not fit stays with the server
    client.connect(("127.0.0.1", port))
    client.sendall(opening)
    return client


def _trickle(connections: list[socket.socket], stopping: threading.Event, every: float) -> None:
    while not stopping.wait(every):
        for each in connections:
            try:
                each.send(b" ")
            except OSError:  # the server has closed it
                continue


def _is_closed(client: socket.socket, end: float) -> bool:
    """Read until the connection ends, with an empty part or an error, or until the monotonic time `end`."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ)
        while selector.select(max(0, end - time.monotonic())):
            try:
                if not client.recv(65536):
                    return True
            except OSError:
                return True
    return False
