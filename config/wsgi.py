"""The WSGI application. `config.asgi` runs it in threads; any WSGI server can, behind a proxy that buffers bodies."""

import os
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

from config import deadline
from config.metrics import share_counts


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


class Handler(WSGIHandler):
    """Django's handler with `Utf8Request`."""

    request_class = Utf8Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        processes.start_reports(processes.Kind.WEB)
        with deadline.request(environ.get("PATH_INFO", "")):
            return super().__call__(environ, start_response)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
share_counts()  # before anything imports prometheus_client
django.setup(set_prefix=False)
import_module(settings.ROOT_URLCONF)  # imports every view before the server forks: its processes share the memory
processes = import_module("recognizer.operations.processes")  # needs django.setup()
application = Handler()
