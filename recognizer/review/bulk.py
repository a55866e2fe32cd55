"""Review many corrections at once, as the grid of the review pages does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User, lock_person
from recognizer.models import Control, Correction, Opinion, QueueEntry, Review, permissions
from recognizer.review import consensus, controls, decisions, locking


def accept(*, corrections: Collection[int], reviewer: User) -> list[int]:
    """Say that the authors' labels are right; returns the ids of the opinions.

    Skips corrections that somebody else has claimed, that were decided or changed meanwhile, and the reviewer's own.
    """
    return _save_opinions(corrections, reviewer)


def reject(*, corrections: Collection[int], reviewer: User, reason: str) -> list[int]:
    """Reject all for this reason (one of Review.Reason; ValueError otherwise). Otherwise as `accept`."""
    decisions.check_reason(reason)
    return _save_opinions(corrections, reviewer, reason)


def undo(*, opinions: Iterable[int], reviewer: User) -> int:
    """Withdraw the opinions of one round that still count; returns how many."""
    mine = Opinion.objects.current().filter(
        pk__in=list(opinions), by=reviewer, correction__replaced_by__replaces__isnull=True
    )
    authors = mine.order_by("correction__drawing__author").values_list("correction__drawing__author", flat=True)
    return sum(_undo_of(author, mine, reviewer) for author in list(authors.distinct()))


@transaction.atomic
def _undo_of(author: int, mine: QuerySet[Opinion], reviewer: User) -> int:
    if not _may_review(author, reviewer):
        return 0
    found = list(mine.filter(correction__drawing__author=author))
    about = [opinion.correction_id for opinion in found]
    list(QueueEntry.objects.select_for_update(no_key=True).filter(correction__in=about).order_by("pk"))
    taken = locking.claim_corrections(about, reviewer)
    free = [opinion for opinion in found if opinion.correction_id in taken]
    return len(consensus.withdraw_opinions(free, reviewer, author=author))


def _save_opinions(corrections: Collection[int], reviewer: User, reason: str = "") -> list[int]:
    """About corrections that wait, and controls among them. A few queries for each author."""
    known = controls.controls_for(reviewer=reviewer, corrections=corrections)
    open_ones = QueueEntry.objects.waiting().filter(correction__in=corrections) | controls.control_entries(known)
    authors = list(open_ones.order_by("author").values_list("author", flat=True).distinct())
    return [pk for author in authors for pk in _save_opinions_of(author, open_ones, known, reviewer, reason)]


@transaction.atomic
def _save_opinions_of(
    author: int, open_ones: QuerySet[QueueEntry], known: Mapping[int, Control], reviewer: User, reason: str
) -> list[int]:
    """About one author's corrections; the author is locked, and can neither change nor delete a drawing meanwhile."""
    if not _may_review(author, reviewer):
        return []
    held = open_ones.filter(author=author).select_for_update(no_key=True, of=("self",)).order_by("pk")
    waits = {entry.pk: entry.waits for entry in held}
    taken = locking.claim_corrections(list(waits), reviewer)
    said = Opinion.objects.current().filter(by=reviewer, correction__in=taken).values("correction")
    free = Correction.objects.current().filter(pk__in=taken, label__isnull=False).exclude(pk__in=said).order_by("pk")
    found = [each for each in free if waits[each.pk] or each.pk in known]
    asked = consensus.opinions_needed_for(found)
    made = Opinion.objects.bulk_create(
        Opinion(
            correction=each,
            decision=Review.Decision.REJECTED if reason else Review.Decision.ACCEPTED,
            label_id=None if reason else each.label_id,
            reason=reason,
            by=reviewer,
            control=None if waits[each.pk] else known[each.pk],
            shared=asked[each.pk] > 1 or not waits[each.pk],
        )
        for each in found
    )
    consensus.write_agreed_reviews([each for each in found if waits[each.pk]], asked, author=author)
    locking.release_claims(taken, reviewer)
    return [opinion.pk for opinion in made]


def _may_review(author: int, reviewer: User) -> bool:
    person = lock_person(author)
    if person is None or not person.may_train:
        return False
    return person != reviewer or permissions.may_review_own(reviewer)
