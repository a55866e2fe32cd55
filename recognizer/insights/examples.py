"""Examples: drawings shown to reviewers beside what is known of their labels, each a way into the review room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import QuerySet

from accounts import people
from recognizer.drawings import thumbnails
from recognizer.models import Correction, Drawing, Label, LabelCheck, Review
from recognizer.review import decisions

MAY_TRAIN = people.may_train("drawing__author")  # what others said is nobody's to decide


@dataclass(frozen=True)
class DrawingExample:
    """One drawing, without who drew it."""

    drawing: Drawing
    correction: int | None = None  # which stands; None where its author says nothing any more
    held: Label | None = None  # what it is held for now; None where it was rejected, too
    approved: bool = False

    @cached_property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture. Its template asks several times."""
        return thumbnails.svg_path_of(self.drawing)


def examples_of(drawings: Iterable[Drawing]) -> list[DrawingExample]:
    """As it stands now, whatever the background has counted so far. Two queries."""
    shown = list(drawings)
    decided = decisions.decisions_on(shown)
    said = Correction.objects.current().filter(drawing__in=shown, label__isnull=False).select_related("label")
    corrections = {correction.drawing_id: correction for correction in said}
    return [_example(drawing, corrections.get(drawing.pk), decided[drawing.pk]) for drawing in shown]


def _example(drawing: Drawing, said: Correction | None, decided: Review | None) -> DrawingExample:
    if said is None:
        return DrawingExample(drawing)
    if decided is None:
        return DrawingExample(drawing, said.pk, said.label)
    return DrawingExample(drawing, said.pk, decided.label, approved=decided.label is not None)


def review_query(shown: Iterable[DrawingExample]) -> str:
    """For the address of the review room, which then shows them one after the other."""
    return urlencode([("correction", example.correction) for example in shown if example.correction])


def with_drawings(checks: QuerySet[LabelCheck]) -> QuerySet[LabelCheck]:
    """Label checks with what an example shows, of people who may teach; pictures are left in the database."""
    return checks.filter(MAY_TRAIN).select_related("drawing", "label").defer("drawing__image")
