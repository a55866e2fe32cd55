"""What authors say their drawings are."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer import corrections
from recognizer.api.asking import own_drawing
from recognizer.api.endpoint import Endpoint
from recognizer.api.errors import ApiError
from recognizer.api.fields import read_slug
from recognizer.api.limits import DrawingLimit
from recognizer.api.representations import correction_json


class CorrectionView(Endpoint):
    """What its author says a drawing is."""

    scopes = {"PUT": "drawings", "DELETE": "drawings"}

    throttle_classes = [DrawingLimit]

    def put(self, request: Request, uuid: UUID) -> Response:
        """Confirm or correct; saying the same again changes nothing."""
        drawing = own_drawing(request, uuid)
        try:
            correction = corrections.correct(drawing=drawing, label=read_slug(request.data, "label"))
        except corrections.UnknownLabelError as error:
            known = ", ".join(drawing.recognizer.labels.values_list("slug", flat=True))
            raise ApiError(
                "unknown_label", _("There is no such label. Use one of: %s.") % known, field="label"
            ) from error
        first = drawing.predictions.all()
        return Response(correction_json(correction, list(first)[-1] if first else None))

    def delete(self, request: Request, uuid: UUID) -> Response:
        """Take it back."""
        corrections.take_back(drawing=own_drawing(request, uuid))
        return Response(status=204)
