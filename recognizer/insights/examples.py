"""Drawings that the insight pages show as examples, with their current labels and links to the review page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import QuerySet

from accounts import people
from recognizer.drawings import thumbnails
from recognizer.models import Correction, Drawing, Label, LabelCheck
from recognizer.review import decisions

MAY_TRAIN = people.may_train("drawing__author")  # reviewers do not decide about other drawings


@dataclass(frozen=True)
class DrawingExample:
    """One drawing, without its author."""

    drawing: Drawing
    correction: int | None = None  # id of the current one; None if the author withdrew it
    label: Label | None = None  # the current label; None without one or if it was rejected
    approved: bool = False

    @cached_property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture."""
        return thumbnails.svg_path_of(self.drawing)


def examples_of(drawings: Iterable[Drawing]) -> list[DrawingExample]:
    """Examples with today's labels, which may be newer than the counts. Two queries."""
    shown = list(drawings)
    decided = decisions.decisions_on(shown)
    said = Correction.objects.current().filter(drawing__in=shown, label__isnull=False).select_related("label")
    corrections = {correction.drawing_id: correction for correction in said}
    examples = []
    for drawing in shown:
        if (correction := corrections.get(drawing.pk)) is None:
            examples.append(DrawingExample(drawing))
        elif review := decided[drawing.pk]:
            examples.append(DrawingExample(drawing, correction.pk, review.label, approved=review.label is not None))
        else:
            examples.append(DrawingExample(drawing, correction.pk, correction.label))
    return examples


def review_query(shown: Iterable[DrawingExample]) -> str:
    """Query string for the review page, which then shows these drawings one after the other."""
    return urlencode([("correction", example.correction) for example in shown if example.correction])


def with_drawings(checks: QuerySet[LabelCheck]) -> QuerySet[LabelCheck]:
    """Label checks with their drawings and labels, without pictures, only of drawings that may be trained on."""
    return checks.filter(MAY_TRAIN).select_related("drawing", "label").defer("drawing__image")
