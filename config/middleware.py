"""What stands around every request; the API, asked many times a second, goes without what only pages need."""

from __future__ import annotations

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_API = "/api/"
_NOTHING = "default-src 'none'; frame-ancestors 'none'"


class PolicyMiddleware(CSPMiddleware):
    """The Content-Security-Policy of the settings; an answer of the API is no page and loads nothing."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer with its policy."""
        if not request.path_info.startswith(_API):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, _NOTHING)
        return response


class PageMessageMiddleware(MessageMiddleware):
    """Messages are shown on pages."""

    def process_request(self, request: HttpRequest) -> None:
        """Somewhere to put them."""
        if not request.path_info.startswith(_API):
            super().process_request(request)
