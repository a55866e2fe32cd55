"""What can be recognised here."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.etags import ConditionalEndpoint
from recognizer.api.output import recognizer_json
from recognizer.models import Promotion, Recognizer


class RecognizersView(ConditionalEndpoint):
    """What can be recognised here."""

    scopes = {"GET": None}
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """All recognizers with their labels and active versions, in the order of the site; a handful, so one page."""
        results = [recognizer_json(item, item.active_number) for item in _with_numbers()]
        return Response({"results": results, "next": None})


class RecognizerView(ConditionalEndpoint):
    """One recognizer."""

    scopes = {"GET": None}
    permission_classes = [AllowAny]

    def get(self, request: Request, slug: str) -> Response:
        """The recognizer with its labels and the version that answers."""
        found = _with_numbers().filter(slug=slug).first()
        if found is None:
            raise Http404
        return Response(recognizer_json(found, found.active_number))


def _with_numbers() -> QuerySet[Any]:
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id").values("model_version__number")[:1]
    return Recognizer.objects.prefetch_related("labels").annotate(active_number=Subquery(newest))
