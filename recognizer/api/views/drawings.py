"""A person's drawings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.body_parsers import CONTENT
from recognizer.api.etags import ConditionalEndpoint
from recognizer.api.output import drawing_json
from recognizer.api.pagination import ListQuery, Moment, Whether, asked_of, listed
from recognizer.api.requests import or_api_error, own_drawing, read, wants_personal
from recognizer.api.throttling import DrawingLimit
from recognizer.drawings import store
from recognizer.models import Drawing, Label


class DrawingsView(ConditionalEndpoint):
    """A person's drawings."""

    parser_classes = CONTENT
    scopes = {"GET": "drawings", "POST": "drawings"}

    def get_throttles(self) -> list[Any]:
        """Only what writes is counted."""
        return [DrawingLimit()] if self.request.method == "POST" else []

    def get(self, request: Request) -> Response:
        """One's own, newest first, paged."""
        asked = asked_of(DrawingsQuery, request)
        return listed(asked.apply(Drawing.objects.by(request.user)).with_answers(), request, asked, _show)

    def post(self, request: Request) -> Response:
        """Keep a drawing and answer with its prediction."""
        sent = read(self, request)
        more = {"author": request.user, "uuid": sent.uuid, "personal": wants_personal(request, sent)}
        drawing, created = or_api_error(store.save_drawing, sent, **more)
        return Response(_drawing(drawing), status=201 if created else 200)


class DrawingView(ConditionalEndpoint):
    """One drawing of one's own."""

    scopes = {"GET": "drawings", "DELETE": "drawings"}

    def get(self, request: Request, uuid: UUID) -> Response:
        """The drawing with its answer and correction."""
        return Response(_drawing(own_drawing(request, uuid)))

    def delete(self, request: Request, uuid: UUID) -> Response:
        """Really delete it."""
        store.delete_drawing(drawing=own_drawing(request, uuid))
        return Response(status=204)


class DrawingImageView(ConditionalEndpoint):
    """The picture of a drawing that came as one."""

    scopes = {"GET": "drawings"}

    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """A grey PNG."""
        image = get_object_or_404(Drawing, uuid=uuid, author=request.user, ink__isnull=True).image
        return HttpResponse(bytes(image or b""), content_type="image/png", headers={"Cache-Control": "private"})


class DrawingsQuery(ListQuery):
    """Which of one's drawings to list."""

    recognizer = serializers.SlugField(required=False, max_length=50, help_text="The slug of a recognizer.")
    label = serializers.SlugField(  # type: ignore[assignment]
        required=False, max_length=50, help_text="What their author says they are, else what they were answered."
    )
    corrected = Whether(required=False, help_text="Whether their author said what they are.")
    since = Moment(required=False, help_text="Kept at this moment or later.")
    until = Moment(required=False, help_text="Kept before this moment.")

    def apply(self, found: Any) -> Any:
        """Narrow the drawings down."""
        wanted = self.validated_data
        if slug := wanted.get("recognizer"):
            found = found.filter(recognizer__slug=slug)
        if slug := wanted.get("label"):
            found = found.labelled(slug)
        if "corrected" in wanted:
            found = found.corrected() if wanted["corrected"] else found.uncorrected()
        if moment := wanted.get("since"):
            found = found.filter(created__gte=moment)
        if moment := wanted.get("until"):
            found = found.filter(created__lt=moment)
        return found


def _show(found: list[Any]) -> list[dict[str, Any]]:
    labels = _labels({drawing.recognizer_id for drawing in found})
    return [drawing_json(drawing, labels[drawing.recognizer_id]) for drawing in found]


def _drawing(drawing: Drawing) -> dict[str, Any]:
    return drawing_json(drawing, _labels({drawing.recognizer_id})[drawing.recognizer_id])


def _labels(recognizers: set[int]) -> dict[int, dict[str, Label]]:
    """The labels of these recognizers by their slugs, in one query."""
    found: dict[int, dict[str, Label]] = {pk: {} for pk in recognizers}
    for label in Label.objects.filter(recognizer__in=recognizers):
        found[label.recognizer_id][label.slug] = label
    return found
