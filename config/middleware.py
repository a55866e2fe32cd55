"""Middleware that does for pages what API requests do not need."""

from __future__ import annotations

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_API = "/api/"
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Sends the policy of the settings with pages; API responses are no pages and may load nothing."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not request.path_info.startswith(_API):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, _API_POLICY)
        return response


class PageMessageMiddleware(MessageMiddleware):
    """Django's messages, for pages only."""

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith(_API):
            super().process_request(request)
