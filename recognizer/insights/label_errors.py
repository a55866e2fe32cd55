"""Label errors: approved drawings whose label is doubtful, according to a version that was not trained on them.

The method is confident learning (Northcutt et al., 2021). A version trained on a drawing repeats its label, so only a
version that was not trained on it counts. The list is sorted by the margin: the probability of the label minus that of
the most likely other label. A drawing is listed only if the other label gets at least the probability that it gets on
average for drawings of that label. Otherwise labels about which versions are always unsure would fill the list.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, FloatField, QuerySet, Value
from django.db.models.functions import Coalesce

from recognizer.insights import examples
from recognizer.insights.examples import DrawingExample
from recognizer.models import Label, LabelCheck, Recognizer
from recognizer.models.model_version import heavy_fields

PAGE_SIZE = 24
MAX_DOUBTFUL = 1_000  # drawings in the list, the most doubtful ones
DEFAULT_CONFIDENCE = 0.5  # what the other label needs if no average is known, and "no label at all" always


@dataclass(frozen=True)
class DoubtfulLabel:
    """A drawing with a doubtful label, and why it is doubtful."""

    check: LabelCheck
    example: DrawingExample

    @property
    def is_settled(self) -> bool:
        """Whether it was reviewed again since the background checked it."""
        return self.example.label != self.check.label or not self.example.approved

    @property
    def number(self) -> int:
        """Number of the version that was asked."""
        return self.check.judge.number if self.check.judge else 0

    @property
    def rival(self) -> Label | None:
        """The most likely other label; None for no label at all."""
        return self.check.rival

    @property
    def usual(self) -> float | None:
        """The average probability of that label where it is right; None if unknown."""
        return getattr(getattr(self.rival, "coverage", None), "confidence", None)


def doubtful_checks(recognizer: Recognizer, *, label: Label | None = None) -> QuerySet[LabelCheck]:
    """The most doubtful first, at most MAX_DOUBTFUL."""
    approved = LabelCheck.objects.filter(recognizer=recognizer, approved=True, margin__lt=0)
    if label:
        approved = approved.filter(label=label)
    usual = Coalesce(F("rival__coverage__confidence"), Value(DEFAULT_CONFIDENCE), output_field=FloatField())
    sure = examples.with_drawings(approved.annotate(usual=usual)).filter(rival_share__gte=F("usual"))
    found = sure.select_related("drawing", "label", "rival__coverage", "judge")
    heavy = heavy_fields("judge")
    return found.defer("drawing__image", *heavy).order_by("margin", "drawing")[:MAX_DOUBTFUL]


def doubtful_labels(page: list[LabelCheck]) -> list[DoubtfulLabel]:
    """The checks of a page with their drawings."""
    shown = examples.examples_of([check.drawing for check in page])
    return [DoubtfulLabel(check, example) for check, example in zip(page, shown, strict=True)]
