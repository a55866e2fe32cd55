"""Data for other programs: ask for a file, watch it being written, download it. For reviewers, each their own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.datasets import export_job, formats
from recognizer.datasets.filters import STATUSES, UNDECIDED, UNNAMED, DrawingFilter, FilterError
from recognizer.models import Export, Review
from recognizer.pages.access import for_reviewers
from recognizer.registry import promotions

PAGE_SIZE = 20
NAMES = dict(Review.Decision.choices) | {
    UNDECIDED: gettext_lazy("not decided yet"),
    UNNAMED: gettext_lazy("not named by its author"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_reviewers
def exports(request: PersonRequest) -> HttpResponse:
    """One's exports, the newest first, and the form for one more; a POST asks for it."""
    problem = ""
    if request.method == "POST":
        try:
            _start(request)
            return redirect("exports")
        except FilterError as error:
            problem = str(error)
    said = request.POST
    context = {
        "page": Paginator(request.user.exports.all(), PAGE_SIZE).get_page(request.GET.get("page")),
        "open": _open(request),
        "recognizers": list(promotions.live_recognizers()),
        "formats": formats.FORMATS.values(),
        "statuses": [(status, NAMES[status], status in said.getlist("status")) for status in STATUSES],
        "said": said,
        "chosen": said.get("format", "ndjson"),
        "problem": problem,
        "kept_hours": export_job.KEPT_FOR.total_seconds() // 3600,
    }
    return render(request, "recognizer/exports/exports.html", context, status=400 if problem else 200)


def _start(request: PersonRequest) -> None:
    said = request.POST.dict() | {"status": request.POST.getlist("status")}
    form, licence = request.POST.get("format", ""), request.POST.get("licence", "").strip()
    try:
        export_job.start_export(by=request.user, chosen=DrawingFilter.parse(said), form=form, licence=licence)
    except export_job.OpenExportError:
        messages.warning(request, _("An export of yours is being written. Wait for it, or delete it first."))


def _open(request: PersonRequest) -> dict[str, Any] | None:
    export = request.user.exports.open().first()
    return {"export": export, "status": _status(export)} if export else None


@require_safe
@never_cache
@for_reviewers
def status(request: PersonRequest, pk: int) -> JsonResponse:
    """How far it is; asked every second by the page."""
    return JsonResponse(_status(get_object_or_404(Export, pk=pk, by=request.user)))


def _status(export: Export) -> dict[str, Any]:
    """As static/js/runs/run.js shows it."""
    final = export.state not in (Export.State.WAITING, Export.State.RUNNING)
    waiting = _("Waiting for a worker")
    writing = _("%(done)d of %(total)d drawings are written") % {"done": export.done, "total": export.total}
    return {
        "final": final,
        "chosen": False,
        "step": waiting if export.state == Export.State.WAITING else writing,
        "share": min(export.done / export.total, 1) if export.total and export.done else None,
    }


@require_safe
@never_cache
@for_reviewers
def download(request: PersonRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The file, unless something in it was deleted meanwhile."""
    export = get_object_or_404(Export, pk=pk, by=request.user, state=Export.State.READY)
    if not export_job.check_is_current(export):
        messages.warning(request, _("A drawing in that file was deleted meanwhile, and so was the file."))
        return redirect("exports")
    if request.method == "GET":
        export_job.log_download(export=export, by=request.user)
    kind, name = formats.FORMATS[export.form].content_type, export_job.file_name_of(export)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(export.size)}
    return StreamingHttpResponse(export_job.read_chunks(export), content_type=kind, headers=headers)


@require_POST
@for_reviewers
def delete(request: PersonRequest, pk: int) -> HttpResponse:
    """With its file; one that is being written stops."""
    export_job.delete_export(export=get_object_or_404(Export, pk=pk, by=request.user))
    return redirect("exports")
