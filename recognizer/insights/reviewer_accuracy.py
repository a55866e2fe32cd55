"""How often reviewers and authors were right, with 95 % confidence intervals.

Reviewers are compared with control drawings and with final decisions, authors with reviews. `author_filter` in ml is
another thing: it leaves authors out of one training run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, F, Max, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from ml.statistics import wilson_interval
from recognizer.insights.agreement import reviewer_names
from recognizer.models import Opinion, Recognizer, Review
from recognizer.review.queue import DECIDED

if TYPE_CHECKING:
    from typing import Any

RECENT_ROWS = 20_000  # of the newest opinions and decisions: what is asked of the database does not grow with the site
MAX_PEOPLE = 100  # people in a list
STEP = 10  # answers to controls that somebody is told of at once, lest they find out which ones were


@dataclass(frozen=True)
class Accuracy:
    """How often something was right."""

    right: int
    count: int

    @property
    def share(self) -> float | None:
        """Of all; None where there is nothing."""
        return self.right / self.count if self.count else None

    @property
    def between(self) -> tuple[float, float] | None:
        """Where the true share may lie (Wilson's interval)."""
        return wilson_interval(self.right / self.count, self.count) if self.count else None


@dataclass(frozen=True)
class ReviewerAccuracy:
    """One reviewer."""

    name: str
    said: int
    controls: Accuracy
    decided: Accuracy  # where others were asked too and it was decided: whether it was as they said


@dataclass(frozen=True)
class AuthorAccuracy:
    """One author: how often what they said was accepted."""

    person: int
    name: str
    accepted: Accuracy


def reviewers_accuracy(recognizer: Recognizer, *, viewer: User) -> list[ReviewerAccuracy]:
    """All of them, who said the most first; four queries for any number."""
    said = _recent(recognizer).values_list("by").annotate(count=Count("pk")).order_by("-count")
    counts = dict(said[:MAX_PEOPLE])
    controls, decided = _tallies(_on_controls(recognizer), "control__"), _decided(recognizer)
    names = reviewer_names({*counts, *controls}, viewer=viewer)
    people = sorted(names.keys() & {*counts, *controls}, key=lambda pk: (-counts.get(pk, 0), pk))
    nothing = Accuracy(0, 0)
    return [
        ReviewerAccuracy(names[pk], counts.get(pk, 0), controls.get(pk, nothing), decided.get(pk, nothing))
        for pk in people
    ]


def own_accuracy(recognizer: Recognizer, reviewer: User) -> ReviewerAccuracy:
    """One's own; answers to controls are told ten at a time."""
    said = _recent(recognizer).filter(by=reviewer).count()
    answers = _on_controls(recognizer).filter(by=reviewer).order_by("pk").values_list("label", "control__label")
    right = [mine == known for mine, known in answers]
    told = right[: len(right) // STEP * STEP]
    decided = _decided(recognizer, by=reviewer).get(reviewer.pk, Accuracy(0, 0))
    return ReviewerAccuracy(_("you"), said, Accuracy(sum(told), len(told)), decided)


def _recent(recognizer: Recognizer) -> QuerySet[Opinion]:
    newest = Opinion.objects.aggregate(newest=Max("pk"))["newest"] or 0
    found = Opinion.objects.current().filter(pk__gt=newest - RECENT_ROWS, by__isnull=False)
    return found.filter(correction__label__recognizer=recognizer)


def _on_controls(recognizer: Recognizer) -> QuerySet[Opinion]:
    found = Opinion.objects.current().filter(control__isnull=False, control__ended__isnull=True, by__isnull=False)
    return found.filter(correction__label__recognizer=recognizer)


def _decided(recognizer: Recognizer, **more: Any) -> dict[int, Accuracy]:
    stands = {"correction__reviews__replaced_by__replaces__isnull": True, "correction__reviews__decision__in": DECIDED}
    found = _recent(recognizer).filter(shared=True, control__isnull=True, **more).filter(**stands)
    return _tallies(found, "correction__reviews__")


def _tallies(opinions: QuerySet[Opinion], against: str) -> dict[int, Accuracy]:
    """By reviewer: how often they said the same as stands there; one query."""
    same = Q(label=F(f"{against}label")) | Q(label__isnull=True, **{f"{against}label__isnull": True})
    found = opinions.values_list("by").annotate(right=Count("pk", filter=same), count=Count("pk")).order_by()
    return {pk: Accuracy(right, count) for pk, right, count in found if pk}


def authors_accuracy(recognizer: Recognizer, *, viewer: User) -> list[AuthorAccuracy]:
    """Of the newest decisions that people made; of whom the most was decided first. Three queries at most."""
    newest = Review.objects.aggregate(newest=Max("pk"))["newest"] or 0
    found = Review.objects.current().filter(pk__gt=newest - RECENT_ROWS, decision__in=DECIDED, automatic=False)
    found = found.filter(correction__label__recognizer=recognizer, correction__replaced_by__replaces__isnull=True)
    accepted = Count("pk", filter=Q(decision=Review.Decision.ACCEPTED))
    counted = found.values_list("correction__drawing__author").annotate(accepted=accepted, count=Count("pk"))
    rows = list(counted.order_by("-count", "correction__drawing__author")[:MAX_PEOPLE])
    names = {pk: _("author %(number)d") % {"number": pk} for pk, _right, _count in rows}
    if viewer.is_staff:
        names |= dict(User.objects.filter(pk__in=names).values_list("pk", "email"))
    return [AuthorAccuracy(pk, names[pk], Accuracy(right, count)) for pk, right, count in rows]
