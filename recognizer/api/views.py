"""The API that the site's own pages are built on: each view checks, calls one verb, answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import corrections, drawings, elsewhere, registry
from recognizer.api.authentication import SiteSession
from recognizer.api.errors import ApiError
from recognizer.api.fields import Sent, read_drawing, read_slug
from recognizer.api.limits import DrawingLimit, PictureLimit, PredictLimit, check
from recognizer.api.representations import (
    answer_json,
    correction_json,
    drawing_json,
    elsewhere_json,
    recognizer_json,
)
from recognizer.models import Drawing, Label, Promotion, Recognizer


class RecognizersView(APIView):
    """What can be recognised here."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """All recognizers with their labels and active versions."""
        newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id").values("model_version__number")[:1]
        found = Recognizer.objects.prefetch_related("labels").annotate(active_number=Subquery(newest))
        return Response({"results": [recognizer_json(item, item.active_number) for item in found]})


class PredictView(APIView):
    """An answer, and nothing is kept."""

    permission_classes = [AllowAny]
    throttle_classes = [PredictLimit]

    def post(self, request: Request) -> Response:
        """Ranked guesses for ink or a picture."""
        sent = _read(self, request)
        person = request.user if _wants_personal(request, sent) else None
        answer = _or_api_error(drawings.recognise, sent, person=person)
        found = elsewhere.look(content=sent.content, than=answer) if sent.elsewhere else None
        asked = {"elsewhere": elsewhere_json(found)} if sent.elsewhere else {}
        return Response(answer_json(answer) | asked)


class DrawingsView(APIView):
    """A person's drawings."""

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
        sent = _read(self, request)
        more = {"author": request.user, "uuid": sent.uuid, "personal": _wants_personal(request, sent)}
        drawing, created = _or_api_error(drawings.keep, sent, **more)
        return Response(_drawing(drawing), status=201 if created else 200)


class DrawingView(APIView):
    """One drawing of one's own."""

    def get(self, request: Request, uuid: UUID) -> Response:
        """The drawing with its answer and correction."""
        return Response(_drawing(own_drawing(request, uuid)))

    def delete(self, request: Request, uuid: UUID) -> Response:
        """Really delete it."""
        drawings.delete(drawing=own_drawing(request, uuid))
        return Response(status=204)


class DrawingImageView(APIView):
    """The picture of a drawing that came as one."""

    def get(self, request: Request, uuid: UUID) -> HttpResponse:
        """A grey PNG."""
        image = get_object_or_404(Drawing, uuid=uuid, author=request.user, ink__isnull=True).image
        return HttpResponse(bytes(image or b""), content_type="image/png", headers={"Cache-Control": "private"})


class CorrectionView(APIView):
    """What its author says a drawing is."""

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


class NothingHereView(APIView):
    """Every other address below the API: an error of the API's shape instead of a page."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer before anything else is looked at."""
        raise Http404


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


def own_drawing(request: Request, uuid: UUID) -> Drawing:
    """A drawing of the person who asks; another's does not exist for them."""
    return get_object_or_404(Drawing.objects.with_answers(), uuid=uuid, author=request.user)


def _read(view: APIView, request: Request) -> Sent:
    """The drawing of a request; a picture is counted before it is decoded."""
    if isinstance(request.data, dict) and request.data.get("image") is not None:
        check(PictureLimit(), request, view)
    return read_drawing(request.data)


def _wants_personal(request: Request, sent: Sent) -> bool:
    """On the site a memory has its say unless its person asks for the model alone; elsewhere they have to ask."""
    on_the_site = isinstance(request.successful_authenticator, SiteSession)
    wanted = on_the_site if sent.personal is None else sent.personal
    return wanted and request.user.is_authenticated


def _or_api_error(verb: Any, sent: Sent, **more: Any) -> Any:
    """Call a verb and give what it refuses a code and a status."""
    try:
        return verb(recognizer=sent.recognizer, content=sent.content, **more)
    except registry.UnknownRecognizerError as error:
        text = _("There is no such recognizer. GET /api/v1/recognizers lists them.")
        raise ApiError("unknown_recognizer", text, field="recognizer", status_code=404) from error
    except registry.NoModelError as error:
        text = _("This recognizer has no model yet. Try again later, or ask who runs the site.")
        raise ApiError("no_model", text, field="recognizer", status_code=503) from error
    except drawings.ConsentRequiredError as error:
        text = _("Drawings are kept only with your consent. Give it on your account page.")
        raise ApiError("consent_required", text, status_code=403) from error
    except drawings.TakenError as error:
        raise ApiError("id_taken", _("This id is taken. Make a new UUID."), field="id", status_code=409) from error


def _drawing(drawing: Drawing) -> dict[str, Any]:
    return drawing_json(drawing, _labels({drawing.recognizer_id})[drawing.recognizer_id])


def _labels(recognizers: set[int]) -> dict[int, dict[str, Label]]:
    """The labels of these recognizers by their slugs, in one query."""
    found: dict[int, dict[str, Label]] = {pk: {} for pk in recognizers}
    for label in Label.objects.filter(recognizer__in=recognizers):
        found[label.recognizer_id][label.slug] = label
    return found
