"""Answers that a client may hold: each carries an ETag, and one that is still true is not sent again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import set_response_etag
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.base import Endpoint
from recognizer.api.errors import ApiError


class ConditionalEndpoint(Endpoint):
    """A view whose GET gives facts. `If-None-Match` is answered 304, without a body, where nothing changed.

    It saves the way, not the work: the answer is made and compared. What is private is still kept by no cache of a
    browser; a program that remembers the ETag holds what it was given itself.
    """

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Compare what would be sent with what the client has."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if request.method not in ("GET", "HEAD") or final.status_code != 200:
            return final
        if isinstance(final, Response):
            final.render()
        try:
            return unless_known(request, final)
        except ApiError as error:
            return super().finalize_response(request, self.handle_exception(error), *args, **kwargs)


def unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response, or 304 with its headers where the client has it. Raises ApiError as `known` does."""
    if not response.has_header("ETag"):
        set_response_etag(response)
    if (held := known(request, response["ETag"])) is None:
        return response
    for name, value in response.items():
        if not name.startswith("Content-"):
            held[name] = value
    return held


def known(request: HttpRequest | Request, etag: str) -> HttpResponse | None:
    """304 where the client has what bears this ETag. Raises ApiError where it wants another one, by `If-Match`.

    Nothing here has a date, so what is asked by one (`If-Modified-Since`, `If-Unmodified-Since`) is not looked at.
    """
    wanted = parse_etags(request.headers.get("If-Match", ""))
    if wanted and not {"*", etag} & set(wanted):
        text = _("This is not what `If-Match` names any more. Ask without it for what is there now.")
        raise ApiError("precondition_failed", text)
    has = {each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))}
    return HttpResponseNotModified() if {"*", etag} & has else None
