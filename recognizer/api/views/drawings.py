"""A person's drawings, the answers to them, and the person's corrections."""

from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from ml.preprocessing.content import Content
from recognizer.api.base import DrawingEndpoint, Endpoint
from recognizer.api.errors import ApiError
from recognizer.api.input import (
    DRAWING_PARSERS,
    KEEP_FIELDS,
    PICTURE_PARSERS,
    DrawingBody,
    read_correction,
    read_drawing,
    read_feedback,
)
from recognizer.api.output import correction_json, drawing_json, review_json, said_json, saved_answer_json
from recognizer.api.pagination import JsonBoolean, LabelledQuery, SlugFilter, moments
from recognizer.api.throttling import DailyLimit, DrawingLimit
from recognizer.drawings import corrections, store
from recognizer.models import Correction, Drawing, Label, Prediction, Review, UnknownLabelError
from recognizer.registry.pinned import UnavailableVersionError, UnknownVersionError

WAITING = "waiting"


class DrawingsQuery(LabelledQuery):
    """Filters of a person's drawings."""

    label = SlugFilter(help_text="The author's label if there is one, else the label of the first guess.")
    corrected = JsonBoolean(required=False, help_text="Whether the author confirmed or corrected them.")
    since, until = moments()
    lookups = {"recognizer": "recognizer__slug", "since": "created__gte", "until": "created__lt"}

    def apply(self, rows: Any) -> Any:
        """The drawings that match."""
        filters, rows = self.validated_data, super().apply(rows)
        if slug := filters.get("label"):
            rows = rows.labelled(slug)
        if "corrected" in filters:
            rows = rows.corrected() if filters["corrected"] else rows.uncorrected()
        return rows


class PicturesView(DrawingEndpoint):
    """Save a picture as a drawing: it is the body, the other fields are in the query string."""

    parser_classes = PICTURE_PARSERS
    scopes = {"POST": "drawings"}
    reads_query: ClassVar[tuple[str, ...]] = ("post",)
    limit = DrawingLimit

    def post(self, request: Request) -> Response:
        """Save a drawing and its prediction."""
        body, content = read_drawing(self, request, KEEP_FIELDS)
        drawing, created = save_drawing(self, request, body, content, cast("User", request.user))
        saved = _drawings_json([drawing])[0]
        if not created:
            return Response(saved)
        return Response(saved, status=201, headers={"Location": reverse("api:drawing", args=[drawing.uuid])})


class DrawingsView(PicturesView):
    """A person's drawings."""

    parser_classes = DRAWING_PARSERS
    picture_route = "api:pictures"
    scopes = {"GET": "drawings", "POST": "drawings"}
    reads_query = ("get", "post")

    def get(self, request: Request) -> Response:
        """One's own drawings, the newest first, in pages."""
        query = DrawingsQuery.read(request)
        return query.page(query.apply(Drawing.objects.by(request.user)).with_answers(), request, _drawings_json)


class DrawingView(Endpoint):
    """One of a person's own drawings."""

    scopes = {"GET": "drawings", "DELETE": "drawings"}

    def get(self, request: Request, uuid: UUID) -> Response:
        """The drawing with its answer and correction."""
        return Response(_drawings_json([_own_drawing(request, uuid)])[0])

    def delete(self, request: Request, uuid: UUID) -> Response:
        """Delete the drawing and everything that belongs to it."""
        store.delete_drawing(drawing=_own_drawing(request, uuid))
        return Response(status=204)


class DrawingImageView(Endpoint):
    """The picture of a drawing that was sent as a picture."""

    scopes = {"GET": "drawings"}

    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """A grey PNG."""
        image = get_object_or_404(Drawing, uuid=uuid, author=request.user, ink__isnull=True).image
        return HttpResponse(bytes(image or b""), content_type="image/png", headers={"Cache-Control": "private"})


class PredictionView(Endpoint):
    """The saved answer to a drawing. It has the drawing's id: each drawing has one answer that its author was given."""

    scopes = {"GET": "feedback"}

    def get(self, request: Request, uuid: UUID) -> Response:
        """The answer as it was given, and the correction."""
        drawing = _own_drawing(request, uuid)
        answer = first_answer(drawing)
        correction = correction_json(drawing.current_correction, answer)
        return Response({**saved_answer_json(drawing, answer), "correction": correction})


class FeedbackView(Endpoint):
    """Feedback on a saved answer: a correction, which waits for a review like any other."""

    scopes = {"POST": "feedback"}
    limit = DrawingLimit

    def post(self, request: Request, uuid: UUID) -> Response:
        """Confirm the first guess, name the right label, or say that none is right."""
        drawing = _own_drawing(request, uuid)
        answer = first_answer(drawing)
        if not drawing.author.has_consented:
            raise store.ConsentRequiredError
        body = read_feedback(request.data)
        label = answer.given.label.slug if body.correct else body.chosen()
        correction = _save_correction(drawing, label)
        return Response({"prediction": str(drawing.uuid), "correction": correction_json(correction, answer)})


class CorrectionView(Endpoint):
    """The author's correction of a drawing."""

    scopes = {"GET": "drawings", "PUT": "drawings", "DELETE": "drawings"}
    limit = DrawingLimit

    def get(self, request: Request, uuid: UUID) -> Response:
        """The current correction; 404 if there is none."""
        drawing = _own_drawing(request, uuid)
        shown = correction_json(drawing.current_correction, _answer_or_none(drawing))
        if shown is None:
            raise Http404
        return Response(shown)

    def put(self, request: Request, uuid: UUID) -> Response:
        """Confirm or correct. Sending the same again changes nothing."""
        drawing = _own_drawing(request, uuid)
        correction = _save_correction(drawing, *read_correction(request.data))
        return Response(correction_json(correction, _answer_or_none(drawing)))

    def delete(self, request: Request, uuid: UUID) -> Response:
        """Take the correction back."""
        corrections.take_back(drawing=_own_drawing(request, uuid))
        return Response(status=204)


class CorrectionsQuery(LabelledQuery):
    """Filters of a person's corrections."""

    label = SlugFilter(help_text="The corrected label.")
    review = serializers.ChoiceField(
        [WAITING, "accepted", "relabelled", "rejected"], required=False, help_text="The result of the review."
    )
    lookups = {"recognizer": "drawing__recognizer__slug", "label": "label__slug"}

    def apply(self, rows: Any) -> Any:
        """The corrections that match."""
        rows = super().apply(rows)
        if (state := self.validated_data.get("review")) == WAITING:
            decided = Review.objects.current().exclude(decision=Review.Decision.UNDONE)
            rows = rows.exclude(pk__in=decided.values("correction")).filter(none_of_these=False)  # nobody reviews these
        elif state:
            rows = rows.filter(pk__in=Review.objects.current().filter(decision=state).values("correction"))
        return rows


class CorrectionsView(Endpoint):
    """A person's corrections and the reviews of them."""

    scopes = {"GET": "drawings"}
    reads_query = ("get",)

    def get(self, request: Request) -> Response:
        """The current corrections, the newest first, in pages."""
        query = CorrectionsQuery.read(request)
        current = Correction.objects.current().filter(drawing__author=request.user.pk).saying_something()
        reviews = Prefetch("reviews", Review.objects.current().select_related("label"), to_attr="current_reviews")
        rows = query.apply(current).select_related("label", "drawing__recognizer").prefetch_related(reviews)
        return query.page(rows.defer("drawing__ink", "drawing__image"), request, _corrections_json)


def save_drawing(
    view: Endpoint, request: Request, body: DrawingBody, content: Content, author: User
) -> tuple[Drawing, bool]:
    """The saved drawing of a request, and whether it is new.

    Raises ApiError if the person saved as many today as is allowed, and what `store.save_drawing` raises.
    """
    limit, new = DailyLimit(), False
    if not limit.allow_request(request, view):
        raise ApiError("daily_limit", wait=limit.wait())
    try:
        drawing, new = store.save_drawing(
            recognizer=body.recognizer,
            content=content,
            as_of=body.as_of,
            author=author,
            uuid=body.uuid,
            personal=bool(body.personal),
            on_device=body.on_device,
        )
    except (UnknownVersionError, UnavailableVersionError) as error:
        if body.on_device is None:
            raise
        code = "unknown_version" if isinstance(error, UnknownVersionError) else "version_unavailable"
        text = _("The version in `on_device` cannot be used: %s. Leave it out to get the answer of the live version.")
        raise ApiError(code, text % error, field="on_device") from error
    finally:
        if not new:
            limit.undo(view, 1)
    return drawing, new


def first_answer(drawing: Drawing) -> Prediction:
    """The answer that the author was given. Needs `with_answers()`. Raises Http404: imported drawings may have none."""
    answer = _answer_or_none(drawing)
    if answer is None:
        raise Http404
    return answer


def _answer_or_none(drawing: Drawing) -> Prediction | None:
    answers = list(drawing.predictions.all())
    return answers[-1] if answers else None


def _own_drawing(request: Request, uuid: UUID) -> Drawing:
    return get_object_or_404(Drawing.objects.with_answers(), uuid=uuid, author=request.user)


def _save_correction(drawing: Drawing, label: str | None, origin: str = "") -> Correction:
    if label is None:
        return corrections.mark_none_of_these(drawing=drawing)
    try:
        return corrections.correct(drawing=drawing, label=label, origin=origin)
    except UnknownLabelError as error:
        known = ", ".join(drawing.recognizer.labels.values_list("slug", flat=True))
        text = _("The recognizer has no label %(label)s. Use one of: %(known)s.")
        raise ApiError("unknown_label", text % {"label": repr(label), "known": known}, field="label") from error


def _drawings_json(drawings: list[Any]) -> list[dict[str, Any]]:
    labels: dict[int, dict[str, Label]] = {drawing.recognizer_id: {} for drawing in drawings}
    for label in Label.objects.filter(recognizer__in=labels):
        labels[label.recognizer_id][label.slug] = label
    return [drawing_json(drawing, labels[drawing.recognizer_id]) for drawing in drawings]


def _corrections_json(rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "drawing": str(row.drawing.uuid),
            "recognizer": row.drawing.recognizer.slug,
            **said_json(row),
            "created": row.created,
            "review": review_json(row.current_reviews[0] if row.current_reviews else None),
        }
        for row in rows
    ]
