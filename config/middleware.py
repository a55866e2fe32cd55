"""Middleware of all requests: ids, streams, and what only pages or only the API need."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from accounts import acting
from config.errors import is_api
from recognizer import request_ids
from recognizer.api import cors

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

_NUL = "\0"
_ONE_PACKET = 1_400  # bytes
_JSON = ("application/json", "application/vnd.oai.openapi+json", "application/manifest+json")
_SECRETS = "/accounts/2fa/"
_UNUSED = "accelerometer camera geolocation gyroscope magnetometer microphone midi payment usb"
_PERMISSIONS_POLICY = ", ".join(f"{name}=()" for name in _UNUSED.split())
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def request_id(get_response: GetResponse) -> GetResponse:
    """Give every request an id, and send it with the response. The first middleware: nothing happens without an id."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # Without a proxy of ours the header comes from the client, which could choose an id that others have.
        given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.TRUSTED_PROXIES else ""
        current = request_ids.start_request(given)
        response = get_response(request)
        response.headers[request_ids.HEADER] = current
        return response

    return middleware


def stream_errors(get_response: GetResponse) -> GetResponse:
    """Read the first part of a streamed response: if that fails, the answer can still be an error."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response: HttpResponse | StreamingHttpResponse = get_response(request)
        if isinstance(response, StreamingHttpResponse):
            parts = iter(response)
            first = next(parts, b"")
            response.streaming_content = _log_failure(chain([first], parts))
        return response  # type: ignore[return-value]

    return middleware


def _log_failure(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Pass the parts on. The status is sent already: a failure can only end the connection and be in the log."""
    try:
        yield from parts
    except Exception:
        logger.exception("the response could not be sent to its end")
        raise


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages and JSON of more than one packet.

    Not what is compressed already (model files, pictures, exports), not streams, and nothing that PUT or DELETE can
    change: compressing weakens its ETag, which `If-Match` would then refuse. Django adds up to a hundred random bytes
    against BREACH, and pages of the second step are not compressed: recovery codes stand there beside links with the
    query string of the address. docs/decisions/operations.md says what else was checked.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not isinstance(response, HttpResponse) or len(response.content) < _ONE_PACKET:
            return response
        if request.path_info.startswith(_SECRETS):
            return response
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        changes = {"PUT", "DELETE"} & set(response.headers.get("Allow", "").split(", "))
        if changes or not (kind.startswith("text/") or kind in _JSON):
            return response
        return super().process_response(request, response)


def isolation(get_response: GetResponse) -> GetResponse:
    """Let no page of another site embed what this one sends, and use no sensors, camera or payment here.

    Pages of other sites that use the API with a key, or its scripts as modules, ask by CORS, which stays as it is.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS_POLICY)
        return response

    return middleware


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Sends the policy of the settings with pages; API responses are no pages and may load nothing."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not is_api(request):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, _API_POLICY)
        return response


class PageMessageMiddleware(MessageMiddleware):
    """Django's messages, for pages only."""

    def process_request(self, request: HttpRequest) -> None:
        if not is_api(request):
            super().process_request(request)


class NulMiddleware(MiddlewareMixin):
    """Refuses pages whose address or form has a NUL character, with a 400: PostgreSQL cannot hold one in a text.

    The API checks its own bodies. Cookies with a NUL count as not sent. After CsrfViewMiddleware, which handles bodies
    that cannot be read; `drop_nul` does what has to come before the session is read.
    """

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Raises BadRequest."""
        if request.method != "POST" or is_api(request):
            return
        if any(_NUL in text for name, values in request.POST.lists() for text in (name, *values)):
            raise BadRequest("a NUL character in a form")


def drop_nul(get_response: GetResponse) -> GetResponse:
    """Refuse addresses of pages with a NUL character, and ignore cookies with one (see `NulMiddleware`)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if (_NUL in request.path_info or "%00" in query or _NUL in query) and not is_api(request):
            raise BadRequest("a NUL character in the address")
        if "\\" in request.META.get("HTTP_COOKIE", ""):  # `\000` in a quoted cookie is a NUL
            cookies = {name: value for name, value in request.COOKIES.items() if _NUL not in value}
            request.COOKIES = cookies
        return get_response(request)

    return middleware


class SameAccountMiddleware(MiddlewareMixin):
    """Refuses forms of a page that was made for another account than the one that is signed in now.

    A page names its account in a field or, if a script sends it, in a header (`accounts.acting`). The API checks its
    requests itself. After CsrfViewMiddleware, which handles bodies that cannot be read.
    """

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """A 409, as JSON for scripts; None for requests that may go on."""
        if request.method != "POST" or is_api(request):
            return None
        named = request.META.get(acting.META) or request.POST.get(acting.FIELD)
        if not named or not request.user.is_authenticated or named == acting.account_id(request.user):
            return None  # a view that needs a person asks people who were signed out to sign in
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"code": acting.CODE, "detail": _("Somebody else has signed in.")}, status=409)
        return render(request, "409.html", status=409)


def cross_origin(get_response: GetResponse) -> GetResponse:
    """Let pages of other sites use the API with a key that is bound to their site (`recognizer.api.cors`)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not is_api(request):
            return get_response(request)
        # `request.headers` would read all headers of each request.
        is_cross_origin = request.method == "OPTIONS" or "HTTP_ORIGIN" in request.META
        response = cors.answer(request, get_response) if is_cross_origin else get_response(request)
        patch_vary_headers(response, ["Origin"])
        return response

    return middleware
