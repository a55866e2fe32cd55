"""The WSGI application of the web processes."""

import os
from collections.abc import Callable
from importlib import import_module
from socket import socket
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

from config.metrics import share_counts

BODY_TIMEOUT = 10  # seconds between two parts of a request body


class Utf8Request(WSGIRequest):
    """A request that is decoded as UTF-8 whatever `charset` its Content-Type names.

    Django decodes with that charset and answers 500 if it is no text encoding (`charset=hex`). Parameters that cannot
    be read (`a*=nonsense''b`) are left out: Django would raise before its own handling of errors begins.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            meta["CONTENT_TYPE"] = self.content_type = meta["CONTENT_TYPE"].partition(";")[0].strip().lower()
            self.content_params = {}


class TimedBody:
    """A request body with a timeout; gunicorn has none for its threads, and a client that stops would block one."""

    def __init__(self, body: Any, connection: socket) -> None:
        self._body = body
        self._connection = connection

    def read(self, *size: int) -> bytes:
        """As `read` of a file. Raises TimeoutError, which Django turns into UnreadablePostError."""
        return self._with_timeout(self._body.read, *size)

    def readline(self, *size: int) -> bytes:
        """As `readline` of a file. Raises as `read`."""
        return self._with_timeout(self._body.readline, *size)

    def _with_timeout(self, read: Callable[..., bytes], *size: int) -> bytes:
        self._connection.settimeout(BODY_TIMEOUT)
        try:
            return read(*size)
        finally:
            self._connection.settimeout(None)


class Handler(WSGIHandler):
    """Django's handler with `Utf8Request` and, under gunicorn, `TimedBody`."""

    request_class = Utf8Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if connection := environ.get("gunicorn.socket"):
            environ["wsgi.input"] = TimedBody(environ["wsgi.input"], connection)
        processes.start_reports(processes.Kind.WEB)
        return super().__call__(environ, start_response)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
share_counts()  # before anything imports prometheus_client
django.setup(set_prefix=False)
import_module(settings.ROOT_URLCONF)  # imports every view before gunicorn forks, so that the processes share the memory
processes = import_module("recognizer.operations.processes")  # needs django.setup()
application = Handler()
