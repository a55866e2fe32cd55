"""What can be recognised here."""

from __future__ import annotations

from django.db.models import OuterRef, Subquery
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint
from recognizer.api.representations import recognizer_json
from recognizer.models import Promotion, Recognizer


class RecognizersView(Endpoint):
    """What can be recognised here."""

    scopes = {"GET": None}

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """All recognizers with their labels and active versions."""
        newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id").values("model_version__number")[:1]
        found = Recognizer.objects.prefetch_related("labels").annotate(active_number=Subquery(newest))
        return Response({"results": [recognizer_json(item, item.active_number) for item in found]})
