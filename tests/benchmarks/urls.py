"""The URLs of the site and one of the predict view without its work."""

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


urlpatterns = [path("bench/empty", EmptyView.as_view()), path("", include("config.urls"))]
