"""Permissions of people and groups, and audit log entries when staff change them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group

from accounts import audit
from accounts.models import User

FLAGS = ("is_active", "is_staff", "is_superuser")


def permissions_of(person: User) -> dict[str, Any]:
    """Flags, groups and permissions of a person, as JSON values."""
    flags = {name: getattr(person, name) for name in FLAGS}
    groups = sorted(person.groups.values_list("name", flat=True))
    return flags | {"groups": groups, "permissions": sorted(person.get_user_permissions()) if person.pk else []}


def group_permissions_of(group: Group) -> dict[str, Any]:
    """Name and permissions of a group, as JSON values."""
    found = group.permissions.values_list("content_type__app_label", "codename")
    return {"name": group.name, "permissions": sorted(".".join(each) for each in found)}


def note_person_changes(*, person: User, before: dict[str, Any], by: User) -> None:
    """Write an audit entry if the permissions changed. `person` is read again, because Django caches permissions."""
    if changed := audit.changes(before, permissions_of(User.objects.get(pk=person.pk))):
        audit.note(by=by, what="person.changed", subject=audit.name_of(person), detail=changed)


def note_group_changes(*, group: Group, before: dict[str, Any], by: User) -> None:
    """Write an audit entry if the group changed."""
    if changed := audit.changes(before, group_permissions_of(group)):
        audit.note(by=by, what="group.changed", subject=f"group {group.pk}", detail=changed)
