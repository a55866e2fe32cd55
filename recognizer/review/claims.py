"""Claims: who is looking at which correction now. A claim ends by itself after some minutes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from recognizer.models import Claim

if TYPE_CHECKING:
    from accounts.models import User

CLAIMED_FOR = timedelta(minutes=5)


class ClaimedError(RuntimeError):
    """Somebody else is looking at this correction."""


def claim(correction: int, reviewer: User) -> None:
    """Claim one correction, or prolong the claim. Raises ClaimedError while somebody else has it."""
    now = timezone.now()
    free = Claim.objects.filter(Q(by=reviewer) | Q(until__lte=now), correction=correction)
    if free.update(by=reviewer, until=now + CLAIMED_FOR):
        return
    try:
        with transaction.atomic():
            Claim.objects.create(correction_id=correction, by=reviewer, until=now + CLAIMED_FOR)
    except IntegrityError as error:
        raise ClaimedError("Another reviewer is looking at this one. Take the next one.") from error


def claim_many(corrections: Collection[int], reviewer: User) -> set[int]:
    """Claim those of these corrections that nobody else has, in three queries; returns which they are."""
    now = timezone.now()
    until = now + CLAIMED_FOR
    these = Claim.objects.filter(correction__in=corrections)
    these.filter(Q(by=reviewer) | Q(until__lte=now)).update(by=reviewer, until=until)
    made = [Claim(correction_id=pk, by=reviewer, until=until) for pk in corrections]
    Claim.objects.bulk_create(made, ignore_conflicts=True)
    return set(these.filter(by=reviewer, until=until).values_list("correction", flat=True))


def release(corrections: Collection[int], reviewer: User) -> None:
    """End one's own claims, so that others are shown these corrections."""
    Claim.objects.filter(correction__in=corrections, by=reviewer).delete()
