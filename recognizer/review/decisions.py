"""What reviewers decide about corrections: accept, change the label, reject, settle a dispute, undo.

What a reviewer says is an opinion. When as many opinions agree as the policy asks for (one by default), a review is
written (`consensus`). Reviews are append-only: undoing one adds a row. Callers check whether a person may review at all
(`recognizer.models.permissions`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet

from accounts import people
from accounts.models import User, lock_person
from recognizer.models import (
    Control,
    Correction,
    Drawing,
    Label,
    Opinion,
    Recognizer,
    Review,
    UnknownLabelError,
    permissions,
)
from recognizer.review import consensus, controls, queue
from recognizer.review.locking import (
    ClaimedError,
    DisputedError,
    LockedCorrection,
    SelfReviewError,
    StaleReviewError,
    claim_correction,
    claim_corrections,
    lock_correction,
    release_claims,
)
from recognizer.review.queue import DECIDED, NO_FILTER, QueueFilter

__all__ = ["ClaimedError", "DisputedError", "SelfReviewError", "StaleReviewError"]

REFUSALS = (SelfReviewError, ClaimedError, StaleReviewError)


def waiting_for(*, reviewer: User, wanted: QueueFilter = NO_FILTER) -> QuerySet[Correction]:
    """The corrections that this reviewer could decide now, the most useful first; see `recognizer.review.queue`."""
    return queue.waiting_corrections(reviewer=reviewer, own=permissions.may_review_own(reviewer), wanted=wanted)


def claim(*, correction: Correction, reviewer: User) -> None:
    """Reserve a correction for some minutes; claiming again prolongs it.

    Raises SelfReviewError, ClaimedError while somebody else has it, StaleReviewError if there is nothing to decide.
    """
    with lock_correction(correction, reviewer) as locked:
        if not (locked.disputed and permissions.may_settle_disputes(reviewer)):
            _check_open(correction, reviewer, locked)
        claim_correction(correction.pk, reviewer)


def claim_next(
    *, reviewer: User, wanted: QueueFilter = NO_FILTER, count: int, skipping: Collection[int] = ()
) -> list[Correction]:
    """Claim up to `count` corrections, in the order of the queue; fewer if no more are left.

    Some of them are control drawings, if the policy asks for that (`recognizer.review.controls`). Reviewers who ask at
    the same moment get different ones.
    """
    passed_over = set(skipping)
    while True:
        with transaction.atomic():  # queue entries are locked first, as in a decision
            free = waiting_for(reviewer=reviewer, wanted=wanted).exclude(pk__in=passed_over)
            found = list(free.select_for_update(skip_locked=True, of=("queue_entry",))[:count])
            claimed = claim_corrections([each.pk for each in found], reviewer)
        if not found:
            return []
        if mine := [each for each in found if each.pk in claimed]:
            own = permissions.may_review_own(reviewer)
            return controls.mix_in_controls(mine, reviewer=reviewer, own=own, wanted=wanted, passed_over=skipping)
        passed_over |= {each.pk for each in found}


def claim_these(*, reviewer: User, corrections: Sequence[int]) -> list[Correction]:
    """Claim these corrections, in this order, without those that this reviewer cannot decide or settle now."""
    with transaction.atomic():
        free = waiting_for(reviewer=reviewer).filter(pk__in=corrections)
        found = {each.pk: each for each in free.select_for_update(of=("queue_entry",))}
        if permissions.may_settle_disputes(reviewer):
            disputed = Correction.objects.filter(pk__in=corrections, queue_entry__disputed=True)
            disputed = disputed.filter(people.may_train("queue_entry__author")).select_related("label", "queue_entry")
            if not permissions.may_review_own(reviewer):
                disputed = disputed.exclude(queue_entry__author=reviewer)
            found |= {each.pk: each for each in disputed.select_for_update(of=("queue_entry",))}
        claimed = claim_corrections(list(found), reviewer)
    return [found[pk] for pk in dict.fromkeys(corrections) if pk in claimed]


def accept(*, correction: Correction, reviewer: User) -> Opinion:
    """Say that the author's label is right. Raises what `claim` raises."""
    return _save_opinion(correction, reviewer, label_id=correction.label_id)


def relabel(*, correction: Correction, reviewer: User, label: str) -> Opinion:
    """Say that the drawing is another label, a slug of its recognizer. Raises UnknownLabelError and as `claim`."""
    return _save_opinion(correction, reviewer, label_id=_label(correction, label))


def reject(*, correction: Correction, reviewer: User, reason: str) -> Opinion:
    """Say that the drawing must not be used for training, for one of Review.Reason (ValueError otherwise)."""
    check_reason(reason)
    return _save_opinion(correction, reviewer, reason=reason)


def _label(correction: Correction, slug: str) -> int:
    found = Label.objects.filter(recognizer__drawings=correction.drawing_id, slug=slug).values_list("pk", flat=True)
    if not found:
        raise UnknownLabelError(slug)
    return found[0]


def check_reason(reason: str) -> None:
    """Raise ValueError unless this is a reason to reject."""
    if reason not in Review.Reason.values:
        raise ValueError(f"{reason!r} is no reason to reject. Choose one of: {', '.join(Review.Reason.values)}.")


def _save_opinion(correction: Correction, reviewer: User, label_id: int | None = None, reason: str = "") -> Opinion:
    with lock_correction(correction, reviewer) as locked:
        control = _check_open(correction, reviewer, locked)
        claim_correction(correction.pk, reviewer)
        decision = consensus.decision_of(correction, label_id)
        said = {"correction": correction, "decision": decision, "label_id": label_id, "reason": reason, "by": reviewer}
        shared = locked.opinions_needed > 1 or control is not None
        opinion = Opinion.objects.create(control=control, shared=shared, **said)
        if control is None and locked.opinions_needed > 1:
            needed = {correction.pk: locked.opinions_needed}
            consensus.write_agreed_reviews([correction], needed, author=locked.author)
        elif control is None:
            review = Review(agreed=1, **said)
            consensus.append_reviews([review], author=locked.author, last={correction.pk: locked.last})
            queue.set_waiting([correction.pk], waits=False)
        release_claims([correction.pk], reviewer)
    return opinion


def _check_open(correction: Correction, reviewer: User, locked: LockedCorrection) -> Control | None:
    """Raise StaleReviewError if this reviewer cannot give an opinion now. Returns the control, if it is one."""
    if correction.label_id is None:
        raise StaleReviewError("Its author has removed the label. Take the next one.")
    if locked.disputed:
        raise DisputedError("Reviewers disagree about this one, and someone has to settle it. Take the next one.")
    if locked.has_opinion:
        raise StaleReviewError("You have reviewed this one. Take the next one, or undo your review first.")
    if not locked.decided:
        return None
    control = controls.controls_for(reviewer=reviewer, corrections=[correction.pk]).get(correction.pk)
    if control is None:
        raise StaleReviewError("Another reviewer has decided this one. Take the next one, or undo that decision first.")
    return control


def settle(*, correction: Correction, by: User, label: str | None = None, reason: str = "") -> Review:
    """Decide a dispute alone: with a label's slug, or with the reason to reject.

    Raises UnknownLabelError, ValueError, and what `claim` raises; StaleReviewError also if there is no dispute.
    """
    label_id = _label(correction, label) if label else None
    if label_id is None:
        check_reason(reason)
    with lock_correction(correction, by) as locked:
        if not locked.disputed:
            raise StaleReviewError("Reviewers do not disagree about this one any more. Take the next one.")
        decision = consensus.decision_of(correction, label_id)
        row = Review(correction=correction, decision=decision, label_id=label_id, reason=reason, by=by, agreed=0)
        (review,) = consensus.append_reviews([row], author=locked.author, last={correction.pk: locked.last})
        queue.set_waiting([correction.pk], waits=False)
        release_claims([correction.pk], by)
    return review


def undo(*, review: Review, reviewer: User) -> Review:
    """Undo a decision, whoever made it; its correction waits again, claimed by this reviewer.

    The opinions about it count no longer, unless it settled a dispute: then it is disputed again. Raises
    SelfReviewError, ClaimedError, and StaleReviewError if the decision is not the current one.
    """
    correction = review.correction
    with lock_correction(correction, reviewer) as locked:
        if current(correction) != review:
            raise StaleReviewError("This decision was undone already. Reload the page.")
        row = Review(correction=correction, by=reviewer, decision=Review.Decision.UNDONE)
        (undone,) = consensus.append_reviews([row], author=locked.author)
        if review.agreed == 0 and not review.automatic:
            queue.mark_disputed([correction.pk])
        else:
            consensus.withdraw_all_opinions(correction)
            queue.set_waiting([correction.pk], waits=True)
        claim_correction(correction.pk, reviewer)
    return undone


def take_back(*, opinion: Opinion, reviewer: User) -> None:
    """Withdraw one's own opinion, and the decision that needed it. The correction is claimed again.

    Raises what `undo` raises.
    """
    with lock_correction(opinion.correction, reviewer) as locked:
        if not consensus.withdraw_opinions([opinion], reviewer, author=locked.author):
            raise StaleReviewError("This review was undone already. Reload the page.")
        claim_correction(opinion.correction_id, reviewer)


def disputes_about(corrections: Iterable[Correction]) -> dict[int, list[Opinion]]:
    """By id of a disputed correction: the opinions about it, the oldest first. One query."""
    found: defaultdict[int, list[Opinion]] = defaultdict(list)
    about = [each.pk for each in corrections]
    opinions = Opinion.objects.deciding().filter(correction__in=about, correction__queue_entry__disputed=True)
    for opinion in opinions.select_related("label", "correction__label").order_by("pk"):
        found[opinion.correction_id].append(opinion)
    return dict(found)


def opinion_by(reviewer: User, correction: Correction) -> Opinion | None:
    """This reviewer's opinion about the correction, if there is one that was not withdrawn."""
    return correction.opinions.current().filter(by=reviewer).select_related("label", "correction__label").first()


def current(correction: Correction) -> Review | None:
    """The decision that counts; None if nobody decided, or it was undone."""
    return correction.reviews.current().filter(decision__in=DECIDED).select_related("label").first()


def decisions_on(drawings: Iterable[Drawing]) -> dict[int, Review | None]:
    """By a drawing's id: the decision on its current correction, or None. One query."""
    found: dict[int, Review | None] = {drawing.pk: None for drawing in drawings}
    decided = Review.objects.current().filter(decision__in=DECIDED, correction__replaced_by__replaces__isnull=True)
    for review in decided.filter(correction__drawing__in=list(found)).select_related("correction", "label"):
        found[review.correction.drawing_id] = review
    return found


def accept_unseen(*, recognizer: Recognizer) -> int:
    """Accept, by policy, corrections that no reviewer has seen; returns how many. Decisions by people stay.

    Corrections of rounds wait for a reviewer: their label is what was asked for, whatever was drawn.
    """
    reviewed = Review.objects.filter(automatic=False, correction__drawing__recognizer=recognizer)
    unseen = Correction.objects.current().filter(
        people.may_train("drawing__author"),
        label__isnull=False,
        origin="",
        reviews__isnull=True,
        opinions__isnull=True,
        drawing__recognizer=recognizer,
    )
    unseen = unseen.exclude(drawing__in=reviewed.values("correction__drawing"))
    authors = unseen.order_by("drawing__author").values_list("drawing__author", flat=True).distinct()
    return sum(_accept_unseen_of(author, unseen) for author in list(authors))


@transaction.atomic
def _accept_unseen_of(author: int, unseen: QuerySet[Correction]) -> int:
    lock_person(author)
    reviews = [
        Review(correction_id=pk, decision=Review.Decision.ACCEPTED, label_id=label, automatic=True)
        for pk, label in unseen.filter(drawing__author=author).values_list("pk", "label_id")
    ]
    queue.set_waiting((review.correction_id for review in reviews), waits=False)
    return len(consensus.append_reviews(reviews, author=author, last={}))
