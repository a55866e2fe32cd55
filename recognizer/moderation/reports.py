"""Reports of offensive or broken content, and how reviewers handle them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from recognizer.models import Correction, Drawing, Report, Review
from recognizer.review import decisions

MAX_WORDS_LENGTH = 500
ReportOutcome = Report.Outcome


class ReportHandledError(RuntimeError):
    """Somebody else has handled this report."""


class NoReportedDrawingError(LookupError):
    """The report has no drawing with a current label: it was deleted, or its author withdrew the label."""


def create_report(
    *, page: str, reason: str, words: str = "", by: User | None = None, drawing: UUID | None = None
) -> Report:
    """Create a report. `page` is a path of this site, `reason` one of Report.Reason (otherwise ValueError).

    An unknown drawing is ignored silently, so that nobody can find out which drawings exist.
    """
    if reason not in Report.Reason.values:
        raise ValueError(f"Unknown reason {reason!r}. Use one of: {', '.join(Report.Reason.values)}.")
    found = Drawing.objects.filter(uuid=drawing).defer("ink", "image").first() if drawing else None
    return Report.objects.create(page=page[:200], reason=reason, words=words[:MAX_WORDS_LENGTH], by=by, drawing=found)


@transaction.atomic
def dismiss_report(*, report: Report, by: User) -> None:
    """Close a report that needs no action. Raises ReportHandledError."""
    _handle(report, by, ReportOutcome.DISMISSED)


@transaction.atomic
def mark_solved(*, report: Report, by: User) -> None:
    """Close a report whose problem was solved elsewhere. Raises ReportHandledError."""
    _handle(report, by, ReportOutcome.SOLVED)


@transaction.atomic
def reject_drawing(*, report: Report, by: User) -> None:
    """Reject the reported drawing as offensive, whatever its reviews were.

    Raises ReportHandledError, NoReportedDrawingError and what `decisions.reject` raises.
    """
    correction = Correction.objects.current().filter(drawing=report.drawing_id, label__isnull=False).first()
    if correction is None:
        raise NoReportedDrawingError
    _handle(report, by, ReportOutcome.HIDDEN)
    decided = decisions.current(correction)
    if decided and decided.decision == Review.Decision.REJECTED:
        return
    if decided:
        decisions.undo(review=decided, reviewer=by)
    decisions.reject(correction=correction, reviewer=by, reason=Review.Reason.OFFENSIVE)


@transaction.atomic
def close_reports_of_excluded(*, reports: Collection[int], by: User) -> None:
    """Close the open reports among these whose drawings are by excluded authors."""
    found = Report.objects.open().filter(pk__in=reports, drawing__author__set_aside=True)
    for report in found.select_for_update(of=("self",)):
        _handle(report, by, ReportOutcome.SET_ASIDE)


def _handle(report: Report, by: User, outcome: str) -> None:
    unhandled = Report.objects.open().filter(pk=report.pk)
    if not unhandled.update(outcome=outcome, handled_by=by, handled=timezone.now()):
        raise ReportHandledError
    audit.note(by=by, what="report.handled", subject=f"report {report.pk}", detail={"outcome": str(outcome)})
