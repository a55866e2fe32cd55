"""Reviews: what reviewers decide about corrections, one reviewer at a time.

A correction is claimed for a few minutes by a conditional update (`recognizer.claims`), so two reviewers are never
shown the same one. Every decision is a row; undoing is one more, and whoever wants to decide otherwise undoes first.
Whether somebody may review at all is asked at the door (`may_review`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts import people
from recognizer import claims, webhooks
from recognizer import queue as places
from recognizer.claims import ClaimedError
from recognizer.corrections import UnknownLabelError
from recognizer.models import Correction, Drawing, Label, Recognizer, Review
from recognizer.queue import ANYTHING, DECIDED, Wanted

if TYPE_CHECKING:
    from accounts.models import User

PERMISSION = "recognizer.review_drawings"


class SelfReviewError(PermissionError):
    """Nobody reviews their own drawings."""


class StaleReviewError(RuntimeError):
    """What was to be decided is no longer there to be decided; the text says why."""


REFUSALS = (SelfReviewError, ClaimedError, StaleReviewError)


def may_review(person: User) -> bool:
    """Whether this person is a reviewer."""
    return person.has_perm(PERMISSION)


def may_review_own(person: User) -> bool:
    """A community of one: a setting of the embedded default lets staff review their own drawings."""
    return settings.SELF_REVIEW and (person.is_staff or person.is_superuser) and may_review(person)


def queue(*, reviewer: User, recognizer: Recognizer | None = None) -> QuerySet[Correction]:
    """What this reviewer could decide now, the most useful first; see `recognizer.queue`."""
    return waiting(reviewer=reviewer, wanted=Wanted(recognizer=recognizer))


def waiting(*, reviewer: User, wanted: Wanted = ANYTHING) -> QuerySet[Correction]:
    """The same, as far as they want it."""
    return places.waiting(reviewer=reviewer, own=may_review_own(reviewer), wanted=wanted)


def claim(*, correction: Correction, reviewer: User) -> None:
    """Reserve a correction for some minutes; claiming again prolongs it.

    Raises SelfReviewError, ClaimedError while somebody else has it, StaleReviewError when there is nothing to decide.
    """
    with _held(correction, reviewer):
        _check_undecided(correction)
        claims.take(correction.pk, reviewer)


def release(*, correction: Correction, reviewer: User) -> None:
    """Give a claimed correction back, so that others are shown it."""
    claims.give_back([correction.pk], reviewer)


def next_for(
    *, reviewer: User, recognizer: Recognizer | None = None, skipping: Collection[int] = ()
) -> Correction | None:
    """Claim the most useful correction for this reviewer; None when there is nothing left for them.

    `skipping` are ids of corrections that they do not want to be shown now.
    """
    wanted = Wanted(recognizer=recognizer)
    return next(iter(claim_next(reviewer=reviewer, wanted=wanted, count=1, skipping=skipping)), None)


def claim_next(
    *, reviewer: User, wanted: Wanted = ANYTHING, count: int, skipping: Collection[int] = ()
) -> list[Correction]:
    """Claim up to so many corrections at once, in the order in which they are wanted; fewer when no more are left.

    Reviewers who ask at the same moment pass over what another one is just being given.
    """
    passed_over = set(skipping)
    while found := _claim_some(reviewer, wanted, count, passed_over):
        mine = [correction for correction, taken in found if taken]
        if mine:
            return mine
        passed_over |= {correction.pk for correction, _taken in found}
    return []


@transaction.atomic
def _claim_some(reviewer: User, wanted: Wanted, count: int, passed_over: set[int]) -> list[tuple[Correction, bool]]:
    """Corrections, and whether they are claimed now. Their places are locked first, as where one is decided."""
    free = waiting(reviewer=reviewer, wanted=wanted).exclude(pk__in=passed_over)
    found = list(free.select_for_update(skip_locked=True, of=("place",))[:count])
    taken = claims.take_many([each.pk for each in found], reviewer)
    return [(each, each.pk in taken) for each in found]


def claim_these(*, reviewer: User, corrections: Sequence[int]) -> list[Correction]:
    """Claim certain corrections, in this order; those that this reviewer cannot decide now are left out."""
    with transaction.atomic():
        free = waiting(reviewer=reviewer, wanted=ANYTHING).filter(pk__in=corrections)
        found = {each.pk: each for each in free.select_for_update(of=("place",))}
        taken = claims.take_many(list(found), reviewer)
    return [found[pk] for pk in dict.fromkeys(corrections) if pk in taken]


def accept(*, correction: Correction, reviewer: User) -> Review:
    """The author is right: the drawing may teach. Raises what `claim` raises."""
    return _decide(correction, reviewer, Review.Decision.ACCEPTED, label_id=correction.label_id)


def relabel(*, correction: Correction, reviewer: User, label: str) -> Review:
    """The drawing may teach, but as another label (a slug of its recognizer; UnknownLabelError otherwise)."""
    found = Label.objects.filter(recognizer__drawings=correction.drawing_id, slug=label).first()
    if found is None:
        raise UnknownLabelError(label)
    same = found.pk == correction.label_id
    decision = Review.Decision.ACCEPTED if same else Review.Decision.RELABELLED
    return _decide(correction, reviewer, decision, label_id=found.pk)


def reject(*, correction: Correction, reviewer: User, reason: str) -> Review:
    """The drawing must not teach; `reason` is one of Review.Reason (ValueError otherwise)."""
    check_reason(reason)
    return _decide(correction, reviewer, Review.Decision.REJECTED, reason=reason)


def check_reason(reason: str) -> None:
    """Raise ValueError for what is no reason to reject."""
    if reason not in Review.Reason.values:
        raise ValueError(f"{reason!r} is no reason to reject. Choose one of: {', '.join(Review.Reason.values)}.")


def undo(*, review: Review, reviewer: User) -> Review:
    """Take a decision back, whoever made it; its correction waits again, claimed by who took it back.

    Raises SelfReviewError, ClaimedError, and StaleReviewError when the decision no longer counts.
    """
    with _held(review.correction, reviewer) as author:
        if standing(review.correction) != review:
            raise StaleReviewError("This decision was taken back already. Look again.")
        undone = _append(review.correction, by=reviewer, decision=Review.Decision.UNDONE)
        places.settle([review.correction_id], waits=True)
        claims.take(review.correction_id, reviewer)
        webhooks.reviewed([undone.pk], author=author)
    return undone


def standing(correction: Correction) -> Review | None:
    """The decision that counts; None when nobody decided, or it was taken back."""
    return correction.reviews.standing().filter(decision__in=DECIDED).select_related("label").first()


def state_of(drawings: Iterable[Drawing]) -> dict[int, Review | None]:
    """By a drawing's id: the decision on what its author says now, else None. One query."""
    found: dict[int, Review | None] = {drawing.pk: None for drawing in drawings}
    decided = Review.objects.standing().filter(decision__in=DECIDED, correction__replaced_by__isnull=True)
    for review in decided.filter(correction__drawing__in=list(found)).select_related("correction", "label"):
        found[review.correction.drawing_id] = review
    return found


def accept_unseen(*, recognizer: Recognizer) -> int:
    """Accept by policy what nobody has looked at; returns how many. What a person decided on stays so."""
    looked_at = Review.objects.filter(automatic=False, correction__drawing__recognizer=recognizer)
    unseen = Correction.objects.standing().filter(
        label__isnull=False,
        reviews__isnull=True,
        drawing__recognizer=recognizer,
        drawing__author__consented_at__isnull=False,
    )
    unseen = unseen.exclude(drawing__in=looked_at.values("correction__drawing"))
    authors = unseen.order_by("drawing__author").values_list("drawing__author", flat=True).distinct()
    return sum(_accept_unseen_of(author, unseen) for author in list(authors))


@transaction.atomic
def _accept_unseen_of(author: int, unseen: QuerySet[Correction]) -> int:
    people.hold(author)
    reviews = [
        Review(correction_id=pk, decision=Review.Decision.ACCEPTED, label_id=label, automatic=True)
        for pk, label in unseen.filter(drawing__author=author).values_list("pk", "label_id")
    ]
    places.settle((review.correction_id for review in reviews), waits=False)
    made = Review.objects.bulk_create(reviews)
    webhooks.reviewed([review.pk for review in made], author=author)
    return len(made)


def _decide(correction: Correction, reviewer: User, decision: Review.Decision, **fields: object) -> Review:
    with _held(correction, reviewer) as author:
        _check_undecided(correction)
        claims.take(correction.pk, reviewer)
        review = _append(correction, by=reviewer, decision=decision, **fields)
        places.settle([correction.pk], waits=False)
        release(correction=correction, reviewer=reviewer)
        webhooks.reviewed([review.pk], author=author)
    return review


@contextmanager
def _held(correction: Correction, reviewer: User) -> Iterator[int]:
    """In one transaction, with the author held: they can neither change their mind nor delete the drawing meanwhile.

    Gives their id. Raises SelfReviewError, and StaleReviewError when they did before.
    """
    with transaction.atomic():
        owner = Drawing.objects.filter(pk=correction.drawing_id).values_list("author", flat=True).first()
        author = people.hold(owner) if owner else None
        if author is None or not Correction.objects.standing().filter(pk=correction.pk).exists():
            raise StaleReviewError("Its author has deleted it or said something else meanwhile. Take the next one.")
        if not author.has_consented:
            raise StaleReviewError("Its author no longer agrees that their drawings teach. Take the next one.")
        if author == reviewer and not may_review_own(reviewer):
            raise SelfReviewError("Nobody reviews their own drawings. Leave it to another reviewer.")
        places.lock(correction.pk)
        yield author.pk


def _check_undecided(correction: Correction) -> None:
    if correction.label_id is None:
        raise StaleReviewError("Its author has taken back what they said. Take the next one.")
    if standing(correction):
        raise StaleReviewError("Somebody has decided this meanwhile. Take the next one, or undo that decision first.")


def _append(correction: Correction, **fields: object) -> Review:
    last = correction.reviews.standing().first()
    return Review.objects.create(correction=correction, replaces=last, **fields)
