"""Disputes: what reviewers do not agree on, and what keeps the policies from being met."""

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
    """Some of them, the oldest first, and after which correction the next page begins."""

    examples: list[DrawingExample]
    after: int | None

    @property
    def review_query(self) -> str:
        """For the address of the review room."""
        return examples.review_query(self.examples)


def disputes_page(recognizer: Recognizer, *, after: int | None = None) -> DisputePage:
    """A page of drawings that wait for who settles disputes. Three queries, along an index."""
    found = QueueEntry.objects.disputed().filter(people.may_train("author"), recognizer=recognizer)
    if after:
        found = found.filter(correction__gt=after)
    places = list(found.order_by("correction").values_list("correction", "correction__drawing")[: PAGE_SIZE + 1])
    shown = places[:PAGE_SIZE]
    drawings = Drawing.objects.defer("image").in_bulk([drawing for _correction, drawing in shown])
    in_order = [drawings[drawing] for _correction, drawing in shown if drawing in drawings]
    return DisputePage(examples.examples_of(in_order), after=shown[-1][0] if len(places) > PAGE_SIZE else None)


def count_disputes() -> int:
    """How many there are in all; past a thousand nobody counts on."""
    return QueueEntry.objects.disputed().order_by().values("pk")[: MAX_COUNTED + 1].count()
