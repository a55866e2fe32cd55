"""Claims, row locks and checks around a review decision.

A claim reserves a correction for one reviewer for some minutes, so that no two are shown the same one. A decision
itself runs in a transaction that locks the author and the queue entry, in this order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from accounts.models import User, lock_person
from recognizer.models import Claim, Correction, Drawing, Opinion, QueueEntry, Review, permissions
from recognizer.review import consensus, queue
from recognizer.review.queue import DECIDED

CLAIMED_FOR = timedelta(minutes=5)
_FIELDS = ("author", "uuid", "recognizer__policy__opinions", "recognizer__policy__opinions_share")


class ClaimedError(RuntimeError):
    """Another reviewer has claimed this correction."""


class SelfReviewError(PermissionError):
    """Nobody reviews their own drawings."""


class StaleReviewError(RuntimeError):
    """The correction cannot be decided any more; the text says why."""


class DisputedError(StaleReviewError):
    """Reviewers disagree about the correction; someone who may settle disputes decides."""


def claim_correction(correction: int, reviewer: User) -> None:
    """Claim one correction, or prolong the claim. Raises ClaimedError while somebody else has it."""
    now = timezone.now()
    free = Claim.objects.filter(Q(by=reviewer) | Q(until__lte=now), correction=correction)
    if free.update(by=reviewer, until=now + CLAIMED_FOR):
        return
    try:
        with transaction.atomic():
            Claim.objects.create(correction_id=correction, by=reviewer, until=now + CLAIMED_FOR)
    except IntegrityError as error:
        raise ClaimedError("Another reviewer is reviewing this one. Take the next one.") from error


def claim_corrections(corrections: Collection[int], reviewer: User) -> set[int]:
    """Claim those of these corrections that nobody else has, in three queries; returns their ids."""
    now = timezone.now()
    until = now + CLAIMED_FOR
    these = Claim.objects.filter(correction__in=corrections)
    these.filter(Q(by=reviewer) | Q(until__lte=now)).update(by=reviewer, until=until)
    Claim.objects.bulk_create(
        [Claim(correction_id=pk, by=reviewer, until=until) for pk in corrections], ignore_conflicts=True
    )
    return set(these.filter(by=reviewer, until=until).values_list("correction", flat=True))


def release_claims(corrections: Collection[int], reviewer: User) -> None:
    """End this reviewer's claims, so that others are shown these corrections."""
    Claim.objects.filter(correction__in=corrections, by=reviewer).delete()


class LockedCorrection(NamedTuple):
    """The state of a correction while it is locked."""

    author: int
    entry: QueueEntry | None
    opinions_needed: int
    last: int | None  # the current review
    decided: bool
    has_opinion: bool  # of this reviewer

    @property
    def disputed(self) -> bool:
        """Whether reviewers disagree."""
        return bool(self.entry and self.entry.disputed)


@contextmanager
def lock_correction(correction: Correction, reviewer: User) -> Iterator[LockedCorrection]:
    """Lock a correction in a transaction: its author can neither change it nor delete the drawing meanwhile.

    Raises SelfReviewError, and StaleReviewError if it was changed or deleted before, or must not be used for training.
    """
    with transaction.atomic():
        drawing = Drawing.objects.filter(pk=correction.drawing_id).values_list(*_FIELDS).first()
        author = lock_person(drawing[0]) if drawing else None
        entry = queue.lock_entry(correction.pk)
        state = _state(correction, reviewer)
        if drawing is None or author is None or state is None:
            raise StaleReviewError("Its author has deleted the drawing or changed its label. Take the next one.")
        if not author.has_consented:
            raise StaleReviewError("Its author has withdrawn consent to training. Take the next one.")
        if author.set_aside:
            raise StaleReviewError("Its author is excluded. Take the next one.")
        if author == reviewer and not permissions.may_review_own(reviewer):
            raise SelfReviewError("Nobody reviews their own drawings. Leave it to another reviewer.")
        last, decision, has_opinion = state
        needed = consensus.opinions_needed(*drawing[1:])
        yield LockedCorrection(author.pk, entry, needed, last, decision in DECIDED, has_opinion)


def _state(correction: Correction, reviewer: User) -> tuple[int | None, str | None, bool] | None:
    """The current review, its decision, and whether this reviewer has an opinion; None if it is not current."""
    last = Review.objects.current().filter(correction=OuterRef("pk"))
    mine = Opinion.objects.current().filter(correction=OuterRef("pk"), by=reviewer)
    found = Correction.objects.current().filter(pk=correction.pk)
    return found.values_list(
        Subquery(last.values("pk")[:1]), Subquery(last.values("decision")[:1]), Exists(mine)
    ).first()
