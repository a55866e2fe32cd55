"""Re-evaluate pending reviews after a change of a policy."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.models import User, lock_person
from recognizer.models import Correction, Opinion, Policy, QueueEntry, Recognizer
from recognizer.review import consensus

DECIDING = {"opinions", "opinions_share"}  # fields of a policy


@transaction.atomic
def apply_policy_change(*, policy: Policy, before: dict[str, Any], by: User) -> int:
    """Write the audit log, and decide what enough reviewers agree on by now; returns how many reviews were written.

    `before` has the old values of the changed fields.
    """
    after = {name: getattr(policy, name) for name in before}
    audit.note(
        by=by, what="policy.changed", subject=f"{policy.recognizer.slug} policy", detail=audit.changes(before, after)
    )
    return decide_again(recognizer=policy.recognizer) if DECIDING & before.keys() else 0


def decide_again(*, recognizer: Recognizer) -> int:
    """Decide pending and disputed corrections by the policy's numbers of today; returns how many."""
    pending = Q(correction__queue_entry__waits=True) | Q(correction__queue_entry__disputed=True)
    opinions = Opinion.objects.deciding().filter(pending, correction__queue_entry__recognizer=recognizer)
    author = "correction__queue_entry__author"
    authors = opinions.order_by(author).values_list(author, flat=True).distinct()
    return sum(_decide_again_of(each, opinions) for each in list(authors))


@transaction.atomic
def _decide_again_of(author: int, opinions: QuerySet[Opinion]) -> int:
    person = lock_person(author)
    if person is None or not person.may_train:
        return 0
    about = opinions.filter(correction__queue_entry__author=author).values("correction")
    undecided = QueueEntry.objects.filter(Q(waits=True) | Q(disputed=True), correction__in=about)
    locked = undecided.select_for_update(no_key=True).order_by("pk")
    found = list(Correction.objects.filter(pk__in=[entry.pk for entry in locked]))
    return len(consensus.write_agreed_reviews(found, consensus.opinions_needed_for(found), author=author))
