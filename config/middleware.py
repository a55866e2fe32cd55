"""Middleware that does for pages what API requests do not need."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from recognizer.api import cors

GetResponse = Callable[[HttpRequest], HttpResponse]

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


def cross_origin(get_response: GetResponse) -> GetResponse:
    """Let pages of other sites use the API with a key that is bound to their site (`recognizer.api.cors`)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(_API):
            return get_response(request)
        # `request.headers` would read all headers of each request.
        is_cross_origin = request.method == "OPTIONS" or "HTTP_ORIGIN" in request.META
        response = cors.answer(request, get_response) if is_cross_origin else get_response(request)
        patch_vary_headers(response, ["Origin"])
        return response

    return middleware
