"""Confusion matrices: which label a version takes for which, and the drawings behind each cell."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
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
    BEFORE: _("Previous version, same field test"),
    LIVE: _("Live answers"),
}
PAGE_SIZE = 24
SHADES = 10  # of a cell, see static/css/insights.css
MAX_PAIRS = 12  # in the list beside the matrix
MOST_LABELS = 60  # in a matrix; of more labels only those in the list of pairs are
MAX_VERSIONS = 24  # the newest ones, to choose from

ConfusionCounts = Mapping[tuple[str, str], int]  # by the slugs of (drawn, answered)


@dataclass(frozen=True)
class ConfusionCell:
    """How often one label was taken for another, or for itself."""

    drawn: Label
    answered: Label
    count: int
    shade: int  # 0 for nothing, up to SHADES

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return self.drawn == self.answered


@dataclass(frozen=True)
class ConfusionRow:
    """How the drawings of one label were answered."""

    label: Label
    cells: list[ConfusionCell]
    total: int
    share: float | None  # of right answers; None without answers


@dataclass(frozen=True)
class ConfusionMatrix:
    """Rows are what was drawn, columns what was answered first. Of very many labels only the most confused ones."""

    labels: list[Label]
    counts: ConfusionCounts  # of all labels
    is_part: bool = False

    @cached_property
    def _drawn(self) -> Counter[str]:
        """How many drawings of each label were answered."""
        totals: Counter[str] = Counter()
        for (drawn, _answered), count in self.counts.items():
            totals[drawn] += count
        return totals

    @cached_property
    def rows(self) -> list[ConfusionRow]:
        """One row for each label."""
        rows = []
        for drawn in self.labels:
            total = self._drawn[drawn.slug]
            cells = []
            for answered in self.labels:
                count = self.counts.get((drawn.slug, answered.slug), 0)
                cells.append(ConfusionCell(drawn, answered, count, _shade(count, total, drawn == answered)))
            right = self.counts.get((drawn.slug, drawn.slug), 0)
            rows.append(ConfusionRow(drawn, cells, total, right / total if total else None))
        return rows

    @property
    def total(self) -> int:
        """Number of answers."""
        return sum(self._drawn.values())

    @property
    def right(self) -> int:
        """Number of right answers."""
        return sum(count for (drawn, answered), count in self.counts.items() if drawn == answered)

    @property
    def pairs(self) -> list[ConfusionCell]:
        """The most frequent confusions."""
        known = {label.slug: label for label in self.labels}
        return [
            ConfusionCell(known[drawn], known[answered], self.counts[drawn, answered], 0)
            for drawn, answered in most_confused(self.counts)[:MAX_PAIRS]
        ]


def most_confused(counts: ConfusionCounts) -> list[tuple[str, str]]:
    """The pairs of slugs that were confused, the most frequent first."""
    wrong = [(drawn, answered) for (drawn, answered), count in counts.items() if count and drawn != answered]
    return sorted(wrong, key=lambda pair: -counts[pair])


def _shade(count: int, total: int, right: bool) -> int:
    """From 0 to SHADES. Mistakes are few, so the square root of their share is used."""
    if not count:
        return 0
    share = count / total
    return max(1, math.ceil(SHADES * (share if right else share**0.5)))


@dataclass(frozen=True)
class ConfusionTest:
    """The answers of one version to one kind of drawings."""

    kind: str
    matrix: ConfusionMatrix
    counted: datetime | None  # when; None if they were counted now


def versions_with_runs(recognizer: Recognizer) -> QuerySet[ModelVersion]:
    """The versions without their weights, newest first, with the id of their training run as `judged_by`."""
    run = TrainingRun.objects.filter(version=OuterRef("pk")).values("pk")
    found = recognizer.versions.light().annotate(judged_by=Subquery(run))
    return found.order_by("-number")


def test_kinds(version: Any) -> list[str]:
    """The tests of a version. Only versions trained here have a field test."""
    return [FIELD, BEFORE, LIVE] if version.judged_by else [LIVE]


def confusion_test(version: Any, kind: str, recognizer: Recognizer) -> ConfusionTest:
    """Three queries. Live answers are counted in the background; those of an exam are few enough to count now."""
    if kind == LIVE:
        found = Confusion.objects.filter(version=version.pk).first()
        counts = {(drawn, answered): times for drawn, answered, times in found.counts} if found else {}
        return ConfusionTest(kind, _matrix(recognizer, counts), found.counted if found else None)
    return ConfusionTest(kind, _matrix(recognizer, _count_exam(version, kind)), None)


def _matrix(recognizer: Recognizer, counts: ConfusionCounts) -> ConfusionMatrix:
    """Of all labels, or of those in the most frequent confusions where a page cannot show all."""
    labels = recognizer.labels.defer("names", "codes")
    shown = list(labels[: MOST_LABELS + 1])
    if len(shown) <= MOST_LABELS:
        known = {label.slug for label in shown}
        return ConfusionMatrix(shown, {pair: count for pair, count in counts.items() if known.issuperset(pair)})
    slugs = {slug for pair in most_confused(counts)[:MAX_PAIRS] for slug in pair}
    return ConfusionMatrix(list(labels.filter(slug__in=slugs)), counts, is_part=True)


def _count_exam(version: Any, kind: str) -> ConfusionCounts:
    column = _column(kind)
    exam = SnapshotItem.objects.filter(run=version.judged_by, part=SnapshotItem.Part.EXAM)
    # Count("*") and not Count of a column, because only then the index is enough.
    counted = list(exam.values_list("label", column).annotate(times=Count("*")).order_by())
    slugs = dict(Label.objects.filter(pk__in={pk for row in counted for pk in row[:2]}).values_list("pk", "slug"))
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for drawn, answered, times in counted:
        if drawn in slugs and answered in slugs:  # an answer without a label here is in no cell
            counts[slugs[drawn], slugs[answered]] += times
    return counts


def _column(kind: str) -> str:
    return "before" if kind == BEFORE else "after"


@dataclass(frozen=True)
class CellPage:
    """Some drawings of a cell, the newest first, and where the next page starts."""

    examples: list[DrawingExample]
    older: int | None  # the next page has smaller ids than this one

    @property
    def review_query(self) -> str:
        """Query string for the review page."""
        return examples.review_query(self.examples)


def cell_drawings(version: Any, kind: str, *, drawn: Label, answered: Label, below: int | None) -> CellPage:
    """A page of the drawings of a cell with ids below `below`. A fixed number of queries that use an index."""
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
    """`found` has one drawing more than a page if there is another page."""
    shown = found[:PAGE_SIZE]
    return CellPage(examples.examples_of(shown), older=shown[-1].pk if len(found) > PAGE_SIZE else None)
