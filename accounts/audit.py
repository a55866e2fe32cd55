"""The audit log: who did what to what, when, and what undid it.

It is for what a site has to answer for: settings, permissions, keys, versions that were made to answer, people and
drawings that were shut out or deleted. What is a fact of its own already is not noted a second time.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from accounts.models import AuditEntry, User


def note(
    *, by: User | None, what: str, subject: str, detail: dict[str, Any] | None = None, undoes: AuditEntry | None = None
) -> AuditEntry:
    """Write one entry, in the transaction of what it tells; `by` is None for what the site did by itself.

    `what` is a noun and what happened to it ("key.made"); `subject` names the one it happened to ("digits version 4"),
    people by `name_of`. `detail` holds neither names nor addresses. IntegrityError when `undoes` is undone already.
    """
    return AuditEntry.objects.create(
        by=by, actor=name_of(by) if by else "", what=what, subject=subject, detail=detail or {}, undoes=undoes
    )


def name_of(person: User) -> str:
    """How the log names a person: by a number that says nothing any more once they have left."""
    return f"person {person.pk}"


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """As the detail of an entry: what differs, each with how it was and how it is."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


def newest_entry(*, what: str, subject: str) -> AuditEntry | None:
    """The newest entry of this kind about this subject that nothing has undone."""
    found = AuditEntry.objects.filter(what=what, subject=subject, undone_by__isnull=True)
    return found.order_by("-id").first()


def entries_of(person: User) -> list[dict[str, Any]]:
    """What they did and what was done to them, the oldest first; not who did that."""
    name = name_of(person)
    found = AuditEntry.objects.filter(Q(actor=name) | Q(subject=name)).order_by("pk")
    return [
        {
            "what": each.what,
            "subject": each.subject,
            "detail": each.detail,
            "when": each.when,
            "own": each.actor == name,
        }
        for each in found
    ]
