"""Controls: decided drawings with a known answer, mixed among those that wait and looking like any of them.

Each is shown to each reviewer at most once; what they say of it is an opinion that decides nothing. Where a control
comes in what somebody is shown is drawn by a keyed hash of what they have said so far, so nobody can count them out,
and a page that is loaded again shows the same. Who may mark controls knows the answers, and is shown none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import audit, people
from recognizer import permissions
from recognizer.models import Claim, Control, Correction, Opinion, Policy, QueueEntry, Review
from recognizer.review import claims, queue
from recognizer.review.queue import QueueFilter

if TYPE_CHECKING:
    from accounts.models import User


class NoControlError(RuntimeError):
    """It cannot be a control now; the text says why."""


@transaction.atomic
def mark_control(*, review: Review, by: User) -> Control:
    """Let a decided correction be a control: what was decided is the known answer.

    Raises NoControlError where the decision or the correction counts no longer, or nobody looked at it.
    """
    people.lock_person(review.correction.drawing.author_id)
    queue.lock_entry(review.correction_id)
    counts = Review.objects.current().filter(pk=review.pk, correction__replaced_by__replaces__isnull=True).exists()
    if not counts or review.decision == Review.Decision.UNDONE:
        raise NoControlError("Only a decision that counts has a known answer. Choose one that stands.")
    if review.automatic:
        raise NoControlError("Nobody has looked at this drawing, so its answer is not known. Review it first.")
    if found := control_of(review.correction_id):
        return found
    _note("control.marked", review.correction, by)
    return Control.objects.create(correction=review.correction, label_id=review.label_id, by=by)


@transaction.atomic
def unmark_control(*, control: Control, by: User) -> bool:
    """Take the mark off; what was said of it counts no longer. Returns whether it was on."""
    if not Control.objects.current().filter(pk=control.pk).update(ended=timezone.now()):
        return False
    _note("control.ended", control.correction, by)
    return True


def _note(what: str, correction: Correction, by: User) -> None:
    subject = f"drawing {correction.drawing.uuid}"
    undoes = audit.newest_entry(what="control.marked", subject=subject) if what == "control.ended" else None
    audit.note(by=by, what=what, subject=subject, undoes=undoes)


def control_of(correction: int) -> Control | None:
    """The control that a correction is, if it is one."""
    return Control.objects.current().filter(correction=correction).first()


def controls_for(*, reviewer: User, corrections: Collection[int]) -> dict[int, Control]:
    """By correction: which of these are controls that this reviewer can be tried by."""
    if permissions.may_mark_controls(reviewer):
        return {}
    found = Control.objects.current().filter(correction__in=corrections)
    found = found.exclude(Exists(_known_to(reviewer, "correction")))
    return {control.correction_id: control for control in found}


def _known_to(reviewer: User, correction: str) -> QuerySet[Opinion]:
    """What this reviewer has said already, or said when it was decided."""
    return Opinion.objects.current().filter(correction=OuterRef(correction), by=reviewer)


def available_controls(*, reviewer: User, own: bool, wanted: QueueFilter) -> QuerySet[Correction]:
    """The controls that this reviewer could be shown now, as far as they want such drawings."""
    marked = Control.objects.current().filter(correction=OuterRef("pk"))
    decided = Correction.objects.filter(Exists(marked), queue_entry__waits=False, queue_entry__disputed=False)
    mine = Review.objects.current().filter(correction=OuterRef("pk"), by=reviewer)
    return queue.available_to(decided, reviewer=reviewer, own=own, wanted=wanted).exclude(Exists(mine)).order_by("pk")


def mix_in_controls(
    found: Sequence[Correction], *, reviewer: User, own: bool, wanted: QueueFilter, passed_over: Collection[int]
) -> list[Correction]:
    """Some of the corrections that were claimed for a reviewer make way for controls, as the policies ask."""
    shares = dict(Policy.objects.filter(control_share__gt=0).values_list("recognizer", "control_share"))
    if not shares or permissions.may_mark_controls(reviewer):
        return list(found)
    places = _drawn(found, shares, reviewer, len(passed_over))
    if not places:
        return list(found)
    of_these = {found[at].queue_entry.recognizer_id for at in places}
    free = available_controls(reviewer=reviewer, own=own, wanted=wanted).exclude(pk__in=passed_over)
    taken = _claim(free.filter(queue_entry__recognizer__in=of_these), len(places), reviewer)
    return _put_in(list(found), places, taken, reviewer)


def _drawn(found: Sequence[Correction], shares: dict[int, float], reviewer: User, before: int) -> list[int]:
    """At which places of the list a control stands."""
    last = Opinion.objects.filter(by=reviewer).order_by("-id").values_list("id", flat=True).first() or 0
    drawn = enumerate(_share(f"{reviewer.pk} {last} {before + at}") for at in range(len(found)))
    return [at for at, share in drawn if share < shares.get(found[at].queue_entry.recognizer_id, 0)]


def _share(key: str) -> float:
    return int(salted_hmac("recognizer.controls", key, algorithm="sha256").hexdigest()[:8], 16) / 16**8


@transaction.atomic
def _claim(free: QuerySet[Correction], count: int, reviewer: User) -> list[Correction]:
    found = list(free.select_for_update(skip_locked=True, of=("queue_entry",))[:count])
    taken = claims.claim_many([each.pk for each in found], reviewer)
    return [each for each in found if each.pk in taken]


def _put_in(
    found: list[Correction], places: Sequence[int], taken: Sequence[Correction], reviewer: User
) -> list[Correction]:
    """Each at a place of a drawing of its own recognizer; what makes way is given back."""
    left = list(taken)
    gone = []
    for at in places:
        fits = next(
            (each for each in left if each.queue_entry.recognizer_id == found[at].queue_entry.recognizer_id), None
        )
        if fits:
            left.remove(fits)
            gone.append(found[at].pk)
            found[at] = fits
    claims.release([*gone, *(each.pk for each in left)], reviewer)
    return found


def count_claimed_controls(reviewer: User) -> int:
    """How many controls this reviewer is being shown; they count among what waits for them, like all others."""
    mine = Claim.objects.filter(by=reviewer, until__gt=timezone.now(), correction__queue_entry__waits=False)
    return mine.filter(correction__controls__ended__isnull=True, correction__controls__isnull=False).count()


def control_entries(corrections: Iterable[int]) -> QuerySet[QueueEntry]:
    """Of those of these corrections that are controls."""
    marked = Control.objects.current().filter(correction=OuterRef("pk"))
    return QueueEntry.objects.filter(Exists(marked), correction__in=corrections, waits=False, disputed=False)
