"""Reviews: what reviewers decide about corrections, one reviewer at a time.

A correction is claimed for a few minutes by a conditional update, so two reviewers are never shown the same one. Every
decision is a row; undoing is one more, and whoever wants to decide otherwise undoes first. Whether somebody may review
at all is asked at the door (`may_review`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from accounts import people
from recognizer.corrections import UnknownLabelError
from recognizer.models import Claim, Correction, Drawing, Label, Prediction, Recognizer, Review

if TYPE_CHECKING:
    from accounts.models import User

CLAIMED_FOR = timedelta(minutes=5)
PERMISSION = "recognizer.review_drawings"
DECIDED = [Review.Decision.ACCEPTED, Review.Decision.RELABELLED, Review.Decision.REJECTED]


class SelfReviewError(PermissionError):
    """Nobody reviews their own drawings."""


class ClaimedError(RuntimeError):
    """Somebody else is looking at this correction."""


class StaleReviewError(RuntimeError):
    """What was to be decided is no longer there to be decided; the text says why."""


def may_review(person: User) -> bool:
    """Whether this person is a reviewer."""
    return person.has_perm(PERMISSION)


def may_review_own(person: User) -> bool:
    """A community of one: a setting of the embedded default lets staff review their own drawings."""
    return settings.SELF_REVIEW and (person.is_staff or person.is_superuser) and may_review(person)


def queue(*, reviewer: User, recognizer: Recognizer | None = None) -> QuerySet[Correction]:
    """What this reviewer could decide now, the most informative first.

    Standing corrections that name a label and have no decision, of people who still agree, and that nobody else is
    looking at: those that overrule the model first, then those of which it was not sure, then the oldest.
    """
    waiting = _undecided().filter(label__isnull=False, drawing__author__consented_at__isnull=False)
    waiting = waiting.exclude(Q(claim__until__gt=timezone.now()) & ~Q(claim__by=reviewer))
    if recognizer:
        waiting = waiting.filter(drawing__recognizer=recognizer)
    if not may_review_own(reviewer):
        waiting = waiting.exclude(drawing__author=reviewer)
    return _most_informative_first(waiting).select_related("label", "drawing")


def _undecided() -> QuerySet[Correction]:
    decided = Review.objects.standing().filter(decision__in=DECIDED)
    return Correction.objects.standing().exclude(pk__in=decided.values("correction"))


def _most_informative_first(corrections: QuerySet[Correction]) -> QuerySet[Correction]:
    first = Prediction.objects.filter(drawing=OuterRef("drawing")).order_by("id")
    return corrections.annotate(
        guessed=Subquery(first.values("label")[:1]), doubted=Subquery(first.values("unsure")[:1])
    ).order_by(
        Case(When(label=F("guessed"), then=Value(1)), default=Value(0)), F("doubted").desc(nulls_last=True), "pk"
    )


def claim(*, correction: Correction, reviewer: User) -> None:
    """Reserve a correction for some minutes; claiming again prolongs it.

    Raises SelfReviewError, ClaimedError while somebody else has it, StaleReviewError when there is nothing to decide.
    """
    with _held(correction, reviewer):
        _check_undecided(correction)
        _take(correction, reviewer)


def release(*, correction: Correction, reviewer: User) -> None:
    """Give a claimed correction back, so that others are shown it."""
    Claim.objects.filter(correction=correction, by=reviewer).delete()


def next_for(
    *, reviewer: User, recognizer: Recognizer | None = None, skipping: Collection[int] = ()
) -> Correction | None:
    """Claim the most informative correction for this reviewer; None when there is nothing left for them.

    `skipping` are ids of corrections that they do not want to be shown now.
    """
    passed_over = set(skipping)
    while correction := queue(reviewer=reviewer, recognizer=recognizer).exclude(pk__in=passed_over).first():
        try:
            claim(correction=correction, reviewer=reviewer)
        except (ClaimedError, StaleReviewError):
            passed_over.add(correction.pk)
        else:
            return correction
    return None


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
    if reason not in Review.Reason.values:
        raise ValueError(f"{reason!r} is no reason to reject. Choose one of: {', '.join(Review.Reason.values)}.")
    return _decide(correction, reviewer, Review.Decision.REJECTED, reason=reason)


def undo(*, review: Review, reviewer: User) -> Review:
    """Take a decision back, whoever made it; its correction waits again, claimed by who took it back.

    Raises SelfReviewError, ClaimedError, and StaleReviewError when the decision no longer counts.
    """
    with _held(review.correction, reviewer):
        if standing(review.correction) != review:
            raise StaleReviewError("This decision was taken back already. Look again.")
        undone = _append(review.correction, by=reviewer, decision=Review.Decision.UNDONE)
        _take(review.correction, reviewer)
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
    return len(Review.objects.bulk_create(reviews))


def _decide(correction: Correction, reviewer: User, decision: Review.Decision, **fields: object) -> Review:
    with _held(correction, reviewer):
        _check_undecided(correction)
        _take(correction, reviewer)
        review = _append(correction, by=reviewer, decision=decision, **fields)
        release(correction=correction, reviewer=reviewer)
    return review


@contextmanager
def _held(correction: Correction, reviewer: User) -> Iterator[None]:
    """In one transaction, with the author held: they can neither change their mind nor delete the drawing meanwhile.

    Raises SelfReviewError, and StaleReviewError when they did before.
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
        yield


def _check_undecided(correction: Correction) -> None:
    if correction.label_id is None:
        raise StaleReviewError("Its author has taken back what they said. Take the next one.")
    if standing(correction):
        raise StaleReviewError("Somebody has decided this meanwhile. Take the next one, or undo that decision first.")


def _take(correction: Correction, reviewer: User) -> None:
    now = timezone.now()
    free = Claim.objects.filter(Q(by=reviewer) | Q(until__lte=now), correction=correction)
    if free.update(by=reviewer, until=now + CLAIMED_FOR):
        return
    try:
        with transaction.atomic():
            Claim.objects.create(correction=correction, by=reviewer, until=now + CLAIMED_FOR)
    except IntegrityError as error:
        raise ClaimedError("Another reviewer is looking at this one. Take the next one.") from error


def _append(correction: Correction, **fields: object) -> Review:
    last = correction.reviews.standing().first()
    return Review.objects.create(correction=correction, replaces=last, **fields)
