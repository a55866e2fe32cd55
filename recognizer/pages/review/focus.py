"""The review page that shows one drawing at a time. A button or its key decides.

Every step is a form and a redirect, so the page works without scripts. Its script sends the same forms, asks for JSON,
and fetches the next drawings in advance. Skipped drawings are stored in the session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.insights import disputes
from recognizer.models import Correction, Opinion, Report, Review, UnknownLabelError, permissions
from recognizer.pages.access import for_reviewers
from recognizer.pages.label_choice import find_label_or_none
from recognizer.pages.numerals import in_page_numerals
from recognizer.pages.query import read_id, read_ids
from recognizer.pages.review import cards, common
from recognizer.pages.review.common import to_review
from recognizer.pages.review.filters import ReviewFilter
from recognizer.review import controls, decisions, locking

AHEAD = 5  # drawings that the script holds in advance; each is claimed
MOST_NAMED = 100  # corrections that an address may name


@require_safe
@for_reviewers
@ensure_csrf_cookie
def review(request: PersonRequest) -> HttpResponse:
    """Show the drawing that the address names, else the next one of the queue, claimed for this reviewer."""
    filters = common.read_filter(request)
    named = read_ids(request.GET.getlist("correction"))[:MOST_NAMED]
    skipped = common.skipped(request)
    card = _named_card(request, named[0]) if named else None
    if card is None:
        found = decisions.claim_next(reviewer=request.user, wanted=filters.queue, count=1, skipping=skipped)
        card = cards.review_card(found[0]) if found else None
    context = {
        **common.page_context(request, filters),
        "card": card,
        "then": named[1:],
        "disputes": disputes.count_disputes() if permissions.may_settle_disputes(request.user) else 0,
        "last_decisions": cards.last_decisions(request.user),
        "open_reports": Report.objects.open().count(),
        "skipped": len(skipped),
        "skipped_text": common.skipped_text(len(skipped)),
    }
    return render(request, "recognizer/review/focus.html", context)


def _named_card(request: PersonRequest, pk: int) -> cards.ReviewCard | None:
    """The card of this correction, with its decision if there is one. A message says why there is no card."""
    correction = Correction.objects.current().filter(pk=pk, label__isnull=False).select_related("label").first()
    if correction is None:
        text = _("This drawing was deleted, or its author changed the label.")
        messages.warning(request, text, extra_tags="gone")
        return None
    dispute = _disputes(request, [correction]).get(pk, [])
    opinion = None if dispute else decisions.opinion_by(request.user, correction)
    if opinion:
        return _decided_card(request, correction, opinion)
    try:
        decisions.claim(correction=correction, reviewer=request.user)
    except decisions.REFUSALS as error:
        decision = decisions.current(correction)
        if decision:
            return _decided_card(request, correction, decision)
        code, text = common.refusal(error)
        messages.warning(request, text, extra_tags=code)
        return None
    return replace(cards.review_card(correction), dispute=dispute)


def _decided_card(request: PersonRequest, correction: Correction, decision: Review | Opinion) -> cards.ReviewCard:
    """People who choose control drawings also get what they need for that."""
    card = cards.review_card(correction, decision)
    if not permissions.may_mark_controls(request.user):
        return card
    return replace(card, reference=decisions.current(correction), control=controls.control_of(correction.pk))


def _disputes(request: PersonRequest, found: list[Correction]) -> dict[int, list[Opinion]]:
    """The opinions about disputed corrections, for people who settle disputes."""
    return decisions.disputes_about(found) if permissions.may_settle_disputes(request.user) else {}


@require_POST
@for_reviewers
def next_cards(request: PersonRequest) -> JsonResponse:
    """Claim the next drawings for the script.

    `have`: the ids it holds; `then`: the ids it wants first; `decided`: the ids whose decisions it has not sent yet.
    """
    filters = common.read_filter(request)
    have = read_ids(request.POST.getlist("have"))[:MOST_NAMED]
    named = [pk for pk in read_ids(request.POST.getlist("then"))[:MOST_NAMED] if pk not in have][:AHEAD]
    found = decisions.claim_these(reviewer=request.user, corrections=named)
    if len(found) < AHEAD:
        skipping = {*have, *named, *common.skipped(request)}
        more = AHEAD - len(found)
        found += decisions.claim_next(reviewer=request.user, wanted=filters.queue, count=more, skipping=skipping)
    shown = [_card_json(request, card, filters) for card in _with_disputes(request, found)]
    decided = read_ids(request.POST.getlist("decided"))[:MOST_NAMED]
    count = cards.count_waiting(request.user, filters.queue, decided)
    return JsonResponse({"cards": shown, "waiting": in_page_numerals(cards.waiting_text(count)), "count": count})


def _with_disputes(request: PersonRequest, found: list[Correction]) -> list[cards.ReviewCard]:
    disputed = _disputes(request, found)
    return [replace(card, dispute=disputed.get(card.correction.pk, [])) for card in cards.review_cards(found)]


def _card_json(request: PersonRequest, card: cards.ReviewCard, filters: ReviewFilter) -> dict[str, object]:
    context = {"card": card, "reasons": cards.reject_reasons(), "filters": filters}
    html = render_to_string("recognizer/review/card.html", context, request)
    return {"id": card.correction.pk, "html": in_page_numerals(html)}


@require_POST
@for_reviewers
def decide(request: PersonRequest, pk: int) -> HttpResponse:
    """Do what the pressed button says: accept, label=..., relabel, reject=... or skip. Then show the next."""
    if "skip" in request.POST:
        common.skip(request, pk)
        locking.release_claims([pk], request.user)
        skipped = {"skipped": common.skipped_text(len(common.skipped(request)))}
        return JsonResponse(skipped) if _wants_json(request) else to_review(request)
    correction = Correction.objects.filter(pk=pk).first()
    decision = _decision(request, correction)
    if decision is None:
        return _unknown_decision(request)
    if correction is None:
        return _not_saved(request, "deleted", _("The author deleted this drawing. Here is the next one."))
    try:
        saved = {"opinion": decision(correction=correction, reviewer=request.user).pk}
    except (UnknownLabelError, ValueError):
        return _unknown_decision(request)
    except decisions.REFUSALS as error:
        found = _settled_or_repeated(request, correction, error)
        if found is None:
            return _not_saved(request, *common.refusal(error))
        saved = found
    return JsonResponse(saved) if _wants_json(request) else to_review(request)


def _settled_or_repeated(request: PersonRequest, correction: Correction, error: Exception) -> dict[str, int] | None:
    """A refused opinion can settle a dispute, or be one that is already saved because its answer was lost."""
    if isinstance(error, decisions.DisputedError) and permissions.may_settle_disputes(request.user):
        slug = correction.label.slug if "accept" in request.POST and correction.label else request.POST.get("label")
        reason = request.POST.get("reject", "")
        try:
            return {"review": decisions.settle(correction=correction, by=request.user, label=slug, reason=reason).pk}
        except decisions.REFUSALS:
            return None
    opinion = decisions.opinion_by(request.user, correction)
    if opinion is None:
        return None
    sent = request.POST.get("label") or (correction.label and correction.label.slug)
    saved = opinion.reason or (opinion.label and opinion.label.slug)
    return {"opinion": opinion.pk} if saved == request.POST.get("reject", sent) else None


def _decision(request: PersonRequest, correction: Correction | None) -> Callable[..., Opinion] | None:
    """The function that saves what was sent. A page without a script sends the words for one of many labels."""
    sent = request.POST
    if "accept" in sent:
        return decisions.accept
    if "label" in sent:
        return partial(decisions.relabel, label=sent["label"])
    if "relabel" in sent and correction:
        label = find_label_or_none(correction.drawing.recognizer, sent.get("words"))
        return partial(decisions.relabel, label=label.slug) if label else None
    if "reject" in sent:
        return partial(decisions.reject, reason=sent["reject"])
    return None


def _wants_json(request: PersonRequest) -> bool:
    """Whether the script of the page asks. A browser that sends a form gets pages."""
    return request.headers.get("Accept") == "application/json"


def _unknown_decision(request: PersonRequest) -> HttpResponse:
    text = _("This decision does not exist.")
    if _wants_json(request):
        return JsonResponse({"code": "unknown", "detail": text}, status=400)
    return HttpResponseBadRequest(text, content_type="text/plain")


def _not_saved(request: PersonRequest, code: str, text: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"code": code, "detail": text}, status=409)
    messages.warning(request, text, extra_tags=code)
    return to_review(request)


@require_POST
@for_reviewers
def undo(request: PersonRequest) -> HttpResponse:
    """Undo an opinion of one's own (`opinion`) or a decision (`review`), and show its drawing again."""
    try:
        if "opinion" in request.POST:
            mine = Opinion.objects.filter(by=request.user).select_related("correction__label")
            opinion = get_object_or_404(mine, pk=read_id(request.POST["opinion"]) or 0)
            decisions.take_back(opinion=opinion, reviewer=request.user)
            correction = opinion.correction
        else:
            decided = Review.objects.select_related("correction__label")
            decision = get_object_or_404(decided, pk=read_id(request.POST.get("review")) or 0)
            decisions.undo(review=decision, reviewer=request.user)
            correction = decision.correction
    except decisions.REFUSALS as error:
        return _not_saved(request, *common.refusal(error))
    if _wants_json(request):
        [card] = _with_disputes(request, [correction])
        return JsonResponse({"card": _card_json(request, card, common.read_filter(request))})
    return to_review(request, correction.pk)


@require_POST
@for_reviewers
def show_skipped(request: PersonRequest) -> HttpResponse:
    """Show the skipped drawings again."""
    request.session.pop(common.SKIPPED, None)
    return to_review(request)


@require_POST
@for_reviewers
def release(request: PersonRequest) -> HttpResponse:
    """Give back what the script held when the page was left, so that others see it at once."""
    locking.release_claims(read_ids(request.POST.getlist("have"))[:MOST_NAMED], request.user)
    return HttpResponse(status=204)
