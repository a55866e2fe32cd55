"""The demo users: recognised by their addresses, and removed with all their drawings."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import deletion
from accounts.models import User
from recognizer.models import ModelVersion, Promotion, Recognizer, SnapshotItem
from recognizer.registry import promotions

DOMAIN = "demo.invalid"  # receives no mail (RFC 2606)
NAMES = ("Ada", "Bela", "Chandra", "Dilek", "Emil", "Fatou", "Goran", "Hana", "Iris", "Jun", "Kofi", "Lena")
REVIEWER = "Rosa"


class DemoUser(NamedTuple):
    """A demo user with a new password."""

    person: User
    name: str
    password: str


def demo_users() -> QuerySet[User]:
    """All demo users, also of earlier demonstrations."""
    return User.objects.filter(email__endswith=f"@{DOMAIN}")


def create_user(name: str) -> DemoUser:
    """Create or reuse a demo user with a verified address and consent to training."""
    email, password = f"{name.lower()}@{DOMAIN}", secrets.token_urlsafe(16)
    with transaction.atomic():
        person = User.objects.filter(email=email).first() or User.objects.create_user(email, first_name=name)
        person.set_password(password)
        person.consented_at = person.consented_at or timezone.now()
        person.save()
        EmailAddress.objects.update_or_create(user=person, email=email, defaults={"verified": True, "primary": True})
    return DemoUser(person, name, password)


def create_reviewer() -> User:
    """Create or reuse the demo user who may review."""
    person = create_user(REVIEWER).person
    permission = Permission.objects.get(content_type__app_label="recognizer", codename="review_drawings")
    person.user_permissions.add(permission)
    return User.objects.get(pk=person.pk)


def remove_users() -> tuple[int, list[Promotion]]:
    """Remove all demo users and their drawings. A live version trained on these is rolled back to one that was not.

    Returns how many users were removed, and the promotions.
    """
    study = SnapshotItem.objects.filter(part=SnapshotItem.Part.STUDY, run__version__isnull=False)
    trained = set(study.filter(drawing__author__in=demo_users()).values_list("run__version", flat=True))  # version ids
    back = [done for recognizer in Recognizer.objects.all() if (done := _roll_back(recognizer, trained))]
    removed = list(demo_users())
    for person in removed:
        deletion.delete_person(person=person)
    return len(removed), back


def _roll_back(recognizer: Recognizer, trained: set[int]) -> Promotion | None:
    newest = promotions.current_promotion(recognizer.pk)
    if newest is None or newest.model_version_id not in trained:
        return None
    earlier = recognizer.promotions.exclude(model_version__in=trained).order_by("-id").values("model_version")
    version = ModelVersion.objects.get(pk=earlier[0]["model_version"])
    return promotions.promote(version=version, replaces=newest, reason="The demonstration was cleaned up.")
