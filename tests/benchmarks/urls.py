"""The site, and beside it the predict view with an empty body of work."""

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.views.predict import PredictView

GUESSES = [{"label": str(n), "glyph": str(n), "name": "a digit", "probability": 0.1234} for n in range(10)]
PERSONAL = {"used": False, "changed": False, "because": [], "model": None}
ANSWER = {"recognizer": "digits", "model_version": 1, "guesses": GUESSES, "unsure": False, "personal": PERSONAL}


class EmptyView(PredictView):
    """Everything around the work (authentication, permission, limit, rendering) and none of it."""

    def post(self, request: Request) -> Response:
        """An answer of the same size."""
        return Response(ANSWER)


urlpatterns = [path("bench/empty", EmptyView.as_view()), path("", include("config.urls"))]
