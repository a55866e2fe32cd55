"""Permissions: each one's name, and what it allows a person to do in reviews.

Django checks them with `person.has_perm(REVIEW)`; they are given to people and groups in the admin.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.models import User

REVIEW = "recognizer.review_drawings"
SETTLE_DISPUTES = "recognizer.settle_disputes"
MARK_CONTROLS = "recognizer.mark_controls"
PROMOTE = "recognizer.add_promotion"
DOWNLOAD_BASE_DATA = "recognizer.download_base_data"
SEE_OPERATIONS = "recognizer.see_operations"
SEE_PEOPLE = "accounts.view_user"
SEE_AUDIT_LOG = "accounts.view_auditentry"


def may_review(person: User) -> bool:
    """Whether this person is a reviewer."""
    return person.has_perm(REVIEW)


def may_review_own(person: User) -> bool:
    """Whether this person may review their own drawings: staff, where SELF_REVIEW is set for a site with one user."""
    return settings.SELF_REVIEW and (person.is_staff or person.is_superuser) and may_review(person)


def may_settle_disputes(person: User) -> bool:
    """Whether this person decides where reviewers disagree."""
    return person.has_perm(SETTLE_DISPUTES)


def may_mark_controls(person: User) -> bool:
    """Whether this person chooses control drawings, and therefore knows their answers."""
    return person.has_perm(MARK_CONTROLS)


def reviewers() -> QuerySet[User]:
    """Everybody who may review: by a permission of their own or of a group, or as a superuser."""
    codename = REVIEW.partition(".")[2]
    allowed = Q(user_permissions__codename=codename) | Q(groups__permissions__codename=codename)
    return User.objects.filter(Q(is_superuser=True) | allowed, is_active=True).distinct()
