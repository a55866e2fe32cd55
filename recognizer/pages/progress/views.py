"""Progress: how each recognizer got better; and, for those who may, which version answers."""

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
from recognizer import permissions, training
from recognizer.models import Promotion, Recognizer
from recognizer.models.model_version import heavy_fields
from recognizer.pages.draw import chosen_recognizer
from recognizer.pages.progress import history as progress
from recognizer.registry import promotions

MOST_LETTERS = 200  # of a reason


@require_safe
@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """The versions of one recognizer, a page at a time."""
    recognizers = list(promotions.live_recognizers())
    recognizer = chosen_recognizer.chosen(request, recognizers)
    if recognizer is None:
        return render(request, "recognizer/progress/progress.html", {"recognizer": None})
    page = Paginator(progress.versions(recognizer), progress.PAGE_SIZE).get_page(request.GET.get("page"))
    active, waiting = _newest(recognizer), progress.waiting_to_teach(recognizer)
    history = progress.entries(list(page.object_list), active=active, newest=page.number == 1)
    context = {
        "recognizers": recognizers,
        "recognizer": recognizer,
        "active": active,
        "page": page,
        "history": history,
        "now": next((entry for entry in history if entry.active), None),
        "plot": progress.plot(history),
        "judged": progress.judged(recognizer, list(page.object_list)),
        "learning": recognizer.training_runs.open().exists(),
        "waiting": waiting,
        "waiting_words": progress.how_many(waiting),
        "policy": training.policy_of(recognizer),
        "may_promote": request.user.has_perm(permissions.PROMOTE),
        "before": promotions.previous_version(recognizer) if request.user.has_perm(permissions.PROMOTE) else None,
    }
    return render(request, "recognizer/progress/progress.html", context)


def _newest(recognizer: Recognizer) -> Promotion | None:
    heavy = heavy_fields("model_version")
    return recognizer.promotions.select_related("model_version").defer(*heavy).order_by("-id").first()


@require_POST
@login_required
@permission_required(permissions.PROMOTE, raise_exception=True)
def promote(request: PersonRequest, slug: str) -> HttpResponse:
    """Let a version answer from now on."""
    recognizer = get_object_or_404(Recognizer, slug=slug)
    number = request.POST.get("number", "")
    version = get_object_or_404(progress.versions(recognizer), number=number if number.isdecimal() else 0)
    return _move(request, recognizer, partial(promotions.promote, version=version, replaces=_seen(request, recognizer)))


@require_POST
@login_required
@permission_required(permissions.PROMOTE, raise_exception=True)
def roll_back(request: PersonRequest, slug: str) -> HttpResponse:
    """Let the version before answer again."""
    recognizer = get_object_or_404(Recognizer, slug=slug)
    newest = promotions.current_promotion(recognizer.pk)
    verb = partial(promotions.roll_back, recognizer=recognizer) if newest == _seen(request, recognizer) else _stale
    return _move(request, recognizer, verb)


def _seen(request: HttpRequest, recognizer: Recognizer) -> Promotion | None:
    """The promotion that was the newest when the page was made."""
    pk = request.POST.get("replaces", "")
    return recognizer.promotions.filter(pk=pk if pk.isdecimal() else 0).first()


def _stale(**_given: Any) -> Promotion:
    raise promotions.StalePromotionError


def _move(request: PersonRequest, recognizer: Recognizer, verb: Callable[..., Promotion]) -> HttpResponse:
    """Append a promotion and say so; back to the page that shows it."""
    reason = " ".join(request.POST.get("reason", "").split())
    if not reason or len(reason) > MOST_LETTERS:
        messages.warning(request, _("Give a reason in at most %d letters. Nothing was changed.") % MOST_LETTERS)
        return _back(recognizer)
    try:
        promotion = verb(reason=reason, by=request.user)
    except promotions.StalePromotionError:
        messages.warning(request, _("Another version was promoted meanwhile. Look again; nothing was changed."))
    except promotions.NothingBeforeError:
        messages.warning(request, _("No version answered before this one. Nothing was changed."))
    else:
        number = promotion.model_version.number
        messages.success(request, _("Version %d answers from now on, everywhere within two seconds.") % number)
    return _back(recognizer)


def _back(recognizer: Recognizer) -> HttpResponse:
    return redirect(f"{reverse('progress')}?{urlencode({'recognizer': recognizer.slug})}")
