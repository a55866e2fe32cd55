"""The review page that shows many drawings of one label: select the wrong ones, approve the others together."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import PersonRequest
from recognizer.models import Label
from recognizer.pages.access import for_reviewers
from recognizer.pages.label_choice import LabelChoice
from recognizer.pages.query import read_ids
from recognizer.pages.review import cards, common
from recognizer.pages.review.common import to_review
from recognizer.pages.review.filters import ReviewFilter
from recognizer.review import bulk, decisions, locking

SHOWN = 40
ROUNDS = "review.rounds"  # in the session: the opinions of each of the last rounds, the newest last
MOST_ROUNDS = 5
LOOK, LEAVE = "look", "leave"  # what to do with the selected drawings, besides the reasons to reject them


@require_http_methods(["GET", "HEAD", "POST"])
@for_reviewers
def grid(request: PersonRequest) -> HttpResponse:
    """Claim and show drawings with the same label. A POST decides about them and shows the next."""
    if request.method == "POST":
        return _decide(request)
    filters = _filter_with_label(request)
    claimed = []
    if filters.queue.label:
        skipping = common.skipped(request)
        claimed = decisions.claim_next(reviewer=request.user, wanted=filters.queue, count=SHOWN, skipping=skipping)
    rounds = request.session.get(ROUNDS, [])
    context = {
        **common.page_context(request, filters),
        "cards": cards.review_cards(claimed, _choices(filters)),
        "last_round": len(rounds[-1]) if rounds else 0,
    }
    return render(request, "recognizer/review/grid.html", context)


def _filter_with_label(request: PersonRequest) -> ReviewFilter:
    """The filter of the address. Where it gives no label: the label of the first drawing in the queue."""
    filters = common.read_filter(request)
    if filters.queue.label:
        return filters
    first = decisions.waiting_for(reviewer=request.user, wanted=filters.queue).first()
    if first is None or first.label is None:
        return filters
    label = Label.objects.select_related("recognizer").get(pk=first.label.pk)
    values = {**filters.values, "recognizer": label.recognizer.slug, "said": label.slug}
    return ReviewFilter.read(values, staff=request.user.is_staff)


def _choices(filters: ReviewFilter) -> dict[int, LabelChoice]:
    recognizer, choice = filters.queue.recognizer, filters.choice
    return {recognizer.pk: choice} if recognizer and choice else {}


def _decide(request: PersonRequest) -> HttpResponse:
    shown = read_ids(request.POST.getlist("shown"))[:SHOWN]
    selected = [pk for pk in read_ids(request.POST.getlist("odd")) if pk in shown]
    others = [pk for pk in shown if pk not in selected]
    fate = request.POST.get("fate", LOOK)  # of the selected drawings: LOOK, LEAVE or a reason to reject them
    rejected = []
    if fate == LEAVE:
        for pk in selected:
            common.skip(request, pk)
        locking.release_claims(selected, request.user)
    elif fate != LOOK:
        try:
            rejected = bulk.reject(corrections=selected, reviewer=request.user, reason=fate)
        except ValueError:
            return HttpResponseBadRequest(_("This decision does not exist."), content_type="text/plain")
    made = rejected + bulk.accept(corrections=others, reviewer=request.user)
    saved = len(made)
    lost = len(others if fate in (LOOK, LEAVE) else shown) - saved
    if made:
        request.session[ROUNDS] = [*request.session.get(ROUNDS, []), made][-MOST_ROUNDS:]
        text = ngettext("Your decision on %d drawing is saved.", "Your decisions on %d drawings are saved.", saved)
        messages.success(request, text % saved, extra_tags=f"saved-{saved}")
    if lost > 0:
        text = ngettext(
            "%d decision was not saved: the drawing was decided, changed or deleted in the meantime.",
            "%d decisions were not saved: the drawings were decided, changed or deleted in the meantime.",
            lost,
        )
        messages.warning(request, text % lost, extra_tags=f"lost-{lost}")
    return to_review(request, *selected) if fate == LOOK and selected else _to_grid(request)


@require_POST
@for_reviewers
def undo(request: PersonRequest) -> HttpResponse:
    """Undo all decisions of the last round."""
    rounds = request.session.get(ROUNDS, [])
    undone = bulk.undo(opinions=rounds[-1], reviewer=request.user) if rounds else 0
    request.session[ROUNDS] = rounds[:-1]
    text = ngettext("%d decision is undone.", "%d decisions are undone.", undone)
    messages.success(request, text % undone, extra_tags=f"undone-{undone}")
    return _to_grid(request)


def _to_grid(request: PersonRequest) -> HttpResponse:
    query = common.read_filter(request).query
    return redirect(reverse("review-grid") + (f"?{query}" if query else ""))
