"""The audit log and the decisions of reviewers, for people who may read them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import PersonRequest
from recognizer.models import Review, permissions
from recognizer.pages.access import for_auditors
from recognizer.pages.moderation import audit_entries
from recognizer.pages.moderation.audit_entries import AuditFilter


@require_safe
@for_auditors
def audit_log(request: PersonRequest) -> HttpResponse:
    """A page of the audit log, the newest entries first."""
    filters = AuditFilter(request.GET)
    found = audit_entries.audit_entries(filters)
    kinds = sorted(audit_entries.ACTIONS.items(), key=lambda each: str(each[1]))
    context = _context(request, filters, found, kinds)
    shown = found[: audit_entries.PAGE_SIZE]
    context["lines"] = audit_entries.audit_lines(shown, sees_people=context["sees_people"])
    return render(request, "recognizer/moderation/audit.html", context)


@require_safe
@for_auditors
def audit_decisions(request: PersonRequest) -> HttpResponse:
    """A page of the decisions of reviewers, the newest first."""
    filters = AuditFilter(request.GET)
    found = audit_entries.review_decisions(filters)
    context = _context(request, filters, found, Review.Decision.choices)
    context["decisions"] = found[: audit_entries.PAGE_SIZE]
    return render(request, "recognizer/moderation/audit_decisions.html", context)


def _context(request: PersonRequest, filters: AuditFilter, found: list[Any], kinds: Any) -> dict[str, Any]:
    older = found[audit_entries.PAGE_SIZE - 1].pk if len(found) > audit_entries.PAGE_SIZE else None
    return {
        "filters": filters,
        "older": older,
        "kinds": kinds,
        "sees_people": request.user.has_perm(permissions.SEE_PEOPLE),
    }
