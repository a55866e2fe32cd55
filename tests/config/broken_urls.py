"""The site's URLs, and some whose views fail."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from config import urls
from config.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def broken(request: HttpRequest) -> HttpResponse:
    """Raises."""
    raise RuntimeError("broken")


def stream(request: HttpRequest, parts: int) -> StreamingHttpResponse:
    """Fails after so many parts."""

    def content() -> Iterator[bytes]:
        yield from [b"part"] * parts
        raise RuntimeError("in the stream")

    return StreamingHttpResponse(content())


urlpatterns = [
    path("broken", broken),
    path("api/broken", broken),
    path("api/stream/<int:parts>", stream),
    *urls.urlpatterns,
]
