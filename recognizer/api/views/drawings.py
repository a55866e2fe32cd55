"""A person's drawings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer import drawings
from recognizer.api.asking import or_api_error, own_drawing, read, wants_personal
from recognizer.api.endpoint import Endpoint
from recognizer.api.limits import DrawingLimit
from recognizer.api.representations import drawing_json
from recognizer.models import Drawing, Label


class DrawingsView(Endpoint):
    """A person's drawings."""

    scopes = {"GET": "drawings", "POST": "drawings"}

    def get_throttles(self) -> list[Any]:
        """Only what writes is counted."""
        return [DrawingLimit()] if self.request.method == "POST" else []

    def get(self, request: Request) -> Response:
        """One's own, newest first, paged."""
        query = DrawingFilter(data=request.query_params)
        query.is_valid(raise_exception=True)
        pages = Pages()
        wanted = query.apply(Drawing.objects.by(request.user)).with_answers()
        found: list[Drawing] = pages.paginate_queryset(wanted, request, self) or []
        labels = _labels({drawing.recognizer_id for drawing in found})
        return pages.get_paginated_response([drawing_json(item, labels[item.recognizer_id]) for item in found])

    def post(self, request: Request) -> Response:
        """Keep a drawing and answer with its prediction."""
        sent = read(self, request)
        more = {"author": request.user, "uuid": sent.uuid, "personal": wants_personal(request, sent)}
        drawing, created = or_api_error(drawings.keep, sent, **more)
        return Response(_drawing(drawing), status=201 if created else 200)


class DrawingView(Endpoint):
    """One drawing of one's own."""

    scopes = {"GET": "drawings", "DELETE": "drawings"}

    def get(self, request: Request, uuid: UUID) -> Response:
        """The drawing with its answer and correction."""
        return Response(_drawing(own_drawing(request, uuid)))

    def delete(self, request: Request, uuid: UUID) -> Response:
        """Really delete it."""
        drawings.delete(drawing=own_drawing(request, uuid))
        return Response(status=204)


class DrawingImageView(Endpoint):
    """The picture of a drawing that came as one."""

    scopes = {"GET": "drawings"}

    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """A grey PNG."""
        image = get_object_or_404(Drawing, uuid=uuid, author=request.user, ink__isnull=True).image
        return HttpResponse(bytes(image or b""), content_type="image/png", headers={"Cache-Control": "private"})


class DrawingFilter(serializers.Serializer):
    """Which of one's drawings to list."""

    recognizer = serializers.SlugField(required=False)
    label = serializers.SlugField(required=False)  # type: ignore[assignment]
    corrected = serializers.BooleanField(required=False, allow_null=True, default=None)

    def apply(self, found: Any) -> Any:
        """Narrow the drawings down; `label` is what the author says, else what they were answered."""
        wanted = self.validated_data
        if slug := wanted.get("recognizer"):
            found = found.filter(recognizer__slug=slug)
        if slug := wanted.get("label"):
            found = found.labelled(slug)
        if wanted["corrected"] is not None:
            found = found.corrected() if wanted["corrected"] else found.uncorrected()
        return found


class Pages(PageNumberPagination):
    """Twenty-four drawings a page."""

    page_size = 24
    page_size_query_param = "page_size"
    max_page_size = 100


def _drawing(drawing: Drawing) -> dict[str, Any]:
    return drawing_json(drawing, _labels({drawing.recognizer_id})[drawing.recognizer_id])


def _labels(recognizers: set[int]) -> dict[int, dict[str, Label]]:
    """The labels of these recognizers by their slugs, in one query."""
    found: dict[int, dict[str, Label]] = {pk: {} for pk in recognizers}
    for label in Label.objects.filter(recognizer__in=recognizers):
        found[label.recognizer_id][label.slug] = label
    return found
