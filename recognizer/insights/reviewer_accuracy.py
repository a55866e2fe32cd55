"""How often reviewers and authors were right, with 95 % confidence intervals.

Reviewers are compared with control drawings and with final decisions, authors with reviews.
`ml.embeddings.author_filter` serves another purpose: it leaves authors out of one training run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from ml.statistics import wilson_interval
from recognizer.insights.agreement import reviewer_names
from recognizer.models import Opinion, Recognizer, Review
from recognizer.review.queue import DECIDED

RECENT_ROWS = 20_000  # the newest opinions and reviews only, so that the queries do not become slower over time
MAX_PEOPLE = 100  # in a list
STEP = 10  # opinions on controls that are revealed at once, so that nobody finds out which drawings are controls


@dataclass(frozen=True)
class Accuracy:
    """How often somebody was right."""

    right: int
    count: int

    @property
    def share(self) -> float | None:
        """Share of right ones; None without any."""
        return self.right / self.count if self.count else None

    @property
    def between(self) -> tuple[float, float] | None:
        """95 % confidence interval of the share (Wilson)."""
        return wilson_interval(self.right / self.count, self.count) if self.count else None


@dataclass(frozen=True)
class ReviewerAccuracy:
    """How often one reviewer was right."""

    name: str
    opinions: int
    controls: Accuracy
    decided: Accuracy  # against the final decision, where other reviewers were asked too


@dataclass(frozen=True)
class AuthorAccuracy:
    """How often the corrections of one author were accepted."""

    person: int
    name: str
    accepted: Accuracy


def reviewers_accuracy(recognizer: Recognizer, *, viewer: User) -> list[ReviewerAccuracy]:
    """All reviewers, those with the most opinions first. Four queries."""
    opinions = _recent(recognizer).values_list("by").annotate(count=Count("pk")).order_by("-count")
    counts = dict(opinions[:MAX_PEOPLE])
    controls, decided = _accuracies(_on_controls(recognizer), "control__"), _decided(recognizer)
    names = reviewer_names({*counts, *controls}, viewer=viewer)
    people = sorted(names.keys() & {*counts, *controls}, key=lambda pk: (-counts.get(pk, 0), pk))
    nothing = Accuracy(0, 0)
    return [
        ReviewerAccuracy(names[pk], counts.get(pk, 0), controls.get(pk, nothing), decided.get(pk, nothing))
        for pk in people
    ]


def own_accuracy(recognizer: Recognizer, reviewer: User) -> ReviewerAccuracy:
    """The reviewer's own figures. Opinions on controls are revealed in steps of STEP."""
    opinions = _recent(recognizer).filter(by=reviewer).count()
    answers = _on_controls(recognizer).filter(by=reviewer).order_by("pk").values_list("label", "control__label")
    right = [mine == known for mine, known in answers]
    revealed = right[: len(right) // STEP * STEP]
    decided = _decided(recognizer, by=reviewer).get(reviewer.pk, Accuracy(0, 0))
    return ReviewerAccuracy(_("you"), opinions, Accuracy(sum(revealed), len(revealed)), decided)


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
    return _accuracies(found, "correction__reviews__")


def _accuracies(opinions: QuerySet[Opinion], against: str) -> dict[int, Accuracy]:
    """By reviewer id: how often their label equals the one at the path `against`. One query."""
    same = Q(label=F(f"{against}label")) | Q(label__isnull=True, **{f"{against}label__isnull": True})
    found = opinions.values_list("by").annotate(right=Count("pk", filter=same), count=Count("pk")).order_by()
    return {pk: Accuracy(right, count) for pk, right, count in found if pk}


def authors_accuracy(recognizer: Recognizer, *, viewer: User) -> list[AuthorAccuracy]:
    """Authors of the newest reviews that people made, those with the most reviews first. At most three queries."""
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
