"""The review room, one drawing at a time, decided by a button or by the key that is printed on it.

Every step is a form and a redirect, so it works without scripts. The script of the page sends the same forms, asks for
JSON, and is given the next drawings before they are wanted. What a reviewer skips is remembered in their session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.insights import disputes
from recognizer.models import Correction, Opinion, Report, Review, UnknownLabelError
from recognizer.pages import script_texts
from recognizer.pages.review import common
from recognizer.pages.review import sheets as desk
from recognizer.pages.review.common import for_reviewers, to_room, wants_json
from recognizer.pages.review.filters import Sorting, number, numbers
from recognizer.review import claims, consensus, controls, decisions

AHEAD = 5  # drawings that the script holds; each is claimed
MOST_NAMED = 100  # corrections that an address may name


@require_safe
@never_cache
@login_required
@for_reviewers
@ensure_csrf_cookie
def show(request: PersonRequest) -> HttpResponse:
    """The drawing that the address names, else the next one, claimed for this reviewer."""
    sorting = common.sorting_of(request)
    named = numbers(request.GET.getlist("correction"))[:MOST_NAMED]
    passed_over = common.skipped(request)
    sheet = _named(request, named[0]) if named else None
    if sheet is None:
        found = decisions.claim_next(reviewer=request.user, wanted=sorting.wanted, count=1, skipping=passed_over)
        sheet = desk.sheet(found[0]) if found else None
    context = {
        "sheet": sheet,
        "then": named[1:],
        "sorting": sorting,
        "recognizers": sorting.recognizers,
        "recognizer": sorting.wanted.recognizer,
        "reasons": desk.reasons(),
        "waiting": desk.waiting(request.user, sorting.wanted),
        "lacking": consensus.lacking(sorting.wanted.recognizer),
        "disputes": disputes.count_disputes() if decisions.may_settle(request.user) else 0,
        "last": desk.last_said(request.user),
        "open_reports": Report.objects.open().count(),
        "skipped": len(passed_over),
        "skipped_words": common.skipped_words(len(passed_over)),
        "self_review": decisions.may_review_own(request.user),
        "texts": script_texts.review_page(),
    }
    return render(request, "recognizer/review/focus.html", context)


def _named(request: PersonRequest, pk: int) -> desk.Sheet | None:
    """One particular correction: to be decided, or with what was decided. A message says why it is not shown."""
    correction = Correction.objects.standing().filter(pk=pk, label__isnull=False).select_related("label").first()
    if correction is None:
        messages.warning(request, _("That drawing is no longer there, or its author says something else now."))
        return None
    dispute = _disputes(request, [correction]).get(pk, [])
    said = None if dispute else decisions.said_by(request.user, correction)
    if said:
        return _to_mark(request, desk.sheet(correction, said))
    try:
        decisions.claim(correction=correction, reviewer=request.user)
    except decisions.REFUSALS as error:
        decision = decisions.standing(correction)
        if decision:
            return _to_mark(request, desk.sheet(correction, decision))
        messages.warning(request, common.why(error))
        return None
    return replace(desk.sheet(correction), dispute=dispute)


def _to_mark(request: PersonRequest, sheet: desk.Sheet) -> desk.Sheet:
    """With the decision that could be the known answer of a control, for who may choose those."""
    if not controls.may_mark(request.user):
        return sheet
    return replace(sheet, known=decisions.standing(sheet.correction), control=controls.of(sheet.correction.pk))


def _disputes(request: PersonRequest, found: list[Correction]) -> dict[int, list[Opinion]]:
    """What was said about those that are disputed, for who settles them."""
    return decisions.disputes_about(found) if decisions.may_settle(request.user) else {}


@require_POST
@login_required
@for_reviewers
def ahead(request: PersonRequest) -> JsonResponse:
    """The next drawings for the script, claimed; `have` are those that it holds, `then` those that it wants first."""
    sorting = common.sorting_of(request)
    have = numbers(request.POST.getlist("have"))[:MOST_NAMED]
    named = [pk for pk in numbers(request.POST.getlist("then"))[:MOST_NAMED] if pk not in have][:AHEAD]
    found = decisions.claim_these(reviewer=request.user, corrections=named)
    if len(found) < AHEAD:
        passed_over = {*have, *named, *common.skipped(request)}
        more = AHEAD - len(found)
        found += decisions.claim_next(reviewer=request.user, wanted=sorting.wanted, count=more, skipping=passed_over)
    disputes = _disputes(request, found)
    shown = [replace(each, dispute=disputes.get(each.correction.pk, [])) for each in desk.sheets(found)]
    sheets = [_as_json(request, each, sorting) for each in shown]
    return JsonResponse({"sheets": sheets, "waiting": str(desk.waiting(request.user, sorting.wanted))})


def _as_json(request: PersonRequest, sheet: desk.Sheet, sorting: Sorting) -> dict[str, object]:
    context = {"sheet": sheet, "reasons": desk.reasons(), "sorting": sorting}
    return {"id": sheet.correction.pk, "html": render_to_string("recognizer/review/desk.html", context, request)}


@require_POST
@login_required
@for_reviewers
def decide(request: PersonRequest, pk: int) -> HttpResponse:
    """One button of the form: accept, label=…, reject=… or skip; then the next drawing."""
    correction = Correction.objects.filter(pk=pk).first()
    if "skip" in request.POST:
        return _skip(request, pk)
    verb = _verb(request)
    if verb is None:
        return _no_such_decision(request)
    if correction is None:
        return _not_noted(request, _("The author has deleted that drawing. Here is the next one."))
    try:
        said = {"opinion": verb(correction=correction, reviewer=request.user).pk}
    except (UnknownLabelError, ValueError):
        return _no_such_decision(request)
    except decisions.REFUSALS as error:
        found = _otherwise(request, correction, error)
        if found is None:
            return _not_noted(request, common.why(error))
        said = found
    return JsonResponse(said) if wants_json(request) else to_room(request)


def _otherwise(request: PersonRequest, correction: Correction, refusal: Exception) -> dict[str, int] | None:
    """What was refused as an opinion may settle a dispute, or have been noted before."""
    if isinstance(refusal, decisions.DisputedError) and decisions.may_settle(request.user):
        try:
            return {"review": _settle(request, correction).pk}
        except decisions.REFUSALS:
            return None
    repeated = _repeated(request, correction)
    return {"opinion": repeated.pk} if repeated else None


def _settle(request: PersonRequest, correction: Correction) -> Review:
    slug = correction.label.slug if "accept" in request.POST and correction.label else request.POST.get("label")
    return decisions.settle(correction=correction, by=request.user, label=slug, reason=request.POST.get("reject", ""))


def _repeated(request: PersonRequest, correction: Correction) -> Opinion | None:
    """What this reviewer says about it, where that is the very same: the answer to it was lost on the way."""
    found = decisions.said_by(request.user, correction)
    if found is None:
        return None
    asked = request.POST.get("label") or (correction.label and correction.label.slug)
    said = found.reason or (found.label and found.label.slug)
    return found if said == request.POST.get("reject", asked) else None


def _verb(request: PersonRequest) -> Callable[..., Opinion] | None:
    sent = request.POST
    if "accept" in sent:
        return decisions.accept
    if "label" in sent:
        return partial(decisions.relabel, label=sent["label"])
    if "reject" in sent:
        return partial(decisions.reject, reason=sent["reject"])
    return None


def _skip(request: PersonRequest, pk: int) -> HttpResponse:
    """Leave it to others, and to later."""
    common.skip(request, pk)
    claims.give_back([pk], request.user)
    if wants_json(request):
        return JsonResponse({"skipped": common.skipped_words(len(common.skipped(request)))})
    return to_room(request)


def _no_such_decision(request: PersonRequest) -> HttpResponse:
    detail = _("There is no such decision.")
    if wants_json(request):
        return common.refused(detail, 400)
    return HttpResponseBadRequest(detail, content_type="text/plain")


def _not_noted(request: PersonRequest, detail: str) -> HttpResponse:
    if wants_json(request):
        return common.refused(detail)
    messages.warning(request, detail)
    return to_room(request)


@require_POST
@login_required
@for_reviewers
def undo(request: PersonRequest) -> HttpResponse:
    """Take back what one said (`opinion`), or what was decided (`review`); its drawing is shown again."""
    taking_back = _taken_back_opinion if "opinion" in request.POST else _taken_back_review
    try:
        correction = taking_back(request)
    except decisions.REFUSALS as error:
        return _not_noted(request, common.why(error))
    if wants_json(request):
        sheet = replace(desk.sheet(correction), dispute=_disputes(request, [correction]).get(correction.pk, []))
        return JsonResponse({"sheet": _as_json(request, sheet, common.sorting_of(request))})
    return to_room(request, correction.pk)


def _taken_back_opinion(request: PersonRequest) -> Correction:
    wanted = number(request.POST["opinion"]) or 0
    mine = Opinion.objects.filter(by=request.user).select_related("correction__label")
    opinion = get_object_or_404(mine, pk=wanted)
    decisions.take_back(opinion=opinion, reviewer=request.user)
    return opinion.correction


def _taken_back_review(request: PersonRequest) -> Correction:
    wanted = number(request.POST.get("review", "")) or 0
    review = get_object_or_404(Review.objects.select_related("correction__label"), pk=wanted)
    decisions.undo(review=review, reviewer=request.user)
    return review.correction


@require_POST
@login_required
@for_reviewers
def again(request: PersonRequest) -> HttpResponse:
    """Show what was skipped once more."""
    request.session.pop(common.SKIPPED, None)
    return to_room(request)


@require_POST
@login_required
@for_reviewers
def release(request: PersonRequest) -> HttpResponse:
    """The page is left: give back what its script held, so that others are shown it at once."""
    claims.give_back(numbers(request.POST.getlist("have"))[:MOST_NAMED], request.user)
    return HttpResponse(status=204)
