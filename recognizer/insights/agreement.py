"""Agreement between reviewers who reviewed the same drawings independently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db.models import Count, F, Max
from django.utils.translation import gettext as _

from accounts.models import User
from ml import statistics
from recognizer.models import Label, Opinion, Recognizer

RECENT_OPINIONS = 50_000  # the newest ones only, so that the queries do not become slower as the site grows
MIN_SHARED = 20  # drawings; with fewer the figures mean nothing


@dataclass(frozen=True)
class SharedOpinions:
    """Opinions on the same drawings as a table of counts: labels by labels; the last row and column is rejected."""

    table: np.ndarray

    @property
    def drawings(self) -> int:
        """How many drawings there are."""
        return int(self.table.sum())

    @property
    def is_enough(self) -> bool:
        """Whether there are enough drawings."""
        return self.drawings >= MIN_SHARED

    @property
    def same(self) -> float | None:
        """The share of equal opinions."""
        return statistics.observed_agreement(self.table)

    @property
    def kappa(self) -> str | None:
        """Cohen's kappa with two decimals; None if it is not defined."""
        return _decimals(statistics.cohens_kappa(self.table))


@dataclass(frozen=True)
class ReviewerPair(SharedOpinions):
    """The opinions of two reviewers."""

    first: str
    second: str


@dataclass(frozen=True)
class LabelAgreement(SharedOpinions):
    """Agreement on one label against all others, over all pairs of reviewers: 2 x 2, each pair in both orders."""

    label: Label | None  # None means rejected

    @property
    def drawings(self) -> int:
        """Drawings for which at least one of a pair chose this label."""
        return int(self.table.sum() - self.table[1, 1]) // 2

    @property
    def same(self) -> float | None:
        """For what share of these both chose it."""
        either = self.table.sum() - self.table[1, 1]
        return float(self.table[0, 0] / either) if either else None


@dataclass(frozen=True)
class Agreement:
    """Agreement of all reviewers of a recognizer."""

    labels: Sequence[Label]
    pairs: list[ReviewerPair]  # those with the most shared drawings first

    @cached_property
    def all_pairs(self) -> SharedOpinions:
        """All pairs together. A drawing counts once for each pair that reviewed it."""
        size = len(self.labels) + 1
        return SharedOpinions(sum((pair.table for pair in self.pairs), np.zeros((size, size), int)))

    @property
    def of_labels(self) -> list[LabelAgreement]:
        """The labels that were chosen at all, those with the least agreement first."""
        table = statistics.symmetric_table(self.all_pairs.table)
        named: list[Label | None] = [*self.labels, None]
        found = [LabelAgreement(statistics.one_against_rest(table, at), label) for at, label in enumerate(named)]
        used = [each for each in found if each.drawings]
        return sorted(used, key=lambda each: (not each.is_enough, each.same or 0.0))

    @property
    def overall(self) -> str | None:
        """Cohen's kappa over all pairs."""
        return _decimals(statistics.cohens_kappa(statistics.symmetric_table(self.all_pairs.table)))


def _decimals(share: float | None) -> str | None:
    return f"{share:.2f}".replace("-0.00", "0.00").replace("-", "−") if share is not None else None


def agreement_of(recognizer: Recognizer, *, viewer: User) -> Agreement:
    """Agreement on the newest opinions, in three queries. `viewer` decides how people are named.

    The tables have rows for the labels that occur only: one of a thousand labels has a million cells.
    """
    shared = list(_count_shared(recognizer))
    used = {label for _first, _second, *both, _times in shared for label in both if label is not None}
    labels = list(recognizer.labels.filter(pk__in=used).defer("names", "codes"))
    indices: dict[int | None, int] = {label.pk: index for index, label in enumerate(labels)} | {None: len(labels)}
    tables: dict[tuple[int, int], np.ndarray] = {}
    for first, second, one, other, times in shared:
        table = tables.setdefault((first, second), np.zeros((len(indices), len(indices)), int))
        table[indices[one], indices[other]] += times
    names = reviewer_names({pk for pair in tables for pk in pair}, viewer=viewer)
    pairs = [ReviewerPair(table, names[first], names[second]) for (first, second), table in tables.items()]
    return Agreement(labels, sorted(pairs, key=lambda pair: -pair.drawings))


def _count_shared(recognizer: Recognizer) -> Iterable[tuple[int, int, int | None, int | None, int]]:
    """Two reviewers, the label of each, and how often. Joined and counted by the database, using the index `shared`."""
    newest = Opinion.objects.aggregate(newest=Max("pk"))["newest"] or 0
    found = Opinion.objects.current().filter(
        pk__gt=newest - RECENT_OPINIONS,
        shared=True,
        by__isnull=False,
        correction__label__recognizer=recognizer,
        correction__opinions__pk__gt=newest - RECENT_OPINIONS,
        correction__opinions__shared=True,
        correction__opinions__withdrawn__isnull=True,
        correction__opinions__by__gt=F("by"),
    )
    pairs = found.values_list("by", "correction__opinions__by", "label", "correction__opinions__label")
    return pairs.annotate(times=Count("pk")).order_by()


def reviewer_names(people: Iterable[int], *, viewer: User) -> Mapping[int, str]:
    """Names by id: a number; for staff the address, which the admin shows them anyway; and "you"."""
    names = {pk: _("reviewer %(number)d") % {"number": pk} for pk in people}
    if viewer.is_staff:
        names |= dict(User.objects.filter(pk__in=names).values_list("pk", "email"))
    return names | {viewer.pk: _("you")}
