"""What reviewers decide about corrections: accept, change the label, reject, undo.

A correction is claimed for a few minutes (`claims`), so two reviewers are not shown the same one. What a reviewer says
is an opinion. When as many opinions agree as the policy asks for (one by default), a review is written (`consensus`).
Reviews are append-only: undoing adds a row, and to decide otherwise one undoes first. The caller checks whether
somebody may review at all (`recognizer.permissions`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from accounts import people
from recognizer import permissions, webhooks
from recognizer.models import Control, Correction, Drawing, Label, Opinion, Recognizer, Review, UnknownLabelError
from recognizer.review import claims, consensus, controls
from recognizer.review import queue as places
from recognizer.review.claims import ClaimedError
from recognizer.review.locking import (
    DisputedError,
    LockedCorrection,
    SelfReviewError,
    StaleReviewError,
    lock_correction,
)
from recognizer.review.queue import DECIDED, NO_FILTER, QueueFilter

if TYPE_CHECKING:
    from accounts.models import User

__all__ = [
    "ClaimedError",
    "DisputedError",
    "SelfReviewError",
    "StaleReviewError",
]

REFUSALS = (SelfReviewError, ClaimedError, StaleReviewError)


def queue(*, reviewer: User, recognizer: Recognizer | None = None) -> QuerySet[Correction]:
    """What this reviewer could decide now, the most useful first; see `recognizer.review.queue`."""
    return waiting(reviewer=reviewer, wanted=QueueFilter(recognizer=recognizer))


def waiting(*, reviewer: User, wanted: QueueFilter = NO_FILTER) -> QuerySet[Correction]:
    """The same, as far as they want it."""
    return places.waiting_corrections(reviewer=reviewer, own=permissions.may_review_own(reviewer), wanted=wanted)


def claim(*, correction: Correction, reviewer: User) -> None:
    """Reserve a correction for some minutes; claiming again prolongs it.

    Raises SelfReviewError, ClaimedError while somebody else has it, StaleReviewError when there is nothing to decide.
    """
    with lock_correction(correction, reviewer) as held:
        if not (held.disputed and permissions.may_settle_disputes(reviewer)):
            _control(correction, reviewer, held)
        claims.claim(correction.pk, reviewer)


def release(*, correction: Correction, reviewer: User) -> None:
    """Give a claimed correction back, so that others are shown it."""
    claims.release([correction.pk], reviewer)


def claim_next(
    *, reviewer: User, wanted: QueueFilter = NO_FILTER, count: int, skipping: Collection[int] = ()
) -> list[Correction]:
    """Claim up to so many corrections at once, in the order in which they are wanted; fewer when no more are left.

    Some of them are controls, where the policy asks for that and there are any (`recognizer.review.controls`).
    Reviewers who ask at the same moment pass over what another one is just being given.
    """
    passed_over = set(skipping)
    while found := _claim_some(reviewer, wanted, count, passed_over):
        mine = [correction for correction, taken in found if taken]
        if mine:
            own = permissions.may_review_own(reviewer)
            return controls.mix_in_controls(mine, reviewer=reviewer, own=own, wanted=wanted, passed_over=skipping)
        passed_over |= {correction.pk for correction, _taken in found}
    return []


@transaction.atomic
def _claim_some(
    reviewer: User, wanted: QueueFilter, count: int, passed_over: set[int]
) -> list[tuple[Correction, bool]]:
    """Corrections, and whether they are claimed now. Their places are locked first, as where one is decided."""
    free = waiting(reviewer=reviewer, wanted=wanted).exclude(pk__in=passed_over)
    found = list(free.select_for_update(skip_locked=True, of=("queue_entry",))[:count])
    taken = claims.claim_many([each.pk for each in found], reviewer)
    return [(each, each.pk in taken) for each in found]


def claim_these(*, reviewer: User, corrections: Sequence[int]) -> list[Correction]:
    """Claim certain corrections, in this order; those that this reviewer cannot decide or settle now are left out."""
    with transaction.atomic():
        free = waiting(reviewer=reviewer, wanted=NO_FILTER).filter(pk__in=corrections)
        found = {each.pk: each for each in free.select_for_update(of=("queue_entry",))}
        if permissions.may_settle_disputes(reviewer):
            found |= {each.pk: each for each in _disputed(reviewer, corrections).select_for_update(of=("queue_entry",))}
        taken = claims.claim_many(list(found), reviewer)
    return [found[pk] for pk in dict.fromkeys(corrections) if pk in taken]


def _disputed(reviewer: User, corrections: Sequence[int]) -> QuerySet[Correction]:
    found = Correction.objects.filter(
        people.may_train("queue_entry__author"), pk__in=corrections, queue_entry__disputed=True
    )
    if not permissions.may_review_own(reviewer):
        found = found.exclude(queue_entry__author=reviewer)
    return found.select_related("label", "queue_entry")


def accept(*, correction: Correction, reviewer: User) -> Opinion:
    """The author is right: the drawing may teach. Raises what `claim` raises."""
    return _say(correction, reviewer, label_id=correction.label_id)


def relabel(*, correction: Correction, reviewer: User, label: str) -> Opinion:
    """The drawing may teach, but as another label (a slug of its recognizer; UnknownLabelError otherwise)."""
    return _say(correction, reviewer, label_id=_label(correction, label))


def _label(correction: Correction, slug: str) -> int:
    found = Label.objects.filter(recognizer__drawings=correction.drawing_id, slug=slug).values_list("pk", flat=True)
    if not found:
        raise UnknownLabelError(slug)
    return found[0]


def reject(*, correction: Correction, reviewer: User, reason: str) -> Opinion:
    """The drawing must not teach; `reason` is one of Review.Reason (ValueError otherwise)."""
    check_reason(reason)
    return _say(correction, reviewer, reason=reason)


def settle(*, correction: Correction, by: User, label: str | None = None, reason: str = "") -> Review:
    """Decide alone what reviewers do not agree on: a label's slug, or the reason to reject.

    Raises UnknownLabelError, ValueError, and what `claim` raises; StaleReviewError also where there is no dispute.
    """
    label_id = _label(correction, label) if label else None
    if label_id is None:
        check_reason(reason)
    with lock_correction(correction, by) as held:
        if not held.disputed:
            raise StaleReviewError("Reviewers do not disagree about this one any more. Take the next one.")
        decision = consensus.decision_of(correction, label_id)
        row = Review(correction=correction, decision=decision, label_id=label_id, reason=reason, by=by, agreed=0)
        (review,) = consensus.append_reviews([row], author=held.author, last={correction.pk: held.last})
        places.set_waiting([correction.pk], waits=False)
        claims.release([correction.pk], by)
    return review


def check_reason(reason: str) -> None:
    """Raise ValueError for what is no reason to reject."""
    if reason not in Review.Reason.values:
        raise ValueError(f"{reason!r} is no reason to reject. Choose one of: {', '.join(Review.Reason.values)}.")


def undo(*, review: Review, reviewer: User) -> Review:
    """Take a decision back, whoever made it; its correction waits again, claimed by who took it back.

    What reviewers said of it counts no longer, unless that was a dispute which somebody settled: that is one again.
    Raises SelfReviewError, ClaimedError, and StaleReviewError when the decision no longer counts.
    """
    with lock_correction(review.correction, reviewer) as held:
        if current(review.correction) != review:
            raise StaleReviewError("This decision was taken back already. Look again.")
        row = Review(correction=review.correction, by=reviewer, decision=Review.Decision.UNDONE)
        (undone,) = consensus.append_reviews([row], author=held.author)
        _reopen(review)
        claims.claim(review.correction_id, reviewer)
    return undone


def _reopen(review: Review) -> None:
    if review.agreed == 0 and not review.automatic:
        places.mark_disputed([review.correction_id])
        return
    consensus.withdraw_all_opinions(review.correction)
    places.set_waiting([review.correction_id], waits=True)


def take_back(*, opinion: Opinion, reviewer: User) -> None:
    """Take back what one said oneself; what was decided by it is decided no longer. It is shown again, claimed.

    Raises what `undo` raises.
    """
    with lock_correction(opinion.correction, reviewer) as held:
        if not consensus.withdraw_opinions([opinion], reviewer, author=held.author):
            raise StaleReviewError("This was taken back already. Look again.")
        claims.claim(opinion.correction_id, reviewer)


def disputes_about(corrections: Iterable[Correction]) -> dict[int, list[Opinion]]:
    """By a correction's id what reviewers say who do not agree, the oldest first; one query. Others have no entry."""
    found: defaultdict[int, list[Opinion]] = defaultdict(list)
    about = [each.pk for each in corrections]
    said = Opinion.objects.deciding().filter(correction__in=about, correction__queue_entry__disputed=True)
    for opinion in said.select_related("label", "correction__label").order_by("pk"):
        found[opinion.correction_id].append(opinion)
    return dict(found)


def said_by(reviewer: User, correction: Correction) -> Opinion | None:
    """What this reviewer says about it; None where they said nothing, or took it back."""
    return correction.opinions.current().filter(by=reviewer).select_related("label", "correction__label").first()


def current(correction: Correction) -> Review | None:
    """The decision that counts; None when nobody decided, or it was taken back."""
    return correction.reviews.current().filter(decision__in=DECIDED).select_related("label").first()


def decisions_on(drawings: Iterable[Drawing]) -> dict[int, Review | None]:
    """By a drawing's id: the decision on what its author says now, else None. One query."""
    found: dict[int, Review | None] = {drawing.pk: None for drawing in drawings}
    decided = Review.objects.current().filter(decision__in=DECIDED, correction__replaced_by__replaces__isnull=True)
    for review in decided.filter(correction__drawing__in=list(found)).select_related("correction", "label"):
        found[review.correction.drawing_id] = review
    return found


def accept_unseen(*, recognizer: Recognizer) -> int:
    """Accept by policy what nobody has looked at; returns how many. What a person decided on stays so."""
    looked_at = Review.objects.filter(automatic=False, correction__drawing__recognizer=recognizer)
    unseen = Correction.objects.current().filter(
        people.may_train("drawing__author"),
        label__isnull=False,
        reviews__isnull=True,
        opinions__isnull=True,
        drawing__recognizer=recognizer,
    )
    unseen = unseen.exclude(drawing__in=looked_at.values("correction__drawing"))
    authors = unseen.order_by("drawing__author").values_list("drawing__author", flat=True).distinct()
    return sum(_accept_unseen_of(author, unseen) for author in list(authors))


@transaction.atomic
def _accept_unseen_of(author: int, unseen: QuerySet[Correction]) -> int:
    people.lock_person(author)
    reviews = [
        Review(correction_id=pk, decision=Review.Decision.ACCEPTED, label_id=label, automatic=True)
        for pk, label in unseen.filter(drawing__author=author).values_list("pk", "label_id")
    ]
    places.set_waiting((review.correction_id for review in reviews), waits=False)
    made = Review.objects.bulk_create(reviews)
    webhooks.create_review_deliveries([review.pk for review in made], author=author)
    return len(made)


def _say(correction: Correction, reviewer: User, label_id: int | None = None, reason: str = "") -> Opinion:
    with lock_correction(correction, reviewer) as held:
        control = _control(correction, reviewer, held)
        claims.claim(correction.pk, reviewer)
        opinion = Opinion.objects.create(
            correction=correction,
            decision=consensus.decision_of(correction, label_id),
            label_id=label_id,
            reason=reason,
            by=reviewer,
            control=control,
            shared=held.asked > 1 or control is not None,
        )
        if control is None:
            _conclude(correction, opinion, held)
        release(correction=correction, reviewer=reviewer)
    return opinion


def _conclude(correction: Correction, opinion: Opinion, held: LockedCorrection) -> None:
    """Where one opinion is enough, it decides at once."""
    if held.asked > 1:
        consensus.write_agreed_reviews([correction], {correction.pk: held.asked}, author=held.author)
        return
    row = consensus.alone(opinion)
    consensus.append_reviews([row], author=held.author, last={correction.pk: held.last})
    places.set_waiting([correction.pk], waits=False)


def _control(correction: Correction, reviewer: User, held: LockedCorrection) -> Control | None:
    """Where it is decided, it may be a control to try this reviewer by. Raises StaleReviewError for what is closed."""
    if correction.label_id is None:
        raise StaleReviewError("Its author has taken back what they said. Take the next one.")
    if held.disputed:
        raise DisputedError("Reviewers do not agree on this one, so somebody settles it. Take the next one.")
    if held.said:
        raise StaleReviewError("You have said what this is. Take the next one, or take back what you said first.")
    if not held.decided:
        return None
    control = controls.controls_for(reviewer=reviewer, corrections=[correction.pk]).get(correction.pk)
    if control is None:
        raise StaleReviewError("Somebody has decided this meanwhile. Take the next one, or undo that decision first.")
    return control
