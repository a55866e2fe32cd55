"""People with permissions, for tests."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission

from accounts.models import User


def allow(person: User, *codenames: str) -> User:
    """Give somebody permissions. Returns them read anew: an object keeps the permissions that it once had."""
    for codename in codenames:
        person.user_permissions.add(Permission.objects.get(codename=codename))
    return User.objects.get(pk=person.pk)


def rita_who_may(*codenames: str, **fields: Any) -> User:
    """A reviewer, with further permissions."""
    return allow(
        User.objects.create_user("rita@example.org", "a reviewer's word", **fields), "review_drawings", *codenames
    )


def otto_the_operator() -> User:
    """An operator, who may see and download base data, and nothing else. Staff."""
    otto = User.objects.create_user("otto@example.org", "an operator's word", is_staff=True)
    return allow(otto, "download_base_data")
