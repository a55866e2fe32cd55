"""Cross-origin requests: a page of another site may use the API with a key that is bound to that site.

Cookies are never accepted from there, so such a page has no session here.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts import keys
from accounts.models import ApiKey
from recognizer.api.errors import ApiError, handle_exception

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match",
    "Access-Control-Max-Age": "600",  # seconds
}
_EXPOSED = ", ".join(
    [
        *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy", "RateLimit"),
        *("Retry-After", "ETag", "Link", "Location", "Model-Version", "WWW-Authenticate"),
        *("Idempotency-Replayed", "Deprecation", "Sunset"),
    ]
)


def answer(request: HttpRequest, get_response: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Answer a preflight request, and let a page of another site read the response to its key."""
    origin = request.META.get("HTTP_ORIGIN", "")
    is_preflight = request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
    response = _preflight(origin) if is_preflight else get_response(request)
    key: ApiKey | None = getattr(request, "shown_key", None)
    if key and origin in key.origins:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Expose-Headers"] = _EXPOSED
    return response


def _preflight(origin: str) -> HttpResponse:
    """A preflight request shows no key yet, so it is allowed if any key is bound to the page's site."""
    try:
        allowed = origin in keys.bound_origins()
    except (OperationalError, InterfaceError) as error:
        return _error_response(error)
    if allowed:
        return HttpResponse(status=204, headers={**_ALLOWED, "Access-Control-Allow-Origin": origin})
    text = _("No API key lists this site. Create one that lists it on your account page.")
    return _error_response(ApiError("origin_refused", text))


def _error_response(error: Exception) -> HttpResponse:
    response = handle_exception(error, {})
    assert response is not None  # noqa: S101 - both errors above are known to it
    headers = {name: value for name, value in response.items() if name != "Content-Type"}
    return JsonResponse(response.data, status=response.status_code, headers=headers)


def check_origin(request: Request, key: ApiKey) -> None:
    """Check that the page that shows the key may use it; the site's own pages may. Raises ApiError `origin_refused`."""
    origin = request.META.get("HTTP_ORIGIN")
    if not key.origins or origin is None or origin in key.origins:
        return
    if origin != f"{request.scheme}://{request.get_host()}":
        text = _("This key does not list the site %s. Use a key that lists it.")
        raise ApiError("origin_refused", text % origin[:200])
