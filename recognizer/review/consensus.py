"""Second opinions: how many reviewers are asked about a drawing, and when what they say decides about it.

Each reviewer says what they see without being told what another one said, or that another one is asked. As soon as as
many agree as the policy asks for, a review is written, which is all that snapshots and training read. Reviewers who
reject agree, whatever their reasons. Where as many answers were given as always suffice between two choices, or nobody
is left to be asked, the correction is *disputed* and waits for who settles disputes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User
from recognizer import permissions, webhooks
from recognizer.models import Control, Correction, Opinion, Policy, QueueEntry, Recognizer, Review
from recognizer.review import consensus, queue

if TYPE_CHECKING:
    from uuid import UUID


class Consensus(NamedTuple):
    """What enough reviewers say."""

    label: int | None  # None: it must not teach
    reason: str
    by: int | None  # who said it last


def opinions_needed(uuid: UUID, opinions: int | None, share: float | None) -> int:
    """How many must agree about the drawing of this uuid; by a keyed hash, so always the same and not to be guessed."""
    if not opinions or opinions == 1 or share is None or _place(uuid) >= share:
        return 1
    return opinions


def _place(uuid: UUID) -> float:
    """Where a drawing stands, from 0 to 1."""
    return int(salted_hmac("recognizer.second_opinions", str(uuid), algorithm="sha256").hexdigest()[:8], 16) / 16**8


def opinions_needed_for(corrections: Collection[Correction]) -> dict[int, int]:
    """The same by a correction's id, in one query."""
    found = Correction.objects.filter(pk__in=[each.pk for each in corrections]).values_list(
        "pk",
        "drawing__uuid",
        "drawing__recognizer__policy__opinions",
        "drawing__recognizer__policy__opinions_share",
    )
    return {pk: opinions_needed(uuid, opinions, share) for pk, uuid, opinions, share in found}


def find_consensus(said: Sequence[Opinion], number: int) -> Consensus | None:
    """What `number` of these opinions have in common, the oldest first; None while they do not agree."""
    by_label: defaultdict[int | None, list[Opinion]] = defaultdict(list)
    for opinion in said:
        by_label[opinion.label_id].append(opinion)
    group = max(by_label.values(), key=lambda each: (len(each), each[-1].pk), default=[])
    if not group or len(group) < number:
        return None
    reason = Counter(opinion.reason for opinion in reversed(group)).most_common(1)[0][0]
    return Consensus(group[-1].label_id, reason, group[-1].by_id)


def max_opinions(number: int) -> int:
    """How many opinions are asked at most: between two answers one has `number` of them by then."""
    return 2 * number - 1


def opinions_about(corrections: Iterable[Correction]) -> dict[int, list[Opinion]]:
    """By a correction's id what was said about it, the oldest first. One query."""
    said: defaultdict[int, list[Opinion]] = defaultdict(list)
    for opinion in Opinion.objects.deciding().filter(correction__in=list(corrections)).order_by("pk"):
        said[opinion.correction_id].append(opinion)
    return said


def write_agreed_reviews(corrections: Sequence[Correction], numbers: dict[int, int], *, author: int) -> list[Review]:
    """Write the reviews that what was said amounts to; `numbers` is what `asked_of` gives.

    Of corrections of one author that wait or are disputed, and are held with their places. A fixed number of queries.
    """
    said = opinions_about(corrections)
    found = {each.pk: find_consensus(said[each.pk], numbers[each.pk]) for each in corrections}
    made = append_reviews(
        (
            Review(
                correction=each,
                decision=decision_of(each, known.label),
                label_id=known.label,
                reason=known.reason,
                by_id=known.by,
                agreed=numbers[each.pk],
            )
            for each in corrections
            if (known := found[each.pk])
        ),
        author=author,
    )
    _settle(corrections, made, said, numbers)
    return made


def decision_of(correction: Correction, label: int | None) -> Review.Decision:
    """What it is called to let a drawing teach this label, or nothing."""
    if label is None:
        return Review.Decision.REJECTED
    return Review.Decision.ACCEPTED if label == correction.label_id else Review.Decision.RELABELLED


def alone(opinion: Opinion) -> Review:
    """The review that it is where one opinion is enough."""
    said = {name: getattr(opinion, name) for name in ("correction", "decision", "label_id", "reason", "by")}
    return Review(agreed=1, **said)


def append_reviews(
    rows: Iterable[Review], *, author: int, last: Mapping[int, int | None] | None = None
) -> list[Review]:
    """Write decisions that count, about drawings of one author; each replaces the last one about its correction.

    Those are `last`, where they are known.
    """
    reviews = list(rows)
    if not reviews:
        return []
    if last is None:
        about = [review.correction_id for review in reviews]
        last = dict(Review.objects.current().filter(correction__in=about).values_list("correction", "pk"))
    for review in reviews:
        review.replaces_id = last.get(review.correction_id)
    made = Review.objects.bulk_create(reviews)
    webhooks.create_review_deliveries([review.pk for review in made], author=author)
    return made


def _settle(
    corrections: Sequence[Correction], made: list[Review], said: dict[int, list[Opinion]], numbers: dict[int, int]
) -> None:
    queue.set_waiting((review.correction_id for review in made), waits=False)
    decided = {review.correction_id for review in made}
    differing = [each for each in corrections if each.pk not in decided and len(_answers(said[each.pk])) > 1]
    if not differing:
        return
    left = permissions.reviewers().count()
    disputed = [each.pk for each in differing if len(said[each.pk]) >= min(max_opinions(numbers[each.pk]), left)]
    queue.mark_disputed(disputed)


def _answers(said: Iterable[Opinion]) -> set[int | None]:
    return {opinion.label_id for opinion in said}


def withdraw_opinions(opinions: Sequence[Opinion], by: User, *, author: int) -> list[Opinion]:
    """Note that these were taken back by who said them, and take back the reviews that no longer have as many.

    Those that were taken back before are passed over. Their author and their places are held. Returns what was taken
    back.
    """
    found = Opinion.objects.current().filter(pk__in=[each.pk for each in opinions], by=by)
    taken = list(found.select_related("correction"))
    found.update(withdrawn=timezone.now())
    about = {each.correction_id: each.correction for each in taken if each.control_id is None}
    said = opinions_about(about.values())
    stands = (
        Review.objects.current().exclude(decision=Review.Decision.UNDONE).filter(correction__in=about, agreed__gt=0)
    )
    fallen = [review.correction_id for review in stands if not _still_agree(review, said[review.correction_id])]
    append_reviews((Review(correction_id=pk, by=by, decision=Review.Decision.UNDONE) for pk in fallen), author=author)
    disputed = QueueEntry.objects.disputed().filter(correction__in=about).values_list("pk", flat=True)
    queue.set_waiting([*fallen, *disputed], waits=True)
    _forget_answers(fallen)
    return taken


def _still_agree(review: Review, said: Sequence[Opinion]) -> bool:
    return sum(opinion.label_id == review.label_id for opinion in said) >= review.agreed


def withdraw_all_opinions(correction: Correction) -> None:
    """Its decision was taken back as a whole: everybody may be asked anew."""
    Opinion.objects.deciding().filter(correction=correction).update(withdrawn=timezone.now())
    _forget_answers([correction.pk])


def _forget_answers(corrections: Collection[int]) -> None:
    """What is decided no longer has no known answer, so it is no control, and nobody has been tried by it."""
    now = timezone.now()
    Control.objects.current().filter(correction__in=corrections).update(ended=now)
    tried = Opinion.objects.current().filter(control__isnull=False, correction__in=corrections)
    tried.update(withdrawn=now)


def policies_asking() -> list[Policy]:
    """Those that ask for more than one opinion."""
    return list(Policy.objects.filter(opinions__gt=1, opinions_share__gt=0).select_related("recognizer"))


@dataclass(frozen=True)
class ReviewerShortage:
    """A policy that asks for more reviewers than there are: what they say would wait for ever."""

    recognizer: Recognizer
    needed: int
    available: int


def reviewer_shortages(recognizer: Recognizer | None = None) -> list[ReviewerShortage]:
    """Those policies, of one recognizer or of all. One query where none asks for several opinions, else two."""
    asking = consensus.policies_asking()
    there = permissions.reviewers().count() if asking else 0
    return [
        ReviewerShortage(policy.recognizer, policy.opinions, there)
        for policy in _of(asking, recognizer)
        if policy.opinions > there
    ]


def _of(policies: Sequence[Policy], recognizer: Recognizer | None) -> list[Policy]:
    return [policy for policy in policies if recognizer is None or policy.recognizer == recognizer]
