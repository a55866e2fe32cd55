"""Confusions: which label a version takes for which, and the drawings behind each cell."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from recognizer.insights import examples
from recognizer.insights.examples import DrawingExample
from recognizer.models import Confusion, Drawing, Label, LabelCheck, ModelVersion, Recognizer, SnapshotItem, TrainingRun

FIELD, BEFORE, LIVE = "field", "before", "live"
KINDS = {
    FIELD: _("Field test"),
    BEFORE: _("The version before, same field test"),
    LIVE: _("Live answers"),
}
PAGE_SIZE = 24
SHADES = 10  # that a cell can have, see static/css/insights.css
MAX_PAIRS = 12  # confusions in the list beside the matrix
MAX_VERSIONS = 24  # that one can choose among, the newest

Counts = Mapping[tuple[str, str], int]  # by the slugs of what was drawn and what was answered


@dataclass(frozen=True)
class ConfusionCell:
    """How often one label was taken for another, or for itself."""

    drawn: Label
    answered: Label
    count: int
    shade: int  # 0 for nothing, up to SHADES

    @property
    def right(self) -> bool:
        """It was taken for itself."""
        return self.drawn == self.answered


@dataclass(frozen=True)
class ConfusionRow:
    """What drawings of one label were taken for."""

    label: Label
    cells: list[ConfusionCell]
    total: int
    share: float | None  # of right answers; None where there are no answers


@dataclass(frozen=True)
class ConfusionMatrix:
    """Rows what was drawn, columns what was answered first."""

    labels: list[Label]
    counts: Counts

    @cached_property
    def rows(self) -> list[ConfusionRow]:
        """One for each label."""
        return [self._row(label) for label in self.labels]

    def _row(self, drawn: Label) -> ConfusionRow:
        counts = [self.counts.get((drawn.slug, answered.slug), 0) for answered in self.labels]
        total = sum(counts)
        cells = [
            ConfusionCell(drawn, answered, count, _shade(count, total, drawn == answered))
            for answered, count in zip(self.labels, counts, strict=True)
        ]
        right = self.counts.get((drawn.slug, drawn.slug), 0)
        return ConfusionRow(drawn, cells, total, right / total if total else None)

    @property
    def total(self) -> int:
        """How many answers."""
        return sum(row.total for row in self.rows)

    @property
    def right(self) -> int:
        """How many of them were right."""
        return sum(cell.count for row in self.rows for cell in row.cells if cell.right)

    @property
    def pairs(self) -> list[ConfusionCell]:
        """What is taken for something else most often."""
        wrong = [cell for row in self.rows for cell in row.cells if cell.count and not cell.right]
        return sorted(wrong, key=lambda cell: -cell.count)[:MAX_PAIRS]


def _shade(count: int, total: int, right: bool) -> int:
    """Mistakes are few: by the root of their share they can be told apart."""
    if not count:
        return 0
    share = count / total
    return max(1, math.ceil(SHADES * (share if right else share**0.5)))


@dataclass(frozen=True)
class ConfusionTest:
    """The answers of one version to one kind of drawings."""

    kind: str
    matrix: ConfusionMatrix
    counted: datetime | None  # when; None where the answers themselves were counted now


def versions_with_runs(recognizer: Recognizer) -> QuerySet[ModelVersion]:
    """Without their weights, the newest first, with the run that judged each as `judged_by`."""
    run = TrainingRun.objects.filter(version=OuterRef("pk")).values("pk")
    found = recognizer.versions.light().annotate(judged_by=Subquery(run))
    return found.order_by("-number")


def test_kinds(version: Any) -> list[str]:
    """Which tests there are of a version: only those that were taught here were judged in a field test."""
    return [FIELD, BEFORE, LIVE] if version.judged_by else [LIVE]


def confusion_test(version: Any, kind: str, labels: Iterable[Label]) -> ConfusionTest:
    """One query: the live answers were counted in the background, those of an exam are few enough to count now."""
    shown = list(labels)
    if kind == LIVE:
        found = Confusion.objects.filter(version=version.pk).first()
        counts = {(drawn, answered): times for drawn, answered, times in found.counts} if found else {}
        return ConfusionTest(kind, ConfusionMatrix(shown, counts), found.counted if found else None)
    return ConfusionTest(kind, ConfusionMatrix(shown, _exam(version, kind, shown)), None)


def _exam(version: Any, kind: str, labels: list[Label]) -> Counts:
    column = _column(kind)
    exam = SnapshotItem.objects.filter(run=version.judged_by, part=SnapshotItem.Part.EXAM)
    # The rows themselves are counted: for any column of theirs the index would not do.
    counted = exam.values_list("label", column).annotate(times=Count("*")).order_by()
    slugs = {label.pk: label.slug for label in labels}
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for drawn, answered, times in counted:
        if drawn in slugs and answered in slugs:  # an answer that is none of the labels is in no cell
            counts[slugs[drawn], slugs[answered]] += times
    return counts


def _column(kind: str) -> str:
    return "before" if kind == BEFORE else "after"


@dataclass(frozen=True)
class CellPage:
    """Some drawings of a cell, the newest first, and where the next page begins."""

    examples: list[DrawingExample]
    older: int | None  # below this drawing

    @property
    def review_query(self) -> str:
        """For the address of the review room."""
        return examples.review_query(self.examples)


def cell_drawings(version: Any, kind: str, *, drawn: Label, answered: Label, below: int | None) -> CellPage:
    """A page of the drawings of a cell; `below` is a drawing's id. A fixed number of queries, along an index."""
    if kind == LIVE:
        checks = LabelCheck.objects.filter(version=version.pk, label=drawn, answered=answered)
        found = list(examples.with_drawings(_below(checks, below)).order_by("-drawing")[: PAGE_SIZE + 1])
        return _page([check.drawing for check in found])
    part = {"part": SnapshotItem.Part.EXAM, "label": drawn, _column(kind): answered}
    items = SnapshotItem.objects.filter(examples.MAY_TRAIN, run=version.judged_by, **part)
    shown = _below(items, below).select_related("drawing").defer("drawing__image").order_by("-drawing")
    return _page([item.drawing for item in shown[: PAGE_SIZE + 1]])


def _below(rows: QuerySet[Any], drawing: int | None) -> QuerySet[Any]:
    return rows.filter(drawing__lt=drawing) if drawing else rows


def _page(found: list[Drawing]) -> CellPage:
    """With one drawing more than it shows, there is another page."""
    shown = found[:PAGE_SIZE]
    return CellPage(examples.examples_of(shown), older=shown[-1].pk if len(found) > PAGE_SIZE else None)
