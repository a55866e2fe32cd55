"""Exports for other programs: create a file, watch its progress, download it. Each reviewer sees their own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.datasets import export_job, formats
from recognizer.datasets.filters import STATUSES, UNDECIDED, UNNAMED, DrawingFilter, FilterError
from recognizer.models import Export, Review
from recognizer.pages.access import for_reviewers
from recognizer.pages.numerals import with_page_numerals
from recognizer.registry import promotions

PAGE_SIZE = 20
STATUS_NAMES = {
    Review.Decision.ACCEPTED: gettext_lazy("approved"),
    Review.Decision.RELABELLED: gettext_lazy("approved with another label"),
    Review.Decision.REJECTED: gettext_lazy("rejected"),
    UNDECIDED: gettext_lazy("not decided"),
    UNNAMED: gettext_lazy("without a label"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_reviewers
def exports(request: PersonRequest) -> HttpResponse:
    """The reviewer's exports, the newest first, and the form for a new one. A POST creates it."""
    problem = ""
    if request.method == "POST":
        values = request.POST.dict() | {"status": request.POST.getlist("status")}
        form, licence = request.POST.get("format", ""), request.POST.get("licence", "").strip()
        try:
            export_job.start_export(by=request.user, chosen=DrawingFilter.parse(values), form=form, licence=licence)
            return redirect("exports")
        except export_job.OpenExportError:
            text = _("Your last export is still being written. Wait for it, or stop it first.")
            messages.warning(request, text, extra_tags="already-writing")
            return redirect("exports")
        except FilterError as error:
            problem = str(error)
    given = request.POST
    page = Paginator(request.user.exports.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    for export in page:
        export.filter_text = _filter_text(export.wanted)  # type: ignore[attr-defined]
    open_export = request.user.exports.open().first()
    context = {
        "page": page,
        "open": {"export": open_export, "status": _status(open_export)} if open_export else None,
        "recognizers": list(promotions.live_recognizers()),
        "formats": formats.FORMATS.values(),
        "statuses": [(status, STATUS_NAMES[status], status in given.getlist("status")) for status in STATUSES],
        "given": given,
        "chosen": given.get("format", "ndjson"),
        "problem": problem,
        "kept_hours": export_job.KEPT_FOR.total_seconds() // 3600,
    }
    return render(request, "recognizer/exports/exports.html", context, status=400 if problem else 200)


def _filter_text(values: dict[str, Any]) -> str:
    """The filter of an export, in words."""
    words = {"since": _("since %s"), "until": _("until %s"), "version": _("version %s")}
    return " · ".join(
        words.get(name, "%s") % value
        if name != "status"
        else ", ".join(str(STATUS_NAMES.get(status, status)) for status in value)
        for name, value in values.items()
    )


@require_safe
@for_reviewers
def export_status(request: PersonRequest, pk: int) -> JsonResponse:
    """The progress of an export. The script of the page asks every second."""
    return JsonResponse(with_page_numerals(_status(get_object_or_404(Export, pk=pk, by=request.user))))


def _status(export: Export) -> dict[str, Any]:
    """The values that static/js/runs/run.js shows."""
    final = export.state not in Export.OPEN
    waiting = _("Waiting for a worker")
    writing = _("%(done)d of %(total)d drawings are written") % {"done": export.done, "total": export.total}
    return {
        "final": final,
        "chosen": False,
        "step": waiting if export.state == Export.State.WAITING else writing,
        "share": min(export.done / export.total, 1) if export.total and export.done else None,
    }


@require_safe
@for_reviewers
def download_export(request: PersonRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The file, unless a drawing in it has been deleted."""
    export = get_object_or_404(Export, pk=pk, by=request.user, state=Export.State.READY)
    if not export_job.check_is_current(export):
        messages.warning(request, _("A drawing in this file was deleted, so the file was deleted too."))
        return redirect("exports")
    if request.method == "GET":
        export_job.log_download(export=export, by=request.user)
    return StreamingHttpResponse(export_job.read_chunks(export), headers=export_job.download_headers(export))


@require_POST
@for_reviewers
def delete_export(request: PersonRequest, pk: int) -> HttpResponse:
    """Delete an export and its file. An export that is being written stops."""
    export_job.delete_export(export=get_object_or_404(Export, pk=pk, by=request.user))
    return redirect("exports")
