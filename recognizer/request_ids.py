"""The id of the request that this thread answers: it is in the response, its log lines, API errors and error pages."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9._~:@=+/-]{1,128}")  # one word; it cannot forge a log line
_current: ContextVar[str] = ContextVar("request_id", default="")


def start_request(given: str = "") -> str:
    """Use the id that a trusted proxy gave, or make one; returns it.

    It stays until the next request of this thread, since a response can be sent and logged after the middleware ends.
    """
    request_id = given if _SANE.fullmatch(given) else uuid4().hex
    _current.set(request_id)
    return request_id


def end_request() -> None:
    """What this thread does next belongs to no request."""
    _current.set("")


def current_request_id() -> str:
    """The id; empty outside of a request."""
    return _current.get()


class RequestIdFilter(logging.Filter):
    """Gives every log record `request_id`, which is - outside of a request.

    A request that was refused is one line: Django adds a traceback where a view raised PermissionDenied.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        record.request_id = current_request_id() or "-"
        if record.name == "django.request" and record.levelno < logging.ERROR:
            record.exc_info = None
        return True
