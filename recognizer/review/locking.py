"""Holding: what has to stand still while something is said or decided about a correction, and who may say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery

from accounts import people
from recognizer import permissions
from recognizer.models import Correction, Drawing, Opinion, QueueEntry, Review
from recognizer.review import consensus, queue
from recognizer.review.queue import DECIDED

if TYPE_CHECKING:
    from accounts.models import User

_POLICY = ("author", "uuid", "recognizer__policy__opinions", "recognizer__policy__opinions_share")


class SelfReviewError(PermissionError):
    """Nobody reviews their own drawings."""


class StaleReviewError(RuntimeError):
    """What was to be decided is no longer there to be decided; the text says why."""


class DisputedError(StaleReviewError):
    """Reviewers do not agree about it; somebody settles it."""


class LockedCorrection(NamedTuple):
    """How a correction stands while it is held."""

    author: int
    entry: QueueEntry | None
    asked: int  # how many reviewers must agree
    last: int | None  # the last review
    decided: bool
    said: bool  # this reviewer says something about it already

    @property
    def disputed(self) -> bool:
        """Reviewers do not agree."""
        return bool(self.entry and self.entry.disputed)


@contextmanager
def lock_correction(correction: Correction, reviewer: User) -> Iterator[LockedCorrection]:
    """In one transaction, with the author held: they can neither change their mind nor delete the drawing meanwhile.

    Raises SelfReviewError, and StaleReviewError when they did before.
    """
    with transaction.atomic():
        drawing = Drawing.objects.filter(pk=correction.drawing_id).values_list(*_POLICY).first()
        author = people.lock_person(drawing[0]) if drawing else None
        entry = queue.lock_entry(correction.pk)
        state = _state(correction, reviewer)
        if drawing is None or author is None or state is None:
            raise StaleReviewError("Its author has deleted it or said something else meanwhile. Take the next one.")
        if not author.has_consented:
            raise StaleReviewError("Its author no longer agrees that their drawings teach. Take the next one.")
        if author.set_aside:
            raise StaleReviewError("Everything by its author is set aside. Take the next one.")
        if author == reviewer and not permissions.may_review_own(reviewer):
            raise SelfReviewError("Nobody reviews their own drawings. Leave it to another reviewer.")
        last, decision, said = state
        yield LockedCorrection(
            author.pk, entry, consensus.opinions_needed(*drawing[1:]), last, decision in DECIDED, said
        )


def _state(correction: Correction, reviewer: User) -> tuple[int | None, str | None, bool] | None:
    """The last review and its decision, and whether this reviewer says something already; None of what is replaced."""
    last = Review.objects.current().filter(correction=OuterRef("pk"))
    mine = Opinion.objects.current().filter(correction=OuterRef("pk"), by=reviewer)
    found = (
        Correction.objects.current()
        .filter(pk=correction.pk)
        .annotate(
            last=Subquery(last.values("pk")[:1]), decision=Subquery(last.values("decision")[:1]), said=Exists(mine)
        )
    )
    return found.values_list("last", "decision", "said").first()
