"""The base class of all API views: key scopes, rate limits, usage counts, idempotency, ETags and rate limit headers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import set_response_etag
from django.utils.http import parse_etags
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import usage
from accounts.models import ApiKey
from recognizer.api import idempotency, throttling
from recognizer.api.authentication import ScopePermission
from recognizer.api.errors import ApiError
from recognizer.api.input import check_content_length

WRITING = ("POST", "PUT", "PATCH", "DELETE")


class IgnoreAccept(DefaultContentNegotiation):
    """Each response has one format, whatever `Accept` says.

    A browser that asks for `image/png` gets the picture, or the error in JSON.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer of the view."""
        first = next(iter(renderers))
        return first, str(first.media_type)


class Endpoint(APIView):
    """A view of the API.

    `scopes`: the scope that a key needs for each method, see `ScopePermission`. `limit`: what counts the requests, but
    not GET and HEAD. `counts`: the state of each limit that was checked, for the response headers.
    """

    content_negotiation_class = IgnoreAccept
    scopes: ClassVar[dict[str, str | None]] = {}
    limit: ClassVar[type[throttling.MinuteLimit] | None] = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.counts: list[throttling.Count] = []

    def get_permissions(self) -> list[Any]:
        """The key's scope first: a key that lacks it learns that, whoever its person is."""
        return [ScopePermission(), *super().get_permissions()]

    def get_throttles(self) -> list[Any]:
        """The rate of the key, then the view's own limit."""
        limited = self.limit and self.request.method not in ("GET", "HEAD")
        return [throttling.KeyLimit(), *([self.limit()] if limited and self.limit else [])]

    def check_throttles(self, request: Request) -> None:
        """Stop at the first limit that is reached: the next one does not count the request. Raises Throttled."""
        for limit in self.get_throttles():
            throttling.check_limit(limit, request, self)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the person, the scope and the limits. Count the use of a key. Make a repeated write run once."""
        super().initial(request, *args, **kwargs)
        check_content_length(request)
        if isinstance(request.auth, ApiKey):
            usage.count_calls(key=request.auth)
        repeatable = (
            "HTTP_IDEMPOTENCY_KEY" in request.META and request.method in WRITING and request.user.is_authenticated
        )
        method = str(request.method).lower()
        if repeatable and hasattr(self, method):
            # Django makes one view object for each request, so its handler can be replaced.
            setattr(self, method, partial(idempotency.run_once, getattr(self, method), self.writes))

    def writes(self, request: Request) -> bool:
        """Whether a request with a writing method really writes. Called after its body was read."""
        return True

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the rate limit headers. A GET without an ETag of its own gets one, and is compared with the request's."""
        for name, value in throttling.headers(self.counts).items():
            response[name] = value
        final = super().finalize_response(request, response, *args, **kwargs)
        if request.method not in ("GET", "HEAD") or final.status_code != 200 or final.has_header("ETag"):
            return final
        if isinstance(final, Response):
            final.render()
        set_response_etag(final)
        try:
            return not_modified(request, final["ETag"], final) or final
        except ApiError as error:
            return self.finalize_response(request, self.handle_exception(error))


def not_modified(request: Request, etag: str, response: HttpResponse | None = None) -> HttpResponse | None:
    """A 304 with the headers of `response` if the client has the version of `etag`, else None.

    Raises ApiError `precondition_failed` if its `If-Match` names another version. Requests by date are ignored, as RFC
    9110 asks where nothing has a date. Django's get_conditional_response would answer If-Unmodified-Since with 412, and
    leave the rate limit headers out of a 304.
    """
    required = parse_etags(request.headers.get("If-Match", ""))
    if required and not {"*", etag} & set(required):
        raise ApiError("precondition_failed")
    known = {each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))}
    if not {"*", etag} & known:
        return None
    answer = HttpResponseNotModified()
    for name, value in response.items() if response else ():
        if not name.startswith("Content-"):
            answer[name] = value
    return answer
