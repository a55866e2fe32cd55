"""The audit log and the reviewers' decisions, for who may read them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import PersonRequest
from recognizer import permissions
from recognizer.models import Review
from recognizer.pages.access import for_auditors
from recognizer.pages.moderation import audit_entries
from recognizer.pages.moderation.audit_entries import Asked


@require_safe
@never_cache
@for_auditors
def log(request: PersonRequest) -> HttpResponse:
    """A page of the log, the newest first."""
    asked = Asked.read(request.GET)
    found = audit_entries.entries(asked)
    sees_people = request.user.has_perm(permissions.SEE_PEOPLE)
    shown = audit_entries.lines(found[: audit_entries.PAGE_SIZE], sees_people=sees_people)
    kinds = sorted(audit_entries.WORDS.items(), key=lambda each: str(each[1]))
    return render(
        request, "recognizer/moderation/audit.html", _context(asked, found, kinds, sees_people) | {"lines": shown}
    )


@require_safe
@never_cache
@for_auditors
def decisions(request: PersonRequest) -> HttpResponse:
    """A page of what reviewers decided, the newest first."""
    asked = Asked.read(request.GET)
    found = audit_entries.decisions(asked)
    context = _context(asked, found, Review.Decision.choices, request.user.has_perm(permissions.SEE_PEOPLE))
    return render(
        request, "recognizer/moderation/audit_decisions.html", context | {"decisions": found[: audit_entries.PAGE_SIZE]}
    )


def _context(asked: Asked, found: list[Any], kinds: Any, sees_people: bool) -> dict[str, Any]:
    older = found[audit_entries.PAGE_SIZE - 1].pk if len(found) > audit_entries.PAGE_SIZE else None
    return {"asked": asked, "older": older, "kinds": kinds, "sees_people": sees_people}
