"""Training runs, for reviewers: list, start, watch and cancel."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer import training
from recognizer.models import Recognizer, TrainingRun, permissions
from recognizer.pages.access import for_reviewers
from recognizer.pages.numerals import with_page_numerals
from recognizer.pages.progress import history
from recognizer.pages.runs import details
from recognizer.pages.runs.choices import choices_of
from recognizer.registry import promotions


@require_http_methods(["GET", "HEAD", "POST"])
@for_reviewers
def runs(request: PersonRequest) -> HttpResponse:
    """The runs of all recognizers or of one, the newest first. A POST starts a run."""
    if request.method == "POST":
        chosen = get_object_or_404(Recognizer, slug=request.POST.get("recognizer", ""))
        try:
            run = training.start_run(recognizer=chosen, trigger=_("By hand."), by=request.user)
        except training.OpenRunError:
            text = _("%(recognizer)s is already being trained.") % {"recognizer": chosen}
            messages.warning(request, text, extra_tags="already-training")
            return redirect("runs")
        return redirect("run", run.pk)
    recognizers = list(promotions.live_recognizers())
    recognizer = next((each for each in recognizers if each.slug == request.GET.get("recognizer")), None)
    found = details.training_runs().defer("log")
    shown = found.filter(recognizer=recognizer) if recognizer else found
    busy = set(TrainingRun.objects.open().values_list("recognizer", flat=True))
    context = {
        "recognizers": recognizers,
        "recognizer": recognizer,
        "page": Paginator(shown, details.PAGE_SIZE).get_page(request.GET.get("page")),
        "free": [each for each in recognizers if each.pk not in busy and recognizer in (None, each)],
    }
    return render(request, "recognizer/runs/runs.html", context)


@require_safe
@for_reviewers
def run(request: PersonRequest, pk: int) -> HttpResponse:
    """One run: its progress, and its result when it has ended."""
    found = get_object_or_404(details.training_runs(), pk=pk)
    active = promotions.current_promotion(found.recognizer_id)
    context = {
        "run": found,
        "status": details.run_status(found),
        "duration": details.duration_of(found),
        "sentences": history.split_sentences(found.verdict),
        "rows": details.figure_rows(found),
        "choices": choices_of(found),
        "flips": details.flips_of(found),
        "active": active,
        "is_live": bool(active and found.version_id == active.model_version_id),
        "may_promote": request.user.has_perm(permissions.PROMOTE),
    }
    return render(request, "recognizer/runs/run.html", context)


@require_safe
@for_reviewers
def run_status(request: PersonRequest, pk: int) -> JsonResponse:
    """The progress of a run. The script of its page asks every second."""
    return JsonResponse(
        with_page_numerals(details.run_status(get_object_or_404(TrainingRun.objects.defer("verdict"), pk=pk)))
    )


@require_POST
@for_reviewers
def cancel_run(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask a run to stop."""
    try:
        training.cancel_run(run=get_object_or_404(TrainingRun, pk=pk), by=request.user)
    except training.ClosedRunError:
        messages.warning(request, _("This run has already ended."), extra_tags="ended")
    return redirect("run", pk)
