"""Cross-origin requests: what is public, any page may read; a key that is bound to a site may do more for its pages.

Cookies are never accepted from there, so such a page has no session here. `predict` is public, but no read: it takes
time and counts against the visitor's address, so a page of another site needs a key for it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from accounts import keys
from accounts.models import ApiKey
from recognizer.api.errors import ApiError, error_response
from recognizer.request_ids import HEADER as REQUEST_ID

_READS = ("GET", "HEAD")
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match",
    "Access-Control-Max-Age": "600",  # seconds
}
_ALLOWED_READS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Content-Type, If-Match, If-None-Match",
    "Access-Control-Max-Age": "600",  # seconds
}
_EXPOSED = ", ".join(
    [
        *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy", "RateLimit"),
        *("Retry-After", "ETag", "Link", "Location", "Model-Version", "Live-Versions", "WWW-Authenticate"),
        *("Idempotency-Replayed", "Deprecation", "Sunset", REQUEST_ID),
    ]
)


def answer(request: HttpRequest, get_response: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Answer a preflight request, and let a page of another site read the response to its key."""
    origin = request.META.get("HTTP_ORIGIN", "")
    is_preflight = request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
    response = _preflight(request, origin) if is_preflight else get_response(request)
    key: ApiKey | None = getattr(request, "shown_key", None)
    if key and origin in key.origins:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Expose-Headers"] = _EXPOSED
    elif request.method in _READS and "HTTP_AUTHORIZATION" not in request.META and _is_public(request):
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = _EXPOSED
    return response


def _is_public(request: HttpRequest) -> bool:
    """Whether the address can be read without a key and without a session."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    found = getattr(view, "view_class", None)
    return found is not None and found.permission_classes == [AllowAny] and hasattr(found, "get")


def _preflight(request: HttpRequest, origin: str) -> HttpResponse:
    """A preflight request shows no key yet, so it is allowed if any key is bound to the page's site.

    A public read without a key is always allowed.
    """
    with_key = "authorization" in request.META.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "").lower()
    if request.META["HTTP_ACCESS_CONTROL_REQUEST_METHOD"] in _READS and not with_key and _is_public(request):
        return HttpResponse(status=204, headers=_ALLOWED_READS)
    try:
        allowed = origin in keys.bound_origins()
    except (OperationalError, InterfaceError) as error:
        return error_response(error)
    if allowed:
        return HttpResponse(status=204, headers={**_ALLOWED, "Access-Control-Allow-Origin": origin})
    text = _("No API key lists this site. Create one that lists it on your account page.")
    return error_response(ApiError("origin_refused", text))


def check_origin(request: Request, key: ApiKey) -> None:
    """Check that the page that shows the key may use it; the site's own pages may. Raises ApiError `origin_refused`."""
    origin = request.META.get("HTTP_ORIGIN")
    if not key.origins or origin is None or origin in key.origins:
        return
    if origin != f"{request.scheme}://{request.get_host()}":
        text = _("This key does not list the site %s. Use a key that lists it.")
        raise ApiError("origin_refused", text % origin[:200])
