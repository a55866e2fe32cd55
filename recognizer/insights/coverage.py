"""Coverage: how many approved drawings each label has, its goal, and how often people are asked to draw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from recognizer.models import Coverage, Label, Policy, Recognizer

MIN_WEIGHT = 0.1  # of a label that has reached its goal; a label without drawings has 1


@dataclass(frozen=True)
class LabelCoverage:
    """The coverage of one label."""

    label: Label
    goal: int
    counted: datetime | None  # None before the first count
    drawings: int = 0  # approved
    people: int = 0  # their authors
    waiting: int = 0  # for a review

    @property
    def missing(self) -> int:
        """How many drawings are missing to reach the goal."""
        return max(0, self.goal - self.drawings)

    @property
    def share(self) -> float:
        """Share of the goal that is reached, from 0 to 1."""
        return 1 - self.missing / self.goal

    @property
    def width(self) -> str:
        """Width of its bar as a percentage for SVG, the same in every language."""
        return f"{self.share:.1%}"

    @property
    def weight(self) -> float:
        """How often people are asked to draw this label, relative to others: the more are missing, the more often."""
        return round(max(MIN_WEIGHT, 1 - self.share), 2)


def with_coverage(recognizers: QuerySet[Recognizer]) -> QuerySet[Recognizer]:
    """Prefetch the labels with their counts, and the policy. One more query."""
    labels = Label.objects.select_related("coverage")
    return recognizers.select_related("policy").prefetch_related(Prefetch("labels", labels))


def label_coverage(recognizer: Recognizer) -> list[LabelCoverage]:
    """The labels of a recognizer from `with_coverage`, in their order."""
    policy: Policy = getattr(recognizer, "policy", None) or Policy()
    shown = []
    for label in recognizer.labels.all():
        row: Coverage | None = getattr(label, "coverage", None)
        counts = (row.counted, row.drawings, row.people, row.waiting) if row else (None,)
        shown.append(LabelCoverage(label, policy.goal, *counts))
    return shown


def furthest_first(shown: Sequence[LabelCoverage]) -> list[LabelCoverage]:
    """Sorted by the number of missing drawings, most first."""
    return sorted(shown, key=lambda line: (-line.missing, line.drawings))


def counted_at(shown: Sequence[LabelCoverage]) -> datetime | None:
    """When the counts were made; None before the first count."""
    return min((line.counted for line in shown if line.counted), default=None)
