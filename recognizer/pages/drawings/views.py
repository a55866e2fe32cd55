"""My drawings: look through them, say what they are, delete them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.drawings import corrections
from recognizer.drawings import store as verbs
from recognizer.models import Drawing, UnknownLabelError
from recognizer.pages import pagination, script_texts
from recognizer.pages.draw.views import api_root
from recognizer.pages.drawings import cards as gallery


@require_safe
@never_cache
@login_required
@ensure_csrf_cookie
def drawings(request: PersonRequest) -> HttpResponse:
    """My drawings, a page at a time."""
    filters = gallery.Filters.read(request.GET)
    page = pagination.page(gallery.mine(request.user, filters), request.GET.get("page"), gallery.PAGE_SIZE)
    cards = gallery.cards(list(page.object_list), filters.recognizers)
    context = {
        "filters": filters,
        "page": page,
        "count": gallery.count(request.user, filters, page),
        "cards": cards,
        "by_number": any(label.slug.isdecimal() for card in cards for label in card.labels),
        "address": request.get_full_path(),
        "config": {"api": api_root()},
        "texts": script_texts.drawings_page(),
    }
    return render(request, "recognizer/drawings/drawings.html", context)


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
    except UnknownLabelError:
        return HttpResponseBadRequest(_("There is no such symbol."), content_type="text/plain")
    return redirect(f"{_back(request)}#d-{uuid}")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def delete(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Ask, then really delete a drawing."""
    drawing = get_object_or_404(Drawing.objects.with_answers(), uuid=uuid, author=request.user)
    if request.method == "POST":
        verbs.delete_drawing(drawing=drawing)
        messages.success(request, _("The drawing is deleted."))
        return redirect(_back(request))
    context = {"card": gallery.card(drawing, []), "back": _back(request)}
    return render(request, "recognizer/drawings/delete.html", context)


def _back(request: HttpRequest) -> str:
    """Where the person came from, if that is a page of this site."""
    wanted = (request.POST or request.GET).get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else reverse("drawings")
