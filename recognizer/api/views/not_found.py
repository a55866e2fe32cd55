"""Errors in JSON for addresses of the API that do not exist."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from recognizer.api.base import Endpoint


class NotFoundView(Endpoint):
    """Every other address under the API."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Stop before anything else is checked. Raises Http404."""
        raise Http404
