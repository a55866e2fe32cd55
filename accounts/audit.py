"""Writes and reads the audit log: who did what to which object, when, and what undid it.

It records changes that the site must be able to explain: settings, permissions, keys, promotions, excluded authors,
deleted people and drawings. Actions that already have a row of their own (such as reviews) are not logged again.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from accounts.models import AuditEntry, User


def note(
    *, by: User | None, what: str, subject: str, detail: dict[str, Any] | None = None, undoes: AuditEntry | None = None
) -> AuditEntry:
    """Write and return one entry. Call it in the transaction of the action; `by` is None for automatic actions.

    `what` is a noun and a verb ("key.made"); `subject` names the object ("digits version 4"), people by `name_of`.
    `detail` must hold no names or addresses. Raises IntegrityError when `undoes` is already undone.
    """
    return AuditEntry.objects.create(
        by=by, actor=name_of(by) if by else "", what=what, subject=subject, detail=detail or {}, undoes=undoes
    )


def name_of(person: User) -> str:
    """The name of a person in the log: a number, which identifies nobody once the account is deleted."""
    return f"person {person.pk}"


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """The values that differ, as `{name: [before, after]}`, for the detail of an entry."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


def newest_entry(*, what: str, subject: str) -> AuditEntry | None:
    """The newest entry of this kind about this subject that is not undone, or None."""
    found = AuditEntry.objects.filter(what=what, subject=subject, undone_by__isnull=True)
    return found.order_by("-id").first()


def entries_of(person: User) -> list[Any]:
    """Entries by or about this person as dicts, oldest first. Other people are not named."""
    name = name_of(person)
    found = AuditEntry.objects.filter(Q(actor=name) | Q(subject=name)).order_by("pk")
    return list(found.values("what", "subject", "detail", "when", own=Q(actor=name)))
