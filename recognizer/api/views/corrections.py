"""What authors say their drawings are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.drawing_input import read_slug
from recognizer.api.etags import ConditionalEndpoint
from recognizer.api.output import correction_json, label_json, review_json
from recognizer.api.pagination import ListQuery, asked_of, listed
from recognizer.api.requests import own_drawing, say
from recognizer.api.throttling import DrawingLimit
from recognizer.drawings import corrections
from recognizer.models import Correction, Review

WAITING = "waiting"


class CorrectionsView(ConditionalEndpoint):
    """What one says of one's drawings, and what became of it."""

    scopes = {"GET": "drawings"}

    def get(self, request: Request) -> Response:
        """Those that stand, the newest first, paged."""
        asked = asked_of(CorrectionsQuery, request)
        found = Correction.objects.current().filter(drawing__author=request.user.pk, label__isnull=False)
        decided = Prefetch("reviews", Review.objects.current().select_related("label"), to_attr="decided")
        wanted = asked.apply(found).select_related("label", "drawing__recognizer").prefetch_related(decided)
        return listed(wanted.defer("drawing__ink", "drawing__image"), request, asked, _show)


class CorrectionView(ConditionalEndpoint):
    """What its author says a drawing is."""

    scopes = {"GET": "drawings", "PUT": "drawings", "DELETE": "drawings"}

    def get_throttles(self) -> list[Any]:
        """Only what writes is counted."""
        return [] if self.request.method in ("GET", "HEAD") else [DrawingLimit()]

    def get(self, request: Request, uuid: UUID) -> Response:
        """What stands; nothing where nothing was said."""
        drawing = own_drawing(request, uuid)
        said = drawing.current_correction
        shown = correction_json(said, _first(drawing))
        if shown is None:
            raise Http404
        return Response(shown)

    def put(self, request: Request, uuid: UUID) -> Response:
        """Confirm or correct; saying the same again changes nothing."""
        drawing = own_drawing(request, uuid)
        correction = say(drawing, read_slug(request.data, "label"))
        return Response(correction_json(correction, _first(drawing)))

    def delete(self, request: Request, uuid: UUID) -> Response:
        """Take it back."""
        corrections.take_back(drawing=own_drawing(request, uuid))
        return Response(status=204)


class CorrectionsQuery(ListQuery):
    """Which of one's corrections to list."""

    recognizer = serializers.SlugField(required=False, max_length=50, help_text="The slug of a recognizer.")
    label = serializers.SlugField(required=False, max_length=50, help_text="What they say.")  # type: ignore[assignment]
    review = serializers.ChoiceField(
        [WAITING, "accepted", "relabelled", "rejected"], required=False, help_text="What became of them."
    )

    def apply(self, found: Any) -> Any:
        """Narrow the corrections down."""
        wanted = self.validated_data
        if slug := wanted.get("recognizer"):
            found = found.filter(drawing__recognizer__slug=slug)
        if slug := wanted.get("label"):
            found = found.filter(label__slug=slug)
        if (state := wanted.get("review")) == WAITING:
            decided = Review.objects.current().exclude(decision=Review.Decision.UNDONE)
            found = found.exclude(pk__in=decided.values("correction"))
        elif state:
            found = found.filter(pk__in=Review.objects.current().filter(decision=state).values("correction"))
        return found


def _first(drawing: Any) -> Any:
    found = list(drawing.predictions.all())
    return found[-1] if found else None


def _show(found: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "drawing": str(each.drawing.uuid),
            "recognizer": each.drawing.recognizer.slug,
            **label_json(each.label),
            "created": each.created,
            "review": review_json(each.decided[0] if each.decided else None),
        }
        for each in found
    ]
