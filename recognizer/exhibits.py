"""Exhibits: drawings shown to reviewers beside what is known of their labels, each a way into the review room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from recognizer import thumbnails
from recognizer.models import Correction, Drawing, Label, LabelCheck

AGREED = {"drawing__author__consented_at__isnull": False}  # what was said by people who left is nobody's to decide


@dataclass(frozen=True)
class Exhibit:
    """One drawing, without who drew it."""

    drawing: Drawing
    correction: int | None = None  # which stands; None where its author says nothing any more
    held: Label | None = None  # what it is held for now
    approved: bool = False

    @property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture."""
        return thumbnails.path(self.drawing.ink) if self.drawing.ink else ""


def of_checks(checks: Iterable[LabelCheck]) -> list[Exhibit]:
    """Of label checks that come with drawing and label."""
    return [Exhibit(check.drawing, check.correction_id, check.label, check.approved) for check in checks]


def of_drawings(drawings: Iterable[Drawing]) -> list[Exhibit]:
    """Of any drawings. Two queries."""
    shown = list(drawings)
    checks = LabelCheck.objects.select_related("label").in_bulk([drawing.pk for drawing in shown])
    said = Correction.objects.standing().filter(drawing__in=shown, label__isnull=False)
    corrections = dict(said.values_list("drawing", "pk"))
    found = []
    for drawing in shown:
        check = checks.get(drawing.pk)
        held, approved = (check.label, check.approved) if check else (None, False)
        found.append(Exhibit(drawing, corrections.get(drawing.pk), held, approved))
    return found


def with_drawings(checks: QuerySet[LabelCheck]) -> QuerySet[LabelCheck]:
    """Label checks with what an exhibit shows, of people who still agree; pictures are left in the database."""
    return checks.filter(**AGREED).select_related("drawing", "label").defer("drawing__image")
