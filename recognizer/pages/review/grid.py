"""The review room, many drawings of one label at once: mark the odd ones, decide the rest in one go."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import PersonRequest
from recognizer.models import Correction, Label
from recognizer.pages import script_texts
from recognizer.pages.review import common, sheets
from recognizer.pages.review.common import for_reviewers, to_room
from recognizer.pages.review.filters import Sorting, numbers
from recognizer.review import bulk, claims, consensus, decisions
from recognizer.review.queue import Wanted

SHOWN = 40
ROUNDS = "review.rounds"  # in the session: the opinions of each of the last rounds, the newest last
MOST_ROUNDS = 5


class Sent(NamedTuple):
    """The form of a round."""

    shown: list[int]
    odd: list[int]
    fate: str  # of the odd ones: "look", "leave" or a reason to reject them

    @property
    def rest(self) -> list[int]:
        """What is not odd."""
        return [pk for pk in self.shown if pk not in self.odd]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@for_reviewers
def grid(request: PersonRequest) -> HttpResponse:
    """Drawings that their authors call the same, claimed; a POST decides them and shows the next."""
    if request.method == "POST":
        return _decide(request)
    sorting = _of_one_label(request)
    found = _claim(request, sorting.wanted)
    rounds_made = request.session.get(ROUNDS, [])
    context = {
        "sheets": sheets.sheets(found),
        "sorting": sorting,
        "recognizers": sorting.recognizers,
        "recognizer": sorting.wanted.recognizer,
        "reasons": sheets.reasons(),
        "waiting": sheets.waiting(request.user, sorting.wanted),
        "lacking": consensus.lacking(sorting.wanted.recognizer),
        "last_round": len(rounds_made[-1]) if rounds_made else 0,
        "self_review": decisions.may_review_own(request.user),
        "texts": script_texts.review_page(),
    }
    return render(request, "recognizer/review/grid.html", context)


def _of_one_label(request: PersonRequest) -> Sorting:
    """What the address asks for; where it names no label, that of the most useful drawing."""
    sorting = common.sorting_of(request)
    if sorting.wanted.label:
        return sorting
    first = decisions.waiting(reviewer=request.user, wanted=sorting.wanted).first()
    if first is None or first.label is None:
        return sorting
    label = Label.objects.select_related("recognizer").get(pk=first.label.pk)
    asked = {**sorting.asked, "recognizer": label.recognizer.slug, "said": label.slug}
    return Sorting.read(asked, staff=request.user.is_staff)


def _claim(request: PersonRequest, wanted: Wanted) -> list[Correction]:
    if wanted.label is None:
        return []
    skipping = common.skipped(request)
    return decisions.claim_next(reviewer=request.user, wanted=wanted, count=SHOWN, skipping=skipping)


def _decide(request: PersonRequest) -> HttpResponse:
    sent = _sent(request)
    try:
        made = _noted(request, sent)
    except ValueError:
        return HttpResponseBadRequest(_("There is no such decision."), content_type="text/plain")
    decided = len(made)
    expected = len(sent.shown if sent.fate not in ("look", "leave") else sent.rest)
    if made:
        request.session[ROUNDS] = [*request.session.get(ROUNDS, []), made][-MOST_ROUNDS:]
        messages.success(request, ngettext("%d drawing is decided.", "%d drawings are decided.", decided) % decided)
    if decided < expected:
        words = ngettext(
            "%d was decided, changed or deleted meanwhile, and nothing was noted about it.",
            "%d were decided, changed or deleted meanwhile, and nothing was noted about them.",
            expected - decided,
        )
        messages.warning(request, words % (expected - decided))
    return to_room(request, *sent.odd) if sent.fate == "look" and sent.odd else _to_grid(request)


def _sent(request: PersonRequest) -> Sent:
    shown = numbers(request.POST.getlist("shown"))[:SHOWN]
    odd = [pk for pk in numbers(request.POST.getlist("odd")) if pk in shown]
    return Sent(shown, odd, request.POST.get("fate", "look"))


def _noted(request: PersonRequest, sent: Sent) -> list[int]:
    """Decide; what is left alone goes back to the queue. Raises ValueError for a fate that is none."""
    if sent.fate == "leave":
        for pk in sent.odd:
            common.skip(request, pk)
        claims.give_back(sent.odd, request.user)
    elif sent.fate != "look":
        rejected = bulk.reject(corrections=sent.odd, reviewer=request.user, reason=sent.fate)
        return rejected + bulk.accept(corrections=sent.rest, reviewer=request.user)
    return bulk.accept(corrections=sent.rest, reviewer=request.user)


@require_POST
@login_required
@for_reviewers
def undo(request: PersonRequest) -> HttpResponse:
    """Take the last round back as a whole."""
    made = request.session.get(ROUNDS, [])
    undone = bulk.undo(opinions=made[-1], reviewer=request.user) if made else 0
    request.session[ROUNDS] = made[:-1]
    words = ngettext("%d decision is taken back.", "%d decisions are taken back.", undone)
    messages.success(request, words % undone)
    return _to_grid(request)


def _to_grid(request: PersonRequest) -> HttpResponse:
    query = common.sorting_of(request).query
    return redirect(reverse("review-grid") + (f"?{query}" if query else ""))
