"""The URLs of the site, one of the predict view without its work, and two that wait for the database."""

import time
from collections.abc import Iterator

from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.views.predict import PredictView

GUESSES = [{"label": str(n), "glyph": str(n), "name": "a digit", "probability": 0.1234} for n in range(10)]
PERSONAL = {"used": False, "changed": False, "because": [], "model": None}
ANSWER = {"recognizer": "digits", "model_version": 1, "guesses": GUESSES, "unsure": False, "personal": PERSONAL}


class EmptyView(PredictView):
    """Authentication, permissions, limits and rendering of a prediction, without the prediction."""

    def post(self, request: Request) -> Response:
        """A constant response of the same size."""
        return Response(ANSWER)


def statement(request: HttpRequest) -> HttpResponse:
    """Waits 2.5 s for the database."""
    _wait(2.5)
    return HttpResponse()


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """An export of 5 MB, for each part of which the database takes 0.2 s."""

    def parts() -> Iterator[bytes]:
        for _ in range(20):
            _wait(0.2)
            yield bytes(256 * 1024)

    return StreamingHttpResponse(parts())


def _wait(seconds: float) -> None:
    if connection.vendor != "postgresql":
        time.sleep(seconds)
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


urlpatterns = [
    path("bench/empty", EmptyView.as_view()),
    path("bench/statement", statement),
    path("bench/stream", stream),
    path("", include("config.urls")),
]
