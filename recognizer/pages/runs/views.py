"""Training runs, for reviewers: watch, start, cancel."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer import permissions, training
from recognizer.models import Drawing, Recognizer, TrainingRun
from recognizer.pages.access import for_reviewers
from recognizer.pages.progress import history
from recognizer.pages.runs import details
from recognizer.registry import promotions


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_reviewers
def runs(request: PersonRequest) -> HttpResponse:
    """All runs or those of one recognizer, the newest first; a POST starts one."""
    if request.method == "POST":
        return _start(request)
    recognizers = list(promotions.live_recognizers())
    recognizer = next((each for each in recognizers if each.slug == request.GET.get("recognizer")), None)
    found = details.runs().defer("log")
    wanted = found.filter(recognizer=recognizer) if recognizer else found
    busy = set(TrainingRun.objects.open().values_list("recognizer", flat=True))
    context = {
        "recognizers": recognizers,
        "recognizer": recognizer,
        "page": Paginator(wanted, details.PAGE_SIZE).get_page(request.GET.get("page")),
        "free": [each for each in recognizers if each.pk not in busy and recognizer in (None, each)],
    }
    return render(request, "recognizer/runs/runs.html", context)


def _start(request: PersonRequest) -> HttpResponse:
    recognizer = get_object_or_404(Recognizer, slug=request.POST.get("recognizer", ""))
    try:
        run = training.start_run(recognizer=recognizer, trigger=_("By hand."), by=request.user)
    except training.OpenRunError:
        messages.warning(request, _("%(recognizer)s is being taught already.") % {"recognizer": recognizer})
        return redirect("runs")
    return redirect("run", run.pk)


@require_safe
@never_cache
@for_reviewers
def run(request: PersonRequest, pk: int) -> HttpResponse:
    """One run: live while it goes on, and then what came of it."""
    found = get_object_or_404(details.runs(), pk=pk)
    active = promotions.current_promotion(found.recognizer_id)
    context = {
        "run": found,
        "status": details.status(found),
        "took": details.took(found),
        "outcome": details.outcome(found),
        "sentences": history.read_sentences(found.verdict),
        "rows": details.figures(found),
        "flips": details.flips(found),
        "active": active,
        "serves": bool(active and found.version_id == active.model_version_id),
        "may_promote": request.user.has_perm(permissions.PROMOTE),
    }
    return render(request, "recognizer/runs/run.html", context)


@require_safe
@never_cache
@for_reviewers
def status(request: PersonRequest, pk: int) -> JsonResponse:
    """How far it is; asked every second by the page."""
    return JsonResponse(details.status(get_object_or_404(TrainingRun.objects.defer("verdict"), pk=pk)))


@require_POST
@for_reviewers
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask it to stop."""
    try:
        training.cancel_run(run=get_object_or_404(TrainingRun, pk=pk), by=request.user)
    except training.ClosedRunError:
        messages.warning(request, _("The run had ended before it could be stopped."))
    return redirect("run", pk)


@require_safe
@for_reviewers
def picture(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """The picture of a drawing that its author named, for those who review it."""
    named = Drawing.objects.filter(image__isnull=False).corrected()
    image = get_object_or_404(named, uuid=uuid).image
    return HttpResponse(bytes(image or b""), content_type="image/png", headers={"Cache-Control": "private"})
