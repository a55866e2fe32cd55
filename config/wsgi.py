"""The web process."""

import os
from collections.abc import Callable
from importlib import import_module
from socket import socket
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

from config.memory import give_large_blocks_back

PATIENCE = 10  # seconds between two pieces of a body


class Utf8Request(WSGIRequest):
    """A request whose texts are UTF-8, whatever `charset` its Content-Type names.

    Django decodes by that name, and one that is no encoding of texts (`charset=hex`) ends in a 500.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class PromptBody:
    """A body that must keep coming: a client that stops sending would hold one of a few threads for ever."""

    def __init__(self, body: Any, connection: socket) -> None:
        self._body = body
        self._connection = connection

    def read(self, *size: int) -> bytes:
        """As of a file; raises TimeoutError, which Django turns into UnreadablePostError."""
        return self._promptly(self._body.read, *size)

    def readline(self, *size: int) -> bytes:
        """As `read`."""
        return self._promptly(self._body.readline, *size)

    def _promptly(self, read: Callable[..., bytes], *size: int) -> bytes:
        self._connection.settimeout(PATIENCE)
        try:
            return read(*size)
        finally:
            self._connection.settimeout(None)


class Handler(WSGIHandler):
    """Django's handler with such requests and bodies."""

    request_class = Utf8Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        if connection := environ.get("gunicorn.socket"):
            environ["wsgi.input"] = PromptBody(environ["wsgi.input"], connection)
        return super().__call__(environ, start_response)


give_large_blocks_back()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)
import_module(settings.ROOT_URLCONF)  # with every view, before processes part, so that they share it
application = Handler()
