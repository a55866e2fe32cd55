"""Policies: what changes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts import audit
from recognizer import reviews
from recognizer.models import Policy

if TYPE_CHECKING:
    from accounts.models import User

DECIDING = {"opinions", "opinions_share"}


@transaction.atomic
def changed(*, policy: Policy, before: dict[str, Any], by: User) -> int:
    """Note what was changed, and decide what as many reviewers agree on as it asks for now; returns how many.

    `before` holds the fields that were changed, as they were.
    """
    after = {name: getattr(policy, name) for name in before}
    audit.note(
        by=by, what="policy.changed", subject=f"{policy.recognizer.slug} policy", detail=audit.changes(before, after)
    )
    return reviews.look_again(recognizer=policy.recognizer) if DECIDING & before.keys() else 0
