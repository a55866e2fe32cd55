"""How many reviewers must agree about a drawing, and the decision that follows from what they say.

Reviewers are not told what others said, or that others are asked. As soon as as many opinions agree as the policy asks
for, a review is written; snapshots and training read nothing else. Opinions that reject agree, whatever their reasons.
If reviewers still disagree when enough of them were asked for any two-way choice, or when no reviewer is left, the
correction is *disputed*: someone who may settle disputes decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User
from recognizer import webhooks
from recognizer.models import Control, Correction, Opinion, Policy, QueueEntry, Recognizer, Review, permissions
from recognizer.review import queue


class Consensus(NamedTuple):
    """What enough reviewers say."""

    label: int | None  # None: reject
    reason: str
    by: int | None  # the last of them


def opinions_needed(uuid: UUID, opinions: int | None, share: float | None) -> int:
    """How many must agree about the drawing with this uuid: `opinions` for a `share` of the drawings, else 1.

    A keyed hash of the uuid chooses the drawings, so nobody can predict the answer, and it is the same until SECRET_KEY
    changes.
    """
    if not opinions or opinions == 1 or share is None:
        return 1
    digest = salted_hmac("recognizer.second_opinions", str(uuid), algorithm="sha256").hexdigest()
    fraction = int(digest[:8], 16) / 16**8  # 0 <= fraction < 1
    return opinions if fraction < share else 1


def opinions_needed_for(corrections: Collection[Correction]) -> dict[int, int]:
    """The same by id of a correction, in one query."""
    found = Correction.objects.filter(pk__in=[each.pk for each in corrections]).values_list(
        "pk",
        "drawing__uuid",
        "drawing__recognizer__policy__opinions",
        "drawing__recognizer__policy__opinions_share",
    )
    return {pk: opinions_needed(uuid, opinions, share) for pk, uuid, opinions, share in found}


def find_consensus(opinions: Sequence[Opinion], needed: int) -> Consensus | None:
    """What at least `needed` of these opinions agree on, given the oldest first; None if too few agree."""
    by_label: defaultdict[int | None, list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        by_label[opinion.label_id].append(opinion)
    group = max(by_label.values(), key=lambda each: (len(each), each[-1].pk), default=[])
    if not group or len(group) < needed:
        return None
    reason = Counter(opinion.reason for opinion in reversed(group)).most_common(1)[0][0]
    return Consensus(group[-1].label_id, reason, group[-1].by_id)


def opinions_about(corrections: Iterable[Correction]) -> dict[int, list[Opinion]]:
    """By id of a correction: the opinions that count, the oldest first. One query."""
    found: defaultdict[int, list[Opinion]] = defaultdict(list)
    for opinion in Opinion.objects.deciding().filter(correction__in=list(corrections)).order_by("pk"):
        found[opinion.correction_id].append(opinion)
    return found


def write_agreed_reviews(corrections: Sequence[Correction], needed: dict[int, int], *, author: int) -> list[Review]:
    """Write the reviews that the opinions about these corrections lead to, and mark new disputes.

    The corrections are undecided, of one author, and locked with their queue entries; `needed` is from
    `opinions_needed_for`. A fixed number of queries.
    """
    opinions = opinions_about(corrections)
    reviews = [
        Review(
            correction=each,
            decision=decision_of(each, found.label),
            label_id=found.label,
            reason=found.reason,
            by_id=found.by,
            agreed=needed[each.pk],
        )
        for each in corrections
        if (found := find_consensus(opinions[each.pk], needed[each.pk]))
    ]
    made = append_reviews(reviews, author=author)
    decided = {review.correction_id for review in made}
    queue.set_waiting(decided, waits=False)
    labels = {each.pk: {opinion.label_id for opinion in opinions[each.pk]} for each in corrections}
    differing = [each.pk for each in corrections if each.pk not in decided and len(labels[each.pk]) > 1]
    if differing:
        reviewers = permissions.reviewers().count()
        # At most 2 * needed - 1 reviewers are asked: by then, one of two answers has `needed` opinions.
        queue.mark_disputed(
            [pk for pk in differing if len(opinions[pk]) >= min(2 * needed[pk] - 1, reviewers)],
        )
    return made


def decision_of(correction: Correction, label: int | None) -> Review.Decision:
    """The decision that gives a correction this label, or none."""
    if label is None:
        return Review.Decision.REJECTED
    return Review.Decision.ACCEPTED if label == correction.label_id else Review.Decision.RELABELLED


def append_reviews(
    reviews: Sequence[Review], *, author: int, last: Mapping[int, int | None] | None = None
) -> list[Review]:
    """Save decisions about drawings of one author; each replaces the current review of its correction.

    `last` has the ids of these current reviews by correction, if the caller knows them.
    """
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


def withdraw_opinions(opinions: Sequence[Opinion], by: User, *, author: int) -> list[Opinion]:
    """Withdraw one reviewer's opinions, and undo the reviews that have too few left. Returns what was withdrawn.

    Opinions that were withdrawn before are skipped. The author and the queue entries are locked.
    """
    found = Opinion.objects.current().filter(pk__in=[each.pk for each in opinions], by=by)
    withdrawn = list(found.select_related("correction"))
    found.update(withdrawn=timezone.now())
    about = {each.correction_id: each.correction for each in withdrawn if each.control_id is None}
    left = opinions_about(about.values())
    decided = Review.objects.current().exclude(decision=Review.Decision.UNDONE)
    undone = [
        review.correction_id
        for review in decided.filter(correction__in=about, agreed__gt=0)
        if sum(opinion.label_id == review.label_id for opinion in left[review.correction_id]) < review.agreed
    ]
    append_reviews([Review(correction_id=pk, by=by, decision=Review.Decision.UNDONE) for pk in undone], author=author)
    disputed = QueueEntry.objects.disputed().filter(correction__in=about).values_list("pk", flat=True)
    queue.set_waiting([*undone, *disputed], waits=True)
    _end_controls(undone)
    return withdrawn


def withdraw_all_opinions(correction: Correction) -> None:
    """Withdraw everybody's opinions, because the decision was undone: all reviewers may be asked again."""
    Opinion.objects.deciding().filter(correction=correction).update(withdrawn=timezone.now())
    _end_controls([correction.pk])


def _end_controls(corrections: Collection[int]) -> None:
    """Without a decision there is no known answer: these are controls no longer, and answers to them do not count."""
    now = timezone.now()
    Control.objects.current().filter(correction__in=corrections).update(ended=now)
    answers = Opinion.objects.current().filter(control__isnull=False, correction__in=corrections)
    answers.update(withdrawn=now)


@dataclass(frozen=True)
class ReviewerShortage:
    """A policy that asks for more reviewers than there are, so that nothing can be decided."""

    recognizer: Recognizer
    needed: int
    available: int


def reviewer_shortages(recognizer: Recognizer | None = None) -> list[ReviewerShortage]:
    """Shortages for one recognizer or for all. One query if no policy asks for several opinions, else two."""
    asking = list(Policy.objects.filter(opinions__gt=1, opinions_share__gt=0).select_related("recognizer"))
    reviewers = permissions.reviewers().count() if asking else 0
    return [
        ReviewerShortage(policy.recognizer, policy.opinions, reviewers)
        for policy in asking
        if policy.opinions > reviewers and recognizer in (None, policy.recognizer)
    ]
