"""Label errors: approved drawings whose label is doubtful, by what a version says that was not taught with them.

As in confident learning: a version that studied a drawing repeats what it was told, so only one that did not is asked.
What it gives the label is held against what it gives the likeliest other one: the smaller the difference, the higher
the drawing stands in the list. It is listed only if the other label gets at least as much as that label usually gets
from drawings that are held for it: labels on which versions are always unsure would fill the list otherwise.
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
MAX_DOUBTFUL = 1_000  # drawings that the list tells of, the most doubtful
USUAL = 0.5  # what another label has to get where there is nothing to go by, and "no label at all" always


@dataclass(frozen=True)
class DoubtfulLabel:
    """A drawing whose label is doubtful, and why."""

    check: LabelCheck
    example: DrawingExample

    @property
    def is_settled(self) -> bool:
        """It was decided otherwise since the background last looked."""
        return self.example.held != self.check.label or not self.example.approved

    @property
    def number(self) -> int:
        """Of the version that doubts."""
        return self.check.judge.number if self.check.judge else 0

    @property
    def rival(self) -> Label | None:
        """What that version takes it for; None: for no label at all."""
        return self.check.rival

    @property
    def usual(self) -> float | None:
        """What versions give that label on average where it is right; None where nobody knows."""
        return getattr(getattr(self.rival, "coverage", None), "confidence", None)


def doubtful_checks(recognizer: Recognizer, *, label: Label | None = None) -> QuerySet[LabelCheck]:
    """The most doubtful first, at most `MOST`."""
    approved = LabelCheck.objects.filter(recognizer=recognizer, approved=True, margin__lt=0)
    if label:
        approved = approved.filter(label=label)
    usual = Coalesce(F("rival__coverage__confidence"), Value(USUAL), output_field=FloatField())
    sure = examples.with_drawings(approved.annotate(usual=usual)).filter(rival_share__gte=F("usual"))
    found = sure.select_related("drawing", "label", "rival__coverage", "judge")
    heavy = heavy_fields("judge")
    return found.defer("drawing__image", *heavy).order_by("margin", "drawing")[:MAX_DOUBTFUL]


def doubtful_labels(page: list[LabelCheck]) -> list[DoubtfulLabel]:
    """As a page shows them."""
    shown = examples.examples_of([check.drawing for check in page])
    return [DoubtfulLabel(check, example) for check, example in zip(page, shown, strict=True)]
