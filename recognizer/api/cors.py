"""Which pages of other sites may use the API: those to which the key that they show is bound.

Never with cookies: a page of another site is nobody's session here.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts import keys
from accounts.models import ApiKey
from recognizer.api.errors import ApiError, handle

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

Answer = Callable[[HttpRequest], HttpResponse]


def cors(answer: Answer) -> Answer:
    """The middleware: answers what browsers ask beforehand, and lets a page read what its key may get."""

    def answered(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return answer(request)
        origin = request.META.get("HTTP_ORIGIN", "")  # `headers` would read all of them, for each request
        asked_before = request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
        response = _beforehand(origin) if asked_before else answer(request)
        patch_vary_headers(response, ["Origin"])
        key: ApiKey | None = getattr(request, "shown_key", None)
        if key and origin in key.origins:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = _EXPOSED
        return response

    return answered


def _beforehand(origin: str) -> HttpResponse:
    """No key is shown yet: whether some key is bound to the page's site."""
    try:
        bound = origin in keys.bound_origins()
    except (OperationalError, InterfaceError) as error:
        return _refused(error)
    if bound:
        return HttpResponse(status=204, headers={**_ALLOWED, "Access-Control-Allow-Origin": origin})
    text = _("No key is bound to this site. Make one that names it on your account page.")
    return _refused(ApiError("origin_refused", text))


def _refused(error: Exception) -> HttpResponse:
    """In the one shape, although no view was asked."""
    found = handle(error, {})
    assert found is not None  # noqa: S101 - what it is given it knows
    headers = {name: value for name, value in found.items() if name != "Content-Type"}
    return JsonResponse(found.data, status=found.status_code, headers=headers)


def check_origin(request: Request, key: ApiKey) -> None:
    """Whether the page that shows a key may use it; our own pages may. Raises ApiError `origin_refused`."""
    origin = request.META.get("HTTP_ORIGIN")
    if not key.origins or origin is None or origin in key.origins:
        return
    if origin != f"{request.scheme}://{request.get_host()}":
        text = _("This key is bound to other sites than %s. Use one that names it.")
        raise ApiError("origin_refused", text % origin[:200])
