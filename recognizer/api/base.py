"""The base class of all API views: key scopes, rate limits, usage counts, idempotency, ETags and rate limit headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import set_response_etag
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import usage
from accounts.models import ApiKey, lock_person
from recognizer.api import idempotency, preconditions, throttling
from recognizer.api.authentication import SameAccount, ScopePermission, person_of
from recognizer.api.errors import ApiError
from recognizer.api.input import DRAWING_PARSERS, check_content_length
from recognizer.api.names import check_parameters
from recognizer.registry import serving

WRITING = ("POST", "PUT", "PATCH", "DELETE")
LIVE_VERSIONS = "Live-Versions"  # the header, like `digits=3, sketches=1`
DEPRECATED = "@1795910400"  # RFC 9745: since 29 November 2026


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
    not GET and HEAD. `reads_query`: the methods that check the query parameters themselves; others have none. `counts`:
    the state of each limit that was checked, for the response headers.
    """

    content_negotiation_class = IgnoreAccept
    scopes: ClassVar[dict[str, str | None]] = {}
    limit: ClassVar[type[throttling.MinuteLimit] | None] = None
    reads_query: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.counts: list[throttling.Count] = []

    def get_permissions(self) -> list[Any]:
        """The key's scope first: a key that lacks it learns that, whoever its person is."""
        return [ScopePermission(), *super().get_permissions(), SameAccount()]

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
        method = str(request.method).lower()
        is_allowed = hasattr(self, method)  # if it is not, the answer is 405
        if is_allowed and request.META.get("QUERY_STRING") and method.replace("head", "get") not in self.reads_query:
            check_parameters(request.query_params)
        if isinstance(request.auth, ApiKey):
            usage.count_calls(key=request.auth)
        if request.method not in WRITING or not is_allowed:
            return
        # Django makes one view object for each request, so its handler can be replaced.
        if preconditions.has_conditions(request):
            setattr(self, method, partial(self.write_if, getattr(self, method)))
        if "HTTP_IDEMPOTENCY_KEY" in request.META and request.user.is_authenticated:
            setattr(self, method, partial(idempotency.run_once, getattr(self, method), self.writes))

    def write_if(self, handler: idempotency.Handler, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Write if the resource is in the state that the request asks for. The person's other writes wait meanwhile."""
        with transaction.atomic():
            lock_person(person_of(request).pk)
            preconditions.check_write(request, self._current_etag(request, *args, **kwargs))
            return handler(request, *args, **kwargs)

    def _current_etag(self, request: Request, *args: Any, **kwargs: Any) -> str | None:
        """The ETag that a GET would have now; None if it would be 404."""
        read: Callable[..., Response] = self.get  # type: ignore[attr-defined]
        try:
            response = super().finalize_response(request, read(request, *args, **kwargs))
        except Http404:
            return None
        return _add_etag(response)

    def writes(self, request: Request) -> bool:
        """Whether a request with a writing method really writes. Called after its body was read."""
        return True

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers of limits and live versions. A GET without an ETag of its own gets one, and is compared."""
        for name, value in throttling.headers(self.counts).items():
            response[name] = value
        lasts = "immutable" in response.get("Cache-Control", "")  # a cache would go on telling what was live then
        if not lasts and (live := serving.known_numbers()):  # open pages follow promotions by it
            response[LIVE_VERSIONS] = ", ".join(f"{slug}={number}" for slug, number in sorted(live.items()))
        final = super().finalize_response(request, response, *args, **kwargs)
        if request.method not in ("GET", "HEAD") or final.status_code != 200 or final.has_header("ETag"):
            return final
        try:
            return preconditions.not_modified(request, _add_etag(final), final) or final
        except ApiError as error:
            return self.finalize_response(request, self.handle_exception(error))


def _add_etag(response: HttpResponseBase) -> str:
    """Give a response the ETag that follows from its content; returns it."""
    if isinstance(response, Response):
        response.render()
    set_response_etag(response)
    return str(response["ETag"])


class DrawingEndpoint(Endpoint):
    """A view that takes a drawing as JSON.

    Before pictures had addresses of their own it also took them as a form or as the body. It still does, with the
    headers of something deprecated. `picture_route`: the name of the new address.
    """

    parser_classes = DRAWING_PARSERS
    picture_route: ClassVar[str] = ""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add `Deprecation` and a link to the new address to the response to a picture that was sent the old way."""
        kind = (request.content_type or "").partition("/")[0]
        if self.picture_route and request.method == "POST" and kind in ("multipart", "image"):
            response["Deprecation"] = DEPRECATED
            response["Link"] = f'<{reverse(self.picture_route)}>; rel="successor-version"'
        return super().finalize_response(request, response, *args, **kwargs)
