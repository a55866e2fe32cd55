"""Every address below the API that is none."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from recognizer.api.base import Endpoint


class NothingHereView(Endpoint):
    """Every other address below the API: an error of the API's shape instead of a page."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer before anything else is looked at."""
        raise Http404
