"""Rounds: many corrections decided in one go, as the grid of the review room does."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import transaction

from accounts import people
from recognizer import claims, queue, reviews, webhooks
from recognizer.models import Correction, Place, Review

if TYPE_CHECKING:
    from accounts.models import User


def accept(*, corrections: Collection[int], reviewer: User) -> list[int]:
    """The authors are right; returns the ids of the decisions.

    Those that somebody else has, that were decided or changed meanwhile, or that are one's own are passed over.
    """
    return _decide(corrections, reviewer, Review.Decision.ACCEPTED)


def reject(*, corrections: Collection[int], reviewer: User, reason: str) -> list[int]:
    """None of them must teach, all for this reason (one of Review.Reason; ValueError otherwise). As `accept`."""
    reviews.check_reason(reason)
    return _decide(corrections, reviewer, Review.Decision.REJECTED, reason)


def undo(*, decisions: Iterable[int], reviewer: User) -> int:
    """Take a whole round back, as far as it still counts; returns how many decisions that were."""
    undone = 0
    for review in (
        Review.objects.filter(pk__in=list(decisions), by=reviewer).select_related("correction").order_by("pk")
    ):
        with suppress(*reviews.REFUSALS):
            reviews.undo(review=review, reviewer=reviewer)
            undone += 1
    return undone


def _decide(corrections: Collection[int], reviewer: User, decision: Review.Decision, reason: str = "") -> list[int]:
    authors = Place.objects.waiting().filter(correction__in=corrections).order_by("author").values_list("author")
    made: list[int] = []
    for (author,) in list(authors.distinct()):
        made += _decide_of(author, corrections, reviewer, decision, reason)
    return made


@transaction.atomic
def _decide_of(
    author: int, corrections: Collection[int], reviewer: User, decision: Review.Decision, reason: str
) -> list[int]:
    """Of one author, who is held meanwhile: they can neither change their mind nor delete a drawing."""
    person = people.hold(author)
    if person is None or not person.has_consented or (person == reviewer and not reviews.may_review_own(reviewer)):
        return []
    held = Place.objects.waiting().select_for_update(no_key=True).filter(author=author, correction__in=corrections)
    taken = claims.take_many([place.pk for place in held.order_by("pk")], reviewer)
    made = _append(taken, reviewer, decision, reason)
    webhooks.reviewed(made, author=author)
    return made


def _append(corrections: Collection[int], reviewer: User, decision: Review.Decision, reason: str) -> list[int]:
    found = Correction.objects.standing().filter(pk__in=corrections, label__isnull=False).order_by("pk")
    last = {each.correction_id: each for each in Review.objects.standing().filter(correction__in=corrections)}
    rows = [
        Review(
            correction=each,
            decision=decision,
            label_id=each.label_id if decision == Review.Decision.ACCEPTED else None,
            reason=reason,
            by=reviewer,
            replaces=last.get(each.pk),
        )
        for each in found
        if each.pk not in last or last[each.pk].decision not in queue.DECIDED
    ]
    made = Review.objects.bulk_create(rows)
    queue.settle(corrections, waits=False)
    claims.give_back(corrections, reviewer)
    return [review.pk for review in made]
