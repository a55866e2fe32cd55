"""My drawings: list, label and delete them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.drawings import corrections, store
from recognizer.models import Drawing, UnknownLabelError
from recognizer.pages import pagination, script_texts
from recognizer.pages.draw.views import api_config
from recognizer.pages.drawings import cards
from recognizer.pages.label_choice import find_label
from recognizer.pages.query import read_path, read_uuid

MOST_DELETED = 100  # drawings in one request
NONE_OF_THESE = "none of these"  # instead of a slug, as in static/js/api.js


@require_safe
@never_cache
@login_required
@ensure_csrf_cookie
def drawings(request: PersonRequest) -> HttpResponse:
    """The person's drawings, a page at a time."""
    filters = cards.DrawingFilters.read(request.GET)
    page = pagination.paginate(cards.filtered_drawings(request.user, filters), request.GET, cards.PAGE_SIZE)
    shown = cards.drawing_cards(list(page.object_list), filters.choices)
    context = {
        "filters": filters,
        "page": page,
        "count": cards.count_drawings(request.user, filters, page),
        "cards": shown,
        "by_number": any(label.slug.isdecimal() for card in shown if card.choice for label in card.choice.few),
        "address": request.get_full_path(),
        "config": api_config(request),
        "texts": script_texts.drawings_page(),
    }
    return render(request, "recognizer/drawings/drawings.html", context)


@require_POST
@login_required
def correct(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Set the label of a drawing, or NONE_OF_THESE; an empty label removes it. The page's script uses the API.

    Without a script one of many labels comes as a person typed it.
    """
    drawing = get_object_or_404(Drawing, uuid=uuid, author=request.user)
    label = request.POST.get("label", "")
    try:
        if label == NONE_OF_THESE:
            corrections.mark_none_of_these(drawing=drawing)
        elif label:
            corrections.correct(drawing=drawing, label=find_label(drawing.recognizer, label).slug)
        else:
            corrections.take_back(drawing=drawing)
    except Drawing.DoesNotExist as error:  # deleted in another tab meanwhile
        raise Http404 from error
    except UnknownLabelError:
        return HttpResponseBadRequest(_("There is no such label."), content_type="text/plain")
    return redirect(f"{_back(request)}#d-{uuid}")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def delete(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Delete a drawing after a confirmation."""
    drawing = get_object_or_404(Drawing.objects.with_answers(), uuid=uuid, author=request.user)
    if request.method == "POST":
        store.delete_drawing(drawing=drawing)
        messages.success(request, _("The drawing was deleted."))
        return redirect(_back(request))
    context = {"card": cards.drawing_card(drawing), "back": _back(request)}
    return render(request, "recognizer/drawings/delete.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def delete_many(request: PersonRequest) -> HttpResponse:
    """Delete the selected drawings (`drawing`, an id each) after one confirmation. Ids of other people are ignored."""
    named = {uuid for text in (request.POST or request.GET).getlist("drawing") if (uuid := read_uuid(text))}
    if len(named) > MOST_DELETED:
        text = _("At most %d drawings can be deleted at once.") % MOST_DELETED
        return HttpResponseBadRequest(text, content_type="text/plain")
    found = Drawing.objects.by(request.user).filter(uuid__in=named)
    if request.method == "POST":
        count = store.delete_drawings(found.defer("ink", "image"))
        text = ngettext("%d drawing was deleted.", "%d drawings were deleted.", count) % count
        messages.success(request, text, extra_tags=f"deleted-{count}")
        return redirect(_back(request))
    asked = [cards.drawing_card(each) for each in found.with_answers()]
    if not asked:
        return redirect(_back(request))
    return render(request, "recognizer/drawings/delete_many.html", {"cards": asked, "back": _back(request)})


def _back(request: HttpRequest) -> str:
    """The page to return to, if it is on this site."""
    return read_path(request, (request.POST or request.GET).get("next", ""), reverse("drawings"))
