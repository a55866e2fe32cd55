"""A log line and the counters for each request, and log lines as JSON.

Lines name the route, the person's number and the request's id. They have no ink, no address of a client, no query
string, no mail address and, in JSON, no path: a path can hold the secret of a link in a mail.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config import metrics

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_FIELDS = ("method", "route", "status", "ms", "person")
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def log_requests(get_response: GetResponse) -> GetResponse:
    """Log and count each request with the time until its answer; a streamed answer is still sent after that."""
    counters = metrics.counters()

    def middleware(request: HttpRequest) -> HttpResponseBase:
        start = perf_counter()
        response = get_response(request)
        seconds = perf_counter() - start
        if counters:
            counters.count(request, response, seconds)
        if logger.isEnabledFor(logging.INFO):
            _log(request, response, round(seconds * 1000, 1))
        return response

    return middleware


def _log(request: HttpRequest, response: HttpResponseBase, ms: float) -> None:
    values = (method_of(request), route_of(request), response.status_code, ms, person_of(request))
    logger.info("%s %s %d, %s ms, person %s", *values, extra=dict(zip(_FIELDS, values, strict=True)))


def route_of(request: HttpRequest) -> str:
    """The name of the route, `static` for a file, `unknown` for an address that leads nowhere: a bounded set."""
    if match := request.resolver_match:
        return match.view_name
    if request.path_info == metrics.PATH:
        return "metrics"
    return "static" if request.path_info.startswith(f"/{settings.STATIC_URL.lstrip('/')}") else "unknown"


def method_of(request: HttpRequest) -> str:
    """The method, `other` for one that HTTP does not define."""
    return request.method if request.method in METHODS else "other"


def person_of(request: HttpRequest) -> int | None:
    """The number of who is signed in, if the request asked for that. Reads nothing."""
    found = getattr(request, "_cached_user", None) or vars(request).get("user")  # a session, or a key of the API
    return vars(found).get("id") if found is not None else None


class AccessLogFilter(logging.Filter):
    """Drops what Django says about refused requests where each request has a line already."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        return not (settings.ACCESS_LOG and record.name == "django.request" and record.levelno < logging.ERROR)


class RefusedRequestFilter(logging.Filter):
    """Makes a warning without a traceback of what Django logs as an error although the client made it.

    An address with a wrong host name, or a body that is too large, gets a 400. Anybody can send thousands of them.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """True; the record is changed, before any handler has it."""
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the fields that are named here and no others."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: time (UTC), level, logger, request_id, message; for a request its fields; an exception's text."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": without_addresses(_message(record)),
        }
        line |= {name: vars(record)[name] for name in _FIELDS if vars(record).get(name) is not None}
        if record.exc_info:
            line["exception"] = without_addresses(self.formatException(record.exc_info))
        return _encode(line)


def _message(record: logging.LogRecord) -> str:
    """The message; Django's messages about a request name the path: here the route instead."""
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
        return str(record.msg) % tuple(route_of(request) if arg == request.path else arg for arg in record.args)
    return record.getMessage()


def without_addresses(text: str) -> str:
    """The text without mail addresses, which errors of the database and of mail servers quote."""
    return _MAIL.sub("(mail address)", text) if "@" in text else text
