"""Policies: what changes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit, people
from recognizer.models import Correction, Opinion, Policy, QueueEntry, Recognizer
from recognizer.review import consensus

if TYPE_CHECKING:
    from accounts.models import User

DECIDING = {"opinions", "opinions_share"}


@transaction.atomic
def apply_policy_change(*, policy: Policy, before: dict[str, Any], by: User) -> int:
    """Note what was changed, and decide what as many reviewers agree on as it asks for now; returns how many.

    `before` holds the fields that were changed, as they were.
    """
    after = {name: getattr(policy, name) for name in before}
    audit.note(
        by=by, what="policy.changed", subject=f"{policy.recognizer.slug} policy", detail=audit.changes(before, after)
    )
    return decide_again(recognizer=policy.recognizer) if DECIDING & before.keys() else 0


def decide_again(*, recognizer: Recognizer) -> int:
    """After a policy was changed: decide what as many agree on as it asks for now; returns how many that were."""
    begun = Opinion.objects.deciding().filter(correction__queue_entry__recognizer=recognizer)
    begun = begun.filter(Q(correction__queue_entry__waits=True) | Q(correction__queue_entry__disputed=True))
    author = "correction__queue_entry__author"
    authors = begun.order_by(author).values_list(author, flat=True)
    return sum(_look_again(each, begun) for each in list(authors.distinct()))


@transaction.atomic
def _look_again(author: int, begun: QuerySet[Opinion]) -> int:
    person = people.lock_person(author)
    if person is None or not person.may_train:
        return 0
    about = begun.filter(correction__queue_entry__author=author).values("correction")
    undecided = QueueEntry.objects.filter(Q(waits=True) | Q(disputed=True), correction__in=about)
    held = undecided.select_for_update(no_key=True)
    found = list(Correction.objects.filter(pk__in=[entry.pk for entry in held.order_by("pk")]))
    return len(consensus.write_agreed_reviews(found, consensus.opinions_needed_for(found), author=author))
