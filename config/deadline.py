"""How long one request may wait for PostgreSQL and Redis, all its commands together.

Only the web processes have such a budget (`config.wsgi` starts it): tasks and commands take the time that they need.
The time in which a client sends its body, or reads the answer, does not count.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

REQUEST_SECONDS, STATEMENT_SECONDS = 2.2, 1.8
LONG_REQUEST_SECONDS, LONG_STATEMENT_SECONDS = 28.0, 25.0
REDIS_SECONDS = 0.5  # of the budget; a Redis that takes longer is not used any more

# What changes or collects thousands of rows for one person.
_LONG = re.compile(r"/(admin/|accounts/(delete|download)/|drawings/delete/|memory/.*/forget-all/|review/set-aside/)")


class _Request(threading.local):
    left: float | None = None
    statement = 0.0
    spent: dict[str, float]


_request = _Request()


@contextmanager
def request(path: str) -> Iterator[None]:
    """The budget of a request to this address, for this thread."""
    is_long = bool(_LONG.match(path))
    _request.left = LONG_REQUEST_SECONDS if is_long else REQUEST_SECONDS
    _request.statement = LONG_STATEMENT_SECONDS if is_long else STATEMENT_SECONDS
    _request.spent = defaultdict(float)
    try:
        yield
    finally:
        _request.left = None


def seconds_left() -> float | None:
    """What is left of the budget; None outside of a request."""
    return _request.left


def statement_seconds() -> float:
    """How long one statement of this request may take; 0 outside of a request."""
    return 0.0 if _request.left is None else _request.statement


def spend(service: str, seconds: float) -> float:
    """Take from the budget of this request; returns what it has spent on this service in all. 0 outside of one."""
    if _request.left is None:
        return 0.0
    _request.left -= seconds
    _request.spent[service] += seconds
    return _request.spent[service]
