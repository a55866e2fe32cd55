"""The site's URLs, and some that wait, stream, break, or show what the server made of a request."""

import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from config import urls
from config.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
PART = bytes(64 * 1024)
PARTS = 2_000
LARGE = 8 * 2**20


def wait(request: HttpRequest, seconds: int) -> HttpResponse:
    """Answers after so many seconds."""
    time.sleep(seconds)
    return HttpResponse("waited")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """125 MB."""
    return StreamingHttpResponse(PART for _ in range(PARTS))


def large(request: HttpRequest) -> HttpResponse:
    """8 MB, which are not streamed."""
    return HttpResponse(bytes(LARGE))


def broken_stream(request: HttpRequest) -> StreamingHttpResponse:
    """Fails after its first part."""

    def content() -> Iterator[bytes]:
        yield PART
        raise RuntimeError("in the stream")

    return StreamingHttpResponse(content())


def show(request: HttpRequest) -> JsonResponse:
    """The headers and addresses of the request."""
    shown = {name: value for name, value in request.META.items() if isinstance(value, str)}
    return JsonResponse(shown)


urlpatterns = [
    path("slow/wait/<int:seconds>", wait),
    path("slow/stream", stream),
    path("slow/large", large),
    path("slow/broken", broken_stream),
    path("slow/show", show),
    *urls.urlpatterns,
]
