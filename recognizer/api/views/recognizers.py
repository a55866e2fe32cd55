"""The recognizers of the site and their labels."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.shortcuts import get_object_or_404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.base import Endpoint
from recognizer.api.output import recognizer_json
from recognizer.models import Promotion, Recognizer


class RecognizersView(Endpoint):
    """All recognizers."""

    scopes = {"GET": None}
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """All of them on one page, in the order of the site, with their labels and live versions."""
        results = [recognizer_json(each, each.live_number) for each in _with_live_number()]
        return Response({"results": results, "next": None})


class RecognizerView(Endpoint):
    """One recognizer."""

    scopes = {"GET": None}
    permission_classes = [AllowAny]

    def get(self, request: Request, slug: str) -> Response:
        """The recognizer with its labels and its live version."""
        found = get_object_or_404(_with_live_number(), slug=slug)
        return Response(recognizer_json(found, found.live_number))


def _with_live_number() -> QuerySet[Any]:
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id").values("model_version__number")[:1]
    return Recognizer.objects.prefetch_related("labels").annotate(live_number=Subquery(newest))
