"""Agreement: how far reviewers who looked at the same drawings, none knowing of the other, say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Count, F, Max
from django.utils.translation import gettext as _

from accounts.models import User
from ml import statistics
from recognizer.models import Label, Opinion, Recognizer

if TYPE_CHECKING:
    from collections.abc import Mapping

RECENT_OPINIONS = 50_000  # of the newest opinions: what is asked of the database does not grow with the site
MIN_SHARED = 20  # shared drawings; with fewer nothing can be said


@dataclass(frozen=True)
class SharedOpinions:
    """What was said about the same drawings, as a table of counts: labels by labels, the last is rejected."""

    table: np.ndarray

    @property
    def drawings(self) -> int:
        """Of how many drawings."""
        return int(self.table.sum())

    @property
    def is_enough(self) -> bool:
        """To say anything."""
        return self.drawings >= MIN_SHARED

    @property
    def same(self) -> float | None:
        """The share of the same answers."""
        return statistics.observed_agreement(self.table)

    @property
    def kappa(self) -> str | None:
        """With two decimals; None where it is not defined."""
        return _decimals(statistics.cohens_kappa(self.table))


@dataclass(frozen=True)
class ReviewerPair(SharedOpinions):
    """Two reviewers."""

    first: str
    second: str


@dataclass(frozen=True)
class LabelAgreement:
    """One label against all others, over all pairs."""

    label: Label | None  # None: rejected
    table: np.ndarray  # 2 x 2, each pair in both orders

    @property
    def drawings(self) -> int:
        """On how many at least one of a pair said it."""
        return int(self.table.sum() - self.table[1, 1]) // 2

    @property
    def is_enough(self) -> bool:
        """To say anything."""
        return self.drawings >= MIN_SHARED

    @property
    def same(self) -> float | None:
        """On what share of these both said it."""
        said = self.table.sum() - self.table[1, 1]
        return float(self.table[0, 0] / said) if said else None

    @property
    def kappa(self) -> str | None:
        """With two decimals; None where it is not defined."""
        return _decimals(statistics.cohens_kappa(self.table))


@dataclass(frozen=True)
class Agreement:
    """Of all reviewers of a recognizer."""

    labels: Sequence[Label]
    pairs: list[ReviewerPair]  # who share the most come first

    @cached_property
    def all_pairs(self) -> SharedOpinions:
        """Taken together; a drawing counts once for each pair that looked at it."""
        size = len(self.labels) + 1
        return SharedOpinions(sum((pair.table for pair in self.pairs), np.zeros((size, size), int)))

    @property
    def of_labels(self) -> list[LabelAgreement]:
        """Those that were said at all, the least agreed on first."""
        table = statistics.symmetric_table(self.all_pairs.table)
        named: list[Label | None] = [*self.labels, None]
        found = [LabelAgreement(label, statistics.one_against_rest(table, at)) for at, label in enumerate(named)]
        return sorted((each for each in found if each.drawings), key=_order)

    @property
    def overall(self) -> str | None:
        """Kappa over all pairs."""
        return _decimals(statistics.cohens_kappa(statistics.symmetric_table(self.all_pairs.table)))


def _order(each: LabelAgreement) -> tuple[bool, float]:
    return not each.is_enough, each.same or 0.0


def _decimals(share: float | None) -> str | None:
    return f"{share:.2f}".replace("-0.00", "0.00").replace("-", "−") if share is not None else None


def agreement_of(recognizer: Recognizer, *, viewer: User) -> Agreement:
    """Of the newest opinions; three queries for any number of them. `viewer` says how people are named."""
    labels = list(recognizer.labels.all())
    places: dict[int | None, int] = {label.pk: at for at, label in enumerate(labels)} | {None: len(labels)}
    tables: dict[tuple[int, int], np.ndarray] = {}
    for first, second, one, other, times in _counted(recognizer):
        table = tables.setdefault((first, second), np.zeros((len(places), len(places)), int))
        table[places[one], places[other]] += times
    names = reviewer_names({pk for pair in tables for pk in pair}, viewer=viewer)
    pairs = [ReviewerPair(table, names[first], names[second]) for (first, second), table in tables.items()]
    return Agreement(labels, sorted(pairs, key=lambda pair: -pair.drawings))


def _counted(recognizer: Recognizer) -> Iterable[tuple[int, int, int | None, int | None, int]]:
    """Two reviewers, what each said, and how often; the database joins and counts, along the index of shared ones."""
    newest = Opinion.objects.aggregate(newest=Max("pk"))["newest"] or 0
    other = "correction__opinions"
    asked = {
        "pk__gt": newest - RECENT_OPINIONS,
        "shared": True,
        "by__isnull": False,
        "correction__label__recognizer": recognizer,
    }
    also = {
        f"{other}__pk__gt": newest - RECENT_OPINIONS,
        f"{other}__shared": True,
        f"{other}__withdrawn__isnull": True,
        f"{other}__by__gt": F("by"),
    }
    found = Opinion.objects.current().filter(**asked, **also)
    counted = found.values_list("by", f"{other}__by", "label", f"{other}__label").annotate(times=Count("pk"))
    return counted.order_by()


def reviewer_names(people: Iterable[int], *, viewer: User) -> Mapping[int, str]:
    """By id: numbers, except for staff, whom the admin shows addresses anyway; and oneself."""
    names = {pk: _("reviewer %(number)d") % {"number": pk} for pk in people}
    if viewer.is_staff:
        names |= dict(User.objects.filter(pk__in=names).values_list("pk", "email"))
    return names | {viewer.pk: _("you")}
