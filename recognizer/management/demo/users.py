"""The made-up people of the demonstration: known by their addresses, and removed with everything they drew."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import people
from accounts.models import User
from recognizer.models import ModelVersion, Promotion, Recognizer, SnapshotItem
from recognizer.registry import promotions

DOMAIN = "demo.invalid"  # no mail ever gets there (RFC 2606)
NAMES = ("Ada", "Bela", "Chandra", "Dilek", "Emil", "Fatou", "Goran", "Hana", "Iris", "Jun", "Kofi", "Lena")
REVIEWER = "Rosa"


class DemoUser(NamedTuple):
    """One of them, with the password for this time."""

    person: User
    name: str
    password: str


def demo_users() -> QuerySet[User]:
    """All of them, of this time and before."""
    return User.objects.filter(email__endswith=f"@{DOMAIN}")


def create_user(name: str) -> DemoUser:
    """A person with an address that is confirmed, who has agreed that their drawings train the model."""
    email, password = f"{name.lower()}@{DOMAIN}", secrets.token_urlsafe(16)
    with transaction.atomic():
        person = User.objects.filter(email=email).first() or User.objects.create_user(email, first_name=name)
        person.set_password(password)
        person.consented_at = person.consented_at or timezone.now()
        person.save()
        EmailAddress.objects.update_or_create(user=person, email=email, defaults={"verified": True, "primary": True})
    return DemoUser(person, name, password)


def create_reviewer() -> User:
    """Somebody who may review, and draws nothing."""
    person = create_user(REVIEWER).person
    may = Permission.objects.get(content_type__app_label="recognizer", codename="review_drawings")
    person.user_permissions.add(may)
    return User.objects.get(pk=person.pk)


def remove_users() -> tuple[int, list[Promotion]]:
    """Remove them with their drawings; where a version answers that learned from these, bring back one that did not.

    How many people were removed, and the promotions that this took.
    """
    taught = _taught_by_them()
    back = [done for recognizer in Recognizer.objects.all() if (done := _bring_back(recognizer, taught))]
    gone = list(demo_users())
    for person in gone:
        people.delete_person(person=person)
    return len(gone), back


def _taught_by_them() -> set[int]:
    """Ids of the versions that learned from their drawings."""
    items = SnapshotItem.objects.filter(
        drawing__author__in=demo_users(), part=SnapshotItem.Part.STUDY, run__version__isnull=False
    )
    return set(items.values_list("run__version", flat=True))


def _bring_back(recognizer: Recognizer, taught: set[int]) -> Promotion | None:
    newest = promotions.current_promotion(recognizer.pk)
    if newest is None or newest.model_version_id not in taught:
        return None
    earlier = recognizer.promotions.exclude(model_version__in=taught).order_by("-id").values("model_version")
    version = ModelVersion.objects.get(pk=earlier[0]["model_version"])
    return promotions.promote(version=version, replaces=newest, reason="The demonstration is over.")
