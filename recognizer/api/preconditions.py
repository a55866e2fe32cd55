"""Conditional requests (RFC 9110, section 13): `If-Match` and `If-None-Match` of reads and of writes.

Requests by date are ignored, as the RFC asks where nothing has a date; only a write that relies on one is refused.
"""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request

from recognizer.api.errors import ApiError

_CONDITIONS = {
    "If-Match": "HTTP_IF_MATCH",
    "If-None-Match": "HTTP_IF_NONE_MATCH",
    "If-Unmodified-Since": "HTTP_IF_UNMODIFIED_SINCE",
}


def not_modified(request: Request, etag: str, response: HttpResponse | None = None) -> HttpResponse | None:
    """A 304 with the headers of `response` if the client has the version of `etag`, else None.

    Raises ApiError `precondition_failed` if its `If-Match` names another version. Django's get_conditional_response
    would answer If-Unmodified-Since with 412, and leave the rate limit headers out of a 304.
    """
    _check_if_match(request, etag)
    if not _is_named(request, "If-None-Match", etag):
        return None
    answer = HttpResponseNotModified()
    for name, value in response.items() if response else ():
        if not name.startswith("Content-"):
            answer[name] = value
    return answer


def has_conditions(request: Request) -> bool:
    """Whether a write depends on the state of the resource. Raises ApiError if such a write is not possible."""
    # `request.headers` would read all headers of each request.
    given = {name for name, key in _CONDITIONS.items() if key in request.META}
    if given and (request.method == "POST" or "If-Unmodified-Since" in given):
        raise ApiError("precondition_unsupported", field=min(given))
    if "If-None-Match" in given and not parse_etags(request.headers["If-None-Match"]):
        raise ApiError("precondition_unsupported", field="If-None-Match")
    return bool(given)


def check_write(request: Request, etag: str | None) -> None:
    """Raise ApiError `precondition_failed` unless the resource is as the request asks. None: there is no resource."""
    _check_if_match(request, etag)
    if etag is not None and _is_named(request, "If-None-Match", etag):
        raise ApiError("precondition_failed", field="If-None-Match")


def _check_if_match(request: Request, etag: str | None) -> None:
    if "If-Match" in request.headers and (etag is None or not _is_named(request, "If-Match", etag)):
        raise ApiError("precondition_failed", field="If-Match")


def _is_named(request: Request, header: str, etag: str) -> bool:
    """Whether the header has the ETag or a star. Weak ETags are equal in `If-None-Match` only."""
    named = parse_etags(request.headers.get(header, ""))
    if header == "If-None-Match":
        named = [each.removeprefix("W/") for each in named]
    return "*" in named or etag in named
