"""Answers that a client may hold: each carries an ETag, and one that is still true is not sent again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, set_response_etag
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint


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
        return unless_known(request, final)


def unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response, or 304 where the client has it."""
    if not response.has_header("ETag"):
        set_response_etag(response)
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
