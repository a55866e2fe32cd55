"""Disputes: drawings on which the reviewers disagree."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import people
from recognizer.insights import examples
from recognizer.insights.examples import DrawingExample
from recognizer.models import Drawing, QueueEntry, Recognizer

PAGE_SIZE = 24
MAX_COUNTED = 1000


@dataclass(frozen=True)
class DisputePage:
    """Some disputed drawings, the oldest first, and the correction after which the next page starts."""

    examples: list[DrawingExample]
    after: int | None

    @property
    def review_query(self) -> str:
        """Query string for the review page."""
        return examples.review_query(self.examples)


def disputes_page(recognizer: Recognizer, *, after: int | None = None) -> DisputePage:
    """A page of the drawings that somebody has to decide. Three queries that use an index."""
    found = QueueEntry.objects.disputed().filter(people.may_train("author"), recognizer=recognizer)
    if after:
        found = found.filter(correction__gt=after)
    entries = list(found.order_by("correction").values_list("correction", "correction__drawing")[: PAGE_SIZE + 1])
    shown = entries[:PAGE_SIZE]
    drawings = Drawing.objects.defer("image").in_bulk([drawing for _correction, drawing in shown])
    in_order = [drawings[drawing] for _correction, drawing in shown if drawing in drawings]
    return DisputePage(examples.examples_of(in_order), after=shown[-1][0] if len(entries) > PAGE_SIZE else None)


def count_disputes() -> int:
    """The number of disputes; counting stops after MAX_COUNTED."""
    return QueueEntry.objects.disputed().order_by().values("pk")[: MAX_COUNTED + 1].count()
