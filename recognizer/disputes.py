"""Disputes: what reviewers do not agree on, and what keeps the policies from being met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts import people
from recognizer import exhibits, second_opinions
from recognizer.exhibits import Exhibit
from recognizer.models import Drawing, Place, Policy, Recognizer

PAGE_SIZE = 24
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Page:
    """Some of them, the oldest first, and after which correction the next page begins."""

    exhibits: list[Exhibit]
    after: int | None

    @property
    def in_a_row(self) -> str:
        """For the address of the review room."""
        return exhibits.in_a_row(self.exhibits)


def of(recognizer: Recognizer, *, after: int | None = None) -> Page:
    """A page of drawings that wait for who settles disputes. Three queries, along an index."""
    found = Place.objects.disputed().filter(people.teaching("author"), recognizer=recognizer)
    if after:
        found = found.filter(correction__gt=after)
    places = list(found.order_by("correction").values_list("correction", "correction__drawing")[: PAGE_SIZE + 1])
    shown = places[:PAGE_SIZE]
    drawings = Drawing.objects.defer("image").in_bulk([drawing for _correction, drawing in shown])
    in_order = [drawings[drawing] for _correction, drawing in shown if drawing in drawings]
    return Page(exhibits.of(in_order), after=shown[-1][0] if len(places) > PAGE_SIZE else None)


def count() -> int:
    """How many there are in all; past a thousand nobody counts on."""
    return Place.objects.disputed().order_by().values("pk")[: MOST_COUNTED + 1].count()


@dataclass(frozen=True)
class Lacking:
    """A policy that asks for more reviewers than there are: what they say would wait for ever."""

    recognizer: Recognizer
    asked: int
    there: int


def lacking(recognizer: Recognizer | None = None) -> list[Lacking]:
    """Those policies, of one recognizer or of all. One query where none asks for several opinions, else two."""
    asking = second_opinions.policies_asking()
    there = second_opinions.reviewers() if asking else 0
    return [
        Lacking(policy.recognizer, policy.opinions, there)
        for policy in _of(asking, recognizer)
        if policy.opinions > there
    ]


def _of(policies: Sequence[Policy], recognizer: Recognizer | None) -> list[Policy]:
    return [policy for policy in policies if recognizer is None or policy.recognizer == recognizer]
