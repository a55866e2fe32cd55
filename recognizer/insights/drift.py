"""Drift: whether people draw other things, or draw them otherwise, than the base test of the live version.

Each week's first answers are compared with the answers of the same version to its base test: the mix of first guesses,
their confidence, and the rate of "not sure". The background counts a week at a time; pages read small tables.

A difference is clear if chance does not explain it (p below 0.001) and it is large enough to matter, and if enough
people drew enough. Drawings of one person resemble each other, which tests of independent drawings do not know:
therefore the second and the third condition.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from math import sqrt
from typing import Any, Self

import numpy as np
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from ml.statistics import differs_in_mean, total_variation, total_variation_by_chance
from recognizer.models import AnswerWeek, Bookmark, Prediction, Promotion, Recognizer, WorstMistakes
from recognizer.registry import promotions

MIN_DRAWINGS = 100  # of the week, and of the base test
MIN_PEOPLE = 5
MIN_DISTANCE = 0.15  # of the mixes: so many of a hundred first guesses would have to be others
MIN_DIFFERENCE = 0.05  # of the mean confidence, and of the rate of "not sure"
P_VALUE, Z = 0.001, 3.29
WEEKS = 12  # shown
RECOUNT_EVERY = timedelta(minutes=10)  # the week that has not ended
BOOKMARK = "answer weeks"  # at: the last week that has ended and is counted, as the number of its Monday


class Kind(StrEnum):
    """What differs from the base test."""

    MIX = "mix"
    CONFIDENCE = "confidence"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Answers:
    """How a version answered some drawings: those of a week, or of the base test."""

    drawings: int
    unsure: int
    confidence: float
    spread: float
    guesses: dict[str, int]

    @classmethod
    def of(cls, row: AnswerWeek | WorstMistakes) -> Self:
        """Those of a row."""
        return cls(row.drawings, row.unsure, row.confidence, row.spread, row.guesses or {})

    @property
    def unsure_share(self) -> float:
        """The rate of "not sure"."""
        return self.unsure / self.drawings if self.drawings else 0.0

    def share(self, slug: str) -> float:
        """The share of first guesses that are this label."""
        return self.guesses.get(slug, 0) / self.drawings if self.drawings else 0.0


@dataclass(frozen=True)
class Week:
    """A week beside the base test of the version that answered."""

    row: AnswerWeek
    test: Answers | None

    @cached_property
    def answers(self) -> Answers:
        """Those of the week."""
        return Answers.of(self.row)

    @cached_property
    def is_enough(self) -> bool:
        """Whether enough people drew enough for a warning."""
        enough = self.test is not None and min(self.row.drawings, self.test.drawings) >= MIN_DRAWINGS
        return enough and self.row.people >= MIN_PEOPLE

    @cached_property
    def distance(self) -> float | None:
        """The distance of the two mixes of first guesses, from 0 to 1; None without a base test."""
        if not self.test or not self.test.drawings or not self.row.drawings:
            return None
        return total_variation(*self._mixes())

    @cached_property
    def differences(self) -> list[Kind]:
        """What differs clearly from the base test."""
        if not self.is_enough or self.test is None:
            return []
        week, test = self.answers, self.test
        by_chance = total_variation_by_chance(*self._mixes(), p_value=P_VALUE)
        mix = (self.distance or 0.0) > max(MIN_DISTANCE, by_chance)
        means = [(each.confidence, each.spread, each.drawings) for each in (week, test)]
        confidence = abs(week.confidence - test.confidence) > MIN_DIFFERENCE and differs_in_mean(*means, z=Z)
        rates = [(p := each.unsure_share, sqrt(p * (1 - p)), each.drawings) for each in (week, test)]
        unsure = abs(week.unsure_share - test.unsure_share) > MIN_DIFFERENCE and differs_in_mean(*rates, z=Z)
        return [kind for kind, differs in zip(Kind, (mix, confidence, unsure), strict=True) if differs]

    def _mixes(self) -> tuple[np.ndarray, np.ndarray]:
        assert self.test is not None  # noqa: S101 - both callers ask
        slugs = sorted(self.answers.guesses.keys() | self.test.guesses.keys())
        week, test = (np.array([each.guesses.get(slug, 0) for slug in slugs]) for each in (self.answers, self.test))
        return week, test


def weeks_of(recognizer: Recognizer) -> list[Week]:
    """The newest weeks of the live version, the newest first. Three small queries."""
    newest = promotions.current_promotion(recognizer.pk)
    if newest is None:
        return []
    test = test_answers(newest)
    rows = AnswerWeek.objects.filter(version=newest.model_version_id).order_by("-week")[:WEEKS]
    return [Week(row, test) for row in rows]


def test_answers(promotion: Promotion) -> Answers | None:
    """How the live version answered its base test; None while it has not, or if there is none."""
    row = WorstMistakes.objects.filter(
        version=promotion.model_version_id, drawings__gt=0, guesses__isnull=False
    ).first()
    return Answers.of(row) if row else None


def judged_week(weeks: Iterable[Week]) -> Week | None:
    """The newest week with enough drawings: the one that is warned of."""
    return next((week for week in weeks if week.is_enough), None)


# Counting


def refresh_answer_weeks() -> int:
    """Count one week that is not counted yet, the oldest first, or the current one again. Returns how many: 1 or 0."""
    now = timezone.now()
    bookmark = Bookmark.objects.filter(of=BOOKMARK).first()
    if bookmark is None:
        first = Prediction.objects.aggregate(first=Min("created"))["first"]
        if first is None:
            return 0
        week = monday_of(first)
    else:
        week = date.fromordinal(bookmark.at + 7)
    has_ended = _start_of(week + timedelta(days=7)) <= now
    if bookmark and not has_ended and now - bookmark.moved < RECOUNT_EVERY:
        return 0
    count_week(week)
    ended = (week if has_ended else week - timedelta(days=7)).toordinal()
    Bookmark.objects.update_or_create(of=BOOKMARK, defaults={"at": ended})
    return 1


def count_week(week: date) -> None:
    """Write the rows of a week. Reads its predictions along an index, and looks up whether each is the first."""
    earlier = Prediction.objects.filter(drawing=OuterRef("drawing"), id__lt=OuterRef("id"))
    within = {"created__gte": _start_of(week), "created__lt": _start_of(week + timedelta(days=7))}
    answers = Prediction.objects.filter(~Exists(earlier), **within).order_by()
    people = dict(
        answers.values("model_version")
        .annotate(n=Count("drawing__author", distinct=True))
        .values_list("model_version", "n")
    )
    rows = [_row(week, version, people.get(version, 0), by_label) for version, by_label in _by_version(answers).items()]
    fields = ["drawings", "people", "unsure", "confidence", "spread", "guesses"]
    AnswerWeek.objects.bulk_create(rows, update_conflicts=True, unique_fields=["version", "week"], update_fields=fields)
    AnswerWeek.objects.filter(week=week).exclude(version__in=people).delete()


def _by_version(answers: QuerySet[Prediction]) -> dict[int, list[dict[str, Any]]]:
    """Sums by version and label."""
    square = F("probability") * F("probability")
    sums = answers.values("model_version", "label__slug").annotate(
        n=Count("pk"), total=Sum("probability"), squares=Sum(square), doubted=Count("pk", filter=Q(unsure=True))
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for each in sums:
        found.setdefault(each["model_version"], []).append(dict(each))
    return found


def _row(week: date, version: int, people: int, by_label: list[dict[str, Any]]) -> AnswerWeek:
    drawings = sum(each["n"] for each in by_label)
    mean = sum(each["total"] for each in by_label) / drawings
    variance = sum(each["squares"] for each in by_label) / drawings - mean**2
    return AnswerWeek(
        version_id=version,
        week=week,
        drawings=drawings,
        people=people,
        unsure=sum(each["doubted"] for each in by_label),
        confidence=mean,
        spread=sqrt(max(0.0, variance)),
        guesses={each["label__slug"]: each["n"] for each in by_label},
    )


def monday_of(moment: datetime) -> date:
    """The Monday of the week, in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def _start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
