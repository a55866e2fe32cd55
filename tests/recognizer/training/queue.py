"""What the broker holds."""

from __future__ import annotations

from queue import Empty
from typing import Any

from config.celery import app


def take_messages(queue: str) -> list[tuple[str, list[Any]]]:
    """Take every message out of a queue: the names of the tasks and their arguments, the oldest first."""
    found: list[tuple[str, list[Any]]] = []
    with app.connection_for_read() as connection, connection.SimpleQueue(queue) as waiting:
        while True:
            try:
                message = waiting.get(block=False)
            except Empty:
                return found
            message.ack()
            found.append((message.headers["task"], message.payload[0]))
