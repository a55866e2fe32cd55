"""Coverage: how many approved drawings each label has, its goal, and how often people are asked to draw it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, ExpressionWrapper, F, FloatField, Min, Q, QuerySet, Sum, Value, Window
from django.db.models.functions import Cast, Coalesce, Greatest, Least, Ln, Random, RowNumber

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


def draw_prompts(recognizers: Iterable[Recognizer], count: int) -> dict[int, list[Label]]:
    """Up to `count` labels of each recognizer to ask people for, in a random order, by primary key of the recognizer.

    The more drawings of a label are missing, the more likely it is, and the earlier: the keys -ln(u) / weight of
    Efraimidis and Spirakis ("Weighted random sampling with a reservoir", 2006), the smallest first. One query.
    """
    goal = Coalesce(F("recognizer__policy__goal"), Policy().goal, output_field=FloatField())
    missing = 1.0 - Cast(Coalesce(F("coverage__drawings"), 0), FloatField()) / goal
    key = ExpressionWrapper(-Ln(1.0 - Random()) / Greatest(Value(MIN_WEIGHT), missing), output_field=FloatField())
    row = Window(RowNumber(), partition_by=F("recognizer"), order_by="key")
    labels = Label.objects.filter(recognizer__in=recognizers).defer("names", "codes").annotate(key=key)
    found: dict[int, list[Label]] = defaultdict(list)
    for label in labels.annotate(row=row).filter(row__lte=count).order_by("row"):
        found[label.recognizer_id].append(label)
    return found


@dataclass(frozen=True)
class CoverageSummary:
    """The coverage of all labels of a recognizer together."""

    goal: int  # of each label
    labels: int
    reached: int  # labels that have reached the goal
    missing: int  # drawings
    counted: datetime | None  # None before the first count


def coverage_goal(recognizer: Recognizer) -> int:
    """How many approved drawings each label should have."""
    policy: Policy = getattr(recognizer, "policy", None) or Policy()
    return policy.goal


def coverage_summary(recognizer: Recognizer) -> CoverageSummary:
    """One query."""
    goal = coverage_goal(recognizer)
    drawings = Least(Coalesce(F("coverage__drawings"), 0), goal)
    found = recognizer.labels.aggregate(
        labels=Count("pk"),
        reached=Count("pk", filter=Q(coverage__drawings__gte=goal)),
        drawn=Coalesce(Sum(drawings), 0),
        counted=Min("coverage__counted"),
    )
    missing = found["labels"] * goal - found["drawn"]
    return CoverageSummary(goal, found["labels"], found["reached"], missing, found["counted"])


def furthest_first(recognizer: Recognizer) -> QuerySet[Label]:
    """The labels with their counts, those with the most missing drawings first."""
    drawings = Coalesce(F("coverage__drawings"), 0)
    found = recognizer.labels.select_related("coverage").defer("names", "codes")
    return found.annotate(drawn=drawings).order_by(Least(F("drawn"), coverage_goal(recognizer)), "drawn", "position")


def label_coverage(labels: Iterable[Label], goal: int) -> list[LabelCoverage]:
    """The coverage of labels that were read with their `coverage`, in their order."""
    shown = []
    for label in labels:
        row: Coverage | None = getattr(label, "coverage", None)
        counts = (row.counted, row.drawings, row.people, row.waiting) if row else (None,)
        shown.append(LabelCoverage(label, goal, *counts))
    return shown
