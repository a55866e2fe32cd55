"""Controls: decided drawings with a known answer, mixed into what reviewers are shown to measure their accuracy.

Each control is shown to each reviewer at most once, and looks like any other drawing; an opinion about it decides
nothing. A keyed hash of the reviewer's last opinion chooses the positions of controls in a list, so that nobody can
predict them, and a page that is loaded again shows the same. People who may mark controls know the answers and are
shown none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import audit
from accounts.models import User, lock_person
from recognizer.models import Claim, Control, Correction, Opinion, Policy, QueueEntry, Review, permissions
from recognizer.review import locking, queue
from recognizer.review.queue import QueueFilter


class NoControlError(RuntimeError):
    """The correction cannot be a control; the text says why."""


@transaction.atomic
def mark_control(*, review: Review, by: User) -> Control:
    """Make a decided correction a control: the decision is the known answer.

    Raises NoControlError if the decision or the correction is not current, or if no reviewer has seen it.
    """
    lock_person(review.correction.drawing.author_id)
    queue.lock_entry(review.correction_id)
    is_current = Review.objects.current().filter(pk=review.pk, correction__replaced_by__replaces__isnull=True).exists()
    if not is_current or review.decision == Review.Decision.UNDONE:
        raise NoControlError(
            "Only the current decision has a known answer. Choose one that was not undone or replaced."
        )
    if review.automatic:
        raise NoControlError("No reviewer has seen this drawing, so its answer is not known. Review it first.")
    if found := control_of(review.correction_id):
        return found
    _note("control.marked", review.correction, by)
    return Control.objects.create(correction=review.correction, label_id=review.label_id, by=by)


@transaction.atomic
def unmark_control(*, control: Control, by: User) -> bool:
    """End a control; opinions about it count no longer. Returns whether it was one."""
    if not Control.objects.current().filter(pk=control.pk).update(ended=timezone.now()):
        return False
    _note("control.ended", control.correction, by)
    return True


def _note(what: str, correction: Correction, by: User) -> None:
    subject = f"drawing {correction.drawing.uuid}"
    undoes = audit.newest_entry(what="control.marked", subject=subject) if what == "control.ended" else None
    audit.note(by=by, what=what, subject=subject, undoes=undoes)


def control_of(correction: int) -> Control | None:
    """The control that this correction is, or None."""
    return Control.objects.current().filter(correction=correction).first()


def controls_for(*, reviewer: User, corrections: Collection[int]) -> dict[int, Control]:
    """By correction: those of these that are controls and that this reviewer may be shown."""
    if permissions.may_mark_controls(reviewer):
        return {}
    mine = Opinion.objects.current().filter(correction=OuterRef("correction"), by=reviewer)
    found = Control.objects.current().filter(~Exists(mine), correction__in=corrections)
    return {control.correction_id: control for control in found}


def available_controls(*, reviewer: User, own: bool, wanted: QueueFilter) -> QuerySet[Correction]:
    """The controls that this reviewer may be shown now and that their filter wants."""
    marked = Control.objects.current().filter(correction=OuterRef("pk"))
    decided = Correction.objects.filter(Exists(marked), queue_entry__waits=False, queue_entry__disputed=False)
    mine = Review.objects.current().filter(correction=OuterRef("pk"), by=reviewer)
    return queue.available_to(decided, reviewer=reviewer, own=own, wanted=wanted).exclude(Exists(mine)).order_by("pk")


def mix_in_controls(
    found: Sequence[Correction], *, reviewer: User, own: bool, wanted: QueueFilter, passed_over: Collection[int]
) -> list[Correction]:
    """Replace some claimed corrections by controls of the same recognizer, as many as the policies ask for."""
    shares = dict(Policy.objects.filter(control_share__gt=0).values_list("recognizer", "control_share"))
    if not shares or permissions.may_mark_controls(reviewer):
        return list(found)
    indexes = _control_indexes(found, shares, reviewer, len(passed_over))
    if not indexes:
        return list(found)
    of_these = {found[at].queue_entry.recognizer_id for at in indexes}
    free = available_controls(reviewer=reviewer, own=own, wanted=wanted).exclude(pk__in=passed_over)
    with transaction.atomic():
        locked = free.filter(queue_entry__recognizer__in=of_these)
        some = list(locked.select_for_update(skip_locked=True, of=("queue_entry",))[: len(indexes)])
        claimed = locking.claim_corrections([each.pk for each in some], reviewer)
    return _put_in(list(found), indexes, [each for each in some if each.pk in claimed], reviewer)


def _control_indexes(found: Sequence[Correction], shares: dict[int, float], reviewer: User, before: int) -> list[int]:
    """The indexes in the list at which a control is shown."""
    last = Opinion.objects.filter(by=reviewer).order_by("-id").values_list("id", flat=True).first() or 0
    indexes = []
    for at, correction in enumerate(found):
        key = f"{reviewer.pk} {last} {before + at}"
        digest = salted_hmac("recognizer.controls", key, algorithm="sha256").hexdigest()
        fraction = int(digest[:8], 16) / 16**8  # 0 <= fraction < 1
        if fraction < shares.get(correction.queue_entry.recognizer_id, 0):
            indexes.append(at)
    return indexes


def _put_in(
    found: list[Correction], indexes: Sequence[int], claimed: Sequence[Correction], reviewer: User
) -> list[Correction]:
    """Replace corrections at these indexes by controls of the same recognizer; release what is not shown."""
    left = list(claimed)
    gone = []
    for at in indexes:
        recognizer = found[at].queue_entry.recognizer_id
        if fits := next((each for each in left if each.queue_entry.recognizer_id == recognizer), None):
            left.remove(fits)
            gone.append(found[at].pk)
            found[at] = fits
    locking.release_claims([*gone, *(each.pk for each in left)], reviewer)
    return found


def count_claimed_controls(reviewer: User, decided: Collection[int] = ()) -> int:
    """How many controls this reviewer is shown now, but for those `decided`. They count among what waits."""
    mine = Claim.objects.filter(by=reviewer, until__gt=timezone.now(), correction__queue_entry__waits=False)
    current = mine.filter(correction__controls__ended__isnull=True, correction__controls__isnull=False)
    return current.exclude(correction__in=decided).count()


def control_entries(corrections: Iterable[int]) -> QuerySet[QueueEntry]:
    """The queue entries of those of these corrections that are controls."""
    marked = Control.objects.current().filter(correction=OuterRef("pk"))
    return QueueEntry.objects.filter(Exists(marked), correction__in=corrections, waits=False, disputed=False)
