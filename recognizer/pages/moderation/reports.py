"""Reports of problems: the form for everybody, and the list for reviewers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.insights import examples
from recognizer.models import Report, permissions
from recognizer.moderation import reports
from recognizer.pages.access import for_reviewers
from recognizer.pages.query import read_path, read_uuid
from recognizer.pages.review import common
from recognizer.review import decisions

PAGE_SIZE = 24
ACTIONS: dict[str, Callable[..., Any]] = {
    "hide": reports.reject_drawing,
    "solved": reports.mark_solved,
    "dismiss": reports.dismiss_report,
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def report(request: HttpRequest) -> HttpResponse:
    """Report a problem on a page. Works without signing in."""
    given = request.POST or request.GET
    page, drawing = read_path(request, given.get("page", ""), "/")[:200], read_uuid(given.get("drawing", ""))
    problem, status = "", 200
    if request.method == "POST":
        problem, status = _send(request, page, drawing)
        if not problem:
            messages.success(request, _("Thank you. A reviewer will read your report."), extra_tags="reported")
            return redirect(page)
    context = {
        "page": page,
        "drawing": drawing or "",
        "reasons": Report.Reason.choices,
        "chosen": given.get("reason", ""),
        "words": given.get("words", ""),
        "most": reports.MAX_WORDS_LENGTH,
        "problem": problem,
    }
    return render(request, "recognizer/moderation/report.html", context, status=status)


def _send(request: HttpRequest, page: str, drawing: UUID | None) -> tuple[str, int]:
    """Save the report. Returns an error text and an HTTP status where that is not possible, else "" and 200."""
    words, by = request.POST.get("words", "").strip(), request.user if request.user.is_authenticated else None
    if len(words) > reports.MAX_WORDS_LENGTH:
        return _("Use at most %d characters.") % reports.MAX_WORDS_LENGTH, 400
    if request.POST.get("reason") not in Report.Reason.values:
        return _("Choose what is wrong."), 400
    if not ratelimit.consume(request, action="report"):
        return _("There were many reports from your network just now. Wait a while, then send it again."), 429
    reports.create_report(page=page, reason=request.POST["reason"], words=words, by=by, drawing=drawing)
    return "", 200


@require_safe
@for_reviewers
def report_list(request: PersonRequest) -> HttpResponse:
    """The open reports, the oldest first. With `?handled` the closed reports, the newest first."""
    handled = "handled" in request.GET
    found = Report.objects.select_related("by", "handled_by", "drawing").defer("drawing__image")
    shown = found.exclude(outcome="").order_by("-handled", "-pk") if handled else found.open().order_by("pk")
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    drawn = examples.examples_of(each.drawing for each in page if each.drawing)
    by_drawing = {example.drawing.pk: example for example in drawn}
    context = {
        "page": page,
        "rows": [(each, by_drawing.get(each.drawing_id or 0)) for each in page],
        "handled": handled,
        "sees_people": request.user.has_perm(permissions.SEE_PEOPLE),
    }
    return render(request, "recognizer/moderation/reports.html", context)


@require_POST
@for_reviewers
def close_report(request: PersonRequest, pk: int) -> HttpResponse:
    """Do what the pressed button says: hide (reject the drawing), solved or dismiss."""
    found = get_object_or_404(Report.objects.select_related("drawing").defer("drawing__image"), pk=pk)
    action = ACTIONS.get(request.POST.get("do", ""))
    if action is None:
        return HttpResponseBadRequest(_("This action does not exist."), content_type="text/plain")
    try:
        action(report=found, by=request.user)
    except reports.ReportHandledError:
        messages.warning(request, _("Someone else has already closed this report."), extra_tags="closed")
    except reports.NoReportedDrawingError:
        text = _("The drawing was deleted, or its author removed the label.")
        messages.warning(request, text, extra_tags="no-drawing")
    except decisions.REFUSALS as error:
        code, text = common.refusal(error)
        messages.warning(request, text, extra_tags=code)
    else:
        messages.success(request, _("The report is closed."))
    return redirect("reports")
