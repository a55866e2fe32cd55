"""The pages: what to show, and what the plain forms on them do."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer import corrections, gallery, texts
from recognizer import drawings as verbs
from recognizer.models import Drawing, Recognizer

PENS = [
    ("ink", gettext_lazy("Ink")),
    ("blue", gettext_lazy("Blue")),
    ("green", gettext_lazy("Green")),
    ("plum", gettext_lazy("Plum")),
    ("brick", gettext_lazy("Brick")),
    ("graphite", gettext_lazy("Graphite")),
]


@require_safe
@cache_control(private=True)
@ensure_csrf_cookie
def draw(request: HttpRequest) -> HttpResponse:
    """The sheet. Its scripts talk to the public API, like any other client."""
    recognizer = Recognizer.objects.filter(promotions__isnull=False).prefetch_related("labels").first()
    if recognizer is None:
        return render(request, "recognizer/draw.html", {"recognizer": None}, status=503)
    context = {
        "recognizer": recognizer,
        "prompt": random.choice(list(recognizer.labels.all())),  # noqa: S311 - a suggestion, not a secret
        "pens": PENS,
        "config": _config(request, recognizer),
        "texts": texts.draw_page(),
    }
    return render(request, "recognizer/draw.html", context)


def _config(request: HttpRequest, recognizer: Recognizer) -> dict[str, Any]:
    """What the scripts need to know. The user's key only tells drawings that wait on a shared device apart."""
    return {
        "api": _api_root(),
        "recognizer": recognizer.slug,
        "labels": [{"slug": each.slug, "glyph": each.glyph, "name": each.name} for each in recognizer.labels.all()],
        "user": str(request.user.pk) if request.user.is_authenticated else None,
    }


def _api_root() -> str:
    return reverse("api:predict").removesuffix("predict")


@require_safe
@never_cache
@login_required
@ensure_csrf_cookie
def drawings(request: PersonRequest) -> HttpResponse:
    """My drawings, a page at a time."""
    filters = gallery.Filters.read(request.GET)
    page = Paginator(gallery.mine(request.user, filters), gallery.PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "filters": filters,
        "page": page,
        "cards": gallery.cards(list(page.object_list), filters.recognizers),
        "address": request.get_full_path(),
        "config": {"api": _api_root()},
        "texts": texts.drawings_page(),
    }
    return render(request, "recognizer/drawings.html", context)


@require_POST
@login_required
def correct(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Say later what a drawing is; an empty label takes it back. The plain form behind the script."""
    drawing = get_object_or_404(Drawing, uuid=uuid, author=request.user)
    label = request.POST.get("label", "")
    try:
        if label:
            corrections.correct(drawing=drawing, label=label)
        else:
            corrections.take_back(drawing=drawing)
    except Drawing.DoesNotExist as error:  # deleted in another tab at the same moment
        raise Http404 from error
    except corrections.UnknownLabelError:
        return HttpResponseBadRequest(_("There is no such symbol."), content_type="text/plain")
    return redirect(f"{_back(request)}#d-{uuid}")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def delete(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Ask, then really delete a drawing."""
    drawing = get_object_or_404(Drawing.objects.with_answers(), uuid=uuid, author=request.user)
    if request.method == "POST":
        verbs.delete(drawing=drawing)
        messages.success(request, _("The drawing is deleted."))
        return redirect(_back(request))
    context = {"card": gallery.card(drawing, []), "back": _back(request)}
    return render(request, "recognizer/delete.html", context)


def _back(request: HttpRequest) -> str:
    """Where the person came from, if that is a page of this site."""
    wanted = (request.POST or request.GET).get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else reverse("drawings")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What happens to drawings."""
    return render(request, "recognizer/privacy.html")
