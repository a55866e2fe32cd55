"""Kept answers, and what their person says of them.

An answer is found by the id of its drawing: a drawing has one answer that its author was given, and what they say is
said of the drawing. An id of its own would be a second name for the same thing.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.base import Endpoint
from recognizer.api.drawing_input import read_slug
from recognizer.api.errors import ApiError
from recognizer.api.etags import ConditionalEndpoint
from recognizer.api.output import correction_json, kept_json
from recognizer.api.requests import first_answer, own_drawing, refusals, say
from recognizer.api.throttling import DrawingLimit
from recognizer.drawings import store
from recognizer.models import Drawing, Prediction


class PredictionView(ConditionalEndpoint):
    """One kept answer of one's own."""

    scopes = {"GET": "feedback"}

    def get(self, request: Request, uuid: UUID) -> Response:
        """The answer as it was given, and what its person says of it."""
        drawing = own_drawing(request, uuid)
        answer = first_answer(drawing)
        said = drawing.current_correction
        return Response({**kept_json(drawing, answer), "correction": correction_json(said, answer)})


class FeedbackView(Endpoint):
    """What the person says of an answer; it waits for a review like any other correction."""

    throttle_classes = [DrawingLimit]
    scopes = {"POST": "feedback"}

    def post(self, request: Request, uuid: UUID) -> Response:
        """That it was right, or what would have been; saying the same again changes nothing."""
        drawing = own_drawing(request, uuid)
        answer = first_answer(drawing)
        if not drawing.author.has_consented:
            with refusals():
                raise store.ConsentRequiredError
        correction = say(drawing, _label(request.data, answer, drawing))
        return Response({"prediction": str(drawing.uuid), "correction": correction_json(correction, answer)})


def _label(data: Any, answer: Prediction, drawing: Drawing) -> str:
    """The slug that stands for what was said."""
    if not isinstance(data, dict) or "correct" not in data:
        return read_slug(data, "label")
    if data["correct"] is not True or data.get("label") is not None:
        text = _("Send either `label`, which it is, or `correct` as true where the first guess was right.")
        raise ApiError("invalid", text, field="correct")
    return answer.given.label.slug
