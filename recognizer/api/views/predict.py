"""Answers that are not kept."""

from __future__ import annotations

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer import drawings, elsewhere
from recognizer.api.asking import or_api_error, read, wants_personal
from recognizer.api.endpoint import Endpoint
from recognizer.api.limits import PredictLimit
from recognizer.api.representations import answer_json, elsewhere_json


class PredictView(Endpoint):
    """An answer, and nothing is kept."""

    scopes = {"POST": "predict"}

    permission_classes = [AllowAny]
    throttle_classes = [PredictLimit]

    def post(self, request: Request) -> Response:
        """Ranked guesses for ink or a picture."""
        sent = read(self, request)
        person = request.user if wants_personal(request, sent) else None
        answer = or_api_error(drawings.recognise, sent, person=person)
        found = elsewhere.look(content=sent.content, than=answer) if sent.elsewhere else None
        asked = {"elsewhere": elsewhere_json(found)} if sent.elsewhere else {}
        return Response(answer_json(answer) | asked)
