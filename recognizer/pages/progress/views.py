"""Progress: the versions of each recognizer, and forms to promote and roll back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer import training
from recognizer.models import Promotion, Recognizer, permissions
from recognizer.models.model_version import heavy_fields
from recognizer.pages.draw import chosen_recognizer
from recognizer.pages.progress import history
from recognizer.registry import promotions

MAX_REASON_LENGTH = 200  # characters


@require_safe
@never_cache
def progress(request: HttpRequest) -> HttpResponse:
    """The versions of one recognizer, a page at a time."""
    recognizers = list(promotions.offered_recognizers())
    recognizer = chosen_recognizer.choose_recognizer(request, recognizers)
    if recognizer is None:
        return render(request, "recognizer/progress/progress.html", {"recognizer": None})
    page = Paginator(history.versions_with_metrics(recognizer), history.PAGE_SIZE).get_page(request.GET.get("page"))
    promoted = recognizer.promotions.select_related("model_version").defer(*heavy_fields("model_version"))
    active, waiting = promoted.order_by("-id").first(), history.count_approved(recognizer)
    may_promote = request.user.has_perm(permissions.PROMOTE)
    shown = history.history_entries(list(page.object_list), active=active, newest=page.number == 1)
    context = {
        "recognizers": recognizers,
        "recognizer": recognizer,
        "active": active,
        "page": page,
        "history": shown,
        "now": next((entry for entry in shown if entry.active), None),
        "plot": history.progress_plot(shown),
        "live_accuracies": history.live_accuracies(recognizer, list(page.object_list)),
        "learning": recognizer.training_runs.open().exists(),
        "waiting": waiting,
        "waiting_text": history.count_text(waiting),
        "policy": training.policy_of(recognizer),
        "may_promote": may_promote,
        "before": promotions.previous_version(recognizer) if may_promote else None,
    }
    return render(request, "recognizer/progress/progress.html", context)


@require_POST
@login_required
@permission_required(permissions.PROMOTE, raise_exception=True)
def promote(request: PersonRequest, slug: str) -> HttpResponse:
    """Promote a version."""
    recognizer = get_object_or_404(Recognizer, slug=slug)
    number = request.POST.get("number", "")
    version = get_object_or_404(history.versions_with_metrics(recognizer), number=number if number.isdecimal() else 0)
    promote_it = partial(promotions.promote, version=version, replaces=_seen(request, recognizer))
    return _promote(request, recognizer, promote_it)


@require_POST
@login_required
@permission_required(permissions.PROMOTE, raise_exception=True)
def roll_back(request: PersonRequest, slug: str) -> HttpResponse:
    """Promote the version that was live before."""
    recognizer = get_object_or_404(Recognizer, slug=slug)
    newest = promotions.current_promotion(recognizer.pk)
    seen = newest == _seen(request, recognizer)
    return _promote(request, recognizer, partial(promotions.roll_back, recognizer=recognizer) if seen else _stale)


def _seen(request: HttpRequest, recognizer: Recognizer) -> Promotion | None:
    """The promotion that was the newest when the page was loaded."""
    pk = request.POST.get("replaces", "")
    return recognizer.promotions.filter(pk=pk if pk.isdecimal() else 0).first()


def _stale(**_given: Any) -> Promotion:
    raise promotions.StalePromotionError


def _promote(request: PersonRequest, recognizer: Recognizer, promote: Callable[..., Promotion]) -> HttpResponse:
    """Run `promote`, show its result as a message, and return to the page."""
    reason = " ".join(request.POST.get("reason", "").split())
    if not reason or len(reason) > MAX_REASON_LENGTH:
        text = _("Enter a reason of at most %d characters. Nothing was changed.") % MAX_REASON_LENGTH
        messages.warning(request, text)
        return _back(recognizer)
    try:
        promotion = promote(reason=reason, by=request.user)
    except promotions.StalePromotionError:
        text = _("Another version was promoted meanwhile. Check and try again. Nothing was changed.")
        messages.warning(request, text)
    except promotions.NothingBeforeError:
        messages.warning(request, _("There is no earlier live version. Nothing was changed."))
    else:
        number = promotion.model_version.number
        messages.success(request, _("Version %d is live. All servers use it within two seconds.") % number)
    return _back(recognizer)


def _back(recognizer: Recognizer) -> HttpResponse:
    return redirect(f"{reverse('progress')}?{urlencode({'recognizer': recognizer.slug})}")
