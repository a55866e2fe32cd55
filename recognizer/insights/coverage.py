"""Coverage: how much there is of each label, against the goal; and what the sheet therefore asks for more often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from recognizer.models import Coverage, Label, Policy, Recognizer

MIN_WEIGHT = 0.1  # what a label weighs that has reached its goal, beside 1 for one of which there is nothing


@dataclass(frozen=True)
class LabelCoverage:
    """One label: what there is of it, and what is missing."""

    label: Label
    goal: int

    @property
    def counted(self) -> Coverage | None:
        """What was counted; None where nobody has counted yet."""
        return getattr(self.label, "coverage", None)

    @property
    def drawings(self) -> int:
        """That are approved."""
        return self.counted.drawings if self.counted else 0

    @property
    def people(self) -> int:
        """Who drew them."""
        return self.counted.people if self.counted else 0

    @property
    def waiting(self) -> int:
        """That wait for a reviewer."""
        return self.counted.waiting if self.counted else 0

    @property
    def missing(self) -> int:
        """To the goal."""
        return max(0, self.goal - self.drawings)

    @property
    def share(self) -> float:
        """Of the goal, up to 1."""
        return 1 - self.missing / self.goal

    @property
    def width(self) -> str:
        """Of its bar, as SVG understands it in any language."""
        return f"{self.share:.1%}"

    @property
    def weight(self) -> float:
        """How often the sheet asks for it, beside others: the further from its goal, the more often."""
        return round(max(MIN_WEIGHT, 1 - self.share), 2)


def with_coverage(recognizers: QuerySet[Recognizer]) -> QuerySet[Recognizer]:
    """Together with their labels, what was counted of those, and the goal. One query more."""
    labels = Label.objects.select_related("coverage")
    return recognizers.select_related("policy").prefetch_related(Prefetch("labels", labels))


def label_coverage(recognizer: Recognizer) -> list[LabelCoverage]:
    """The labels of one of `with_labels`, in their order."""
    policy: Policy = getattr(recognizer, "policy", None) or Policy()
    return [LabelCoverage(label, policy.goal) for label in recognizer.labels.all()]


def furthest_first(shown: Sequence[LabelCoverage]) -> list[LabelCoverage]:
    """Those that lack the most stand first."""
    return sorted(shown, key=lambda line: (-line.missing, line.drawings))


def counted_at(shown: Sequence[LabelCoverage]) -> datetime | None:
    """When."""
    return min((line.counted.counted for line in shown if line.counted), default=None)
