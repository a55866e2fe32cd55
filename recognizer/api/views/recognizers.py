"""The recognizers of the site and their labels."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.base import Endpoint
from recognizer.api.output import coded_label_json, recognizer_json
from recognizer.api.preconditions import not_modified
from recognizer.models import Promotion, Recognizer
from recognizer.registry import label_lists
from recognizer.registry.version_facts import Glyphs

REVALIDATE = "public, no-cache"  # labels rarely change


class RecognizersView(Endpoint):
    """All recognizers that are switched on."""

    scopes = {"GET": None}
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """All of them on one page, in the order of the site, with their labels and live versions."""
        results = [recognizer_json(each, each.live_number) for each in _with_live_number().filter(is_on=True)]
        return Response({"results": results, "next": None})


class RecognizerView(Endpoint):
    """One recognizer."""

    scopes = {"GET": None}
    permission_classes = [AllowAny]

    def get(self, request: Request, slug: str) -> Response:
        """The recognizer with its labels and its live version; if it is switched off, without a live version."""
        found = get_object_or_404(_with_live_number(), slug=slug)
        return Response(recognizer_json(found, found.live_number if found.is_on else None))


class LabelsView(Endpoint):
    """The labels of one recognizer."""

    scopes = {"GET": None}
    permission_classes = [AllowAny]

    def get(self, request: Request, slug: str) -> HttpResponse:
        """All of them with their further names and codes, and the address of their shapes if there are any."""
        recognizer = get_object_or_404(Recognizer, slug=slug)
        glyphs = label_lists.live_glyphs().get(recognizer.pk)
        address = glyphs.address if glyphs else None
        summary = label_lists.summaries([recognizer.pk]).get(recognizer.pk, label_lists.NO_LABELS)
        shapes = address.rpartition("/")[2] if address else ""
        etag = f'"{slug}-{summary.revision}-{shapes}"'
        response = not_modified(request, etag) or Response(_labels_json(recognizer, glyphs))
        response["ETag"] = etag
        response["Cache-Control"] = REVALIDATE
        return response


def _labels_json(recognizer: Recognizer, glyphs: Glyphs | None) -> dict[str, Any]:
    drawn = glyphs.slugs if glyphs else ()
    labels = recognizer.labels.all()
    for label in labels:
        label.recognizer = recognizer  # its prompt says how a label is asked for
    return {
        "results": [{**coded_label_json(each), "drawn": each.slug in drawn} for each in labels],
        "next": None,
        "glyphs": glyphs.address if glyphs else None,
    }


def _with_live_number() -> QuerySet[Any]:
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id").values("model_version__number")[:1]
    return Recognizer.objects.prefetch_related("labels").annotate(live_number=Subquery(newest))
