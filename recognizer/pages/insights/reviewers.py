"""How good is what reviewers say? Agreement, track records, disputes, and the controls that reviewers are tried by."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.insights import agreement as agreements
from recognizer.insights import disputes, reviewer_accuracy
from recognizer.models import Control, Review
from recognizer.pages.access import for_control_managers, for_reviewers
from recognizer.pages.insights.views import about
from recognizer.pages.query import read_id
from recognizer.pages.review.common import to_review
from recognizer.registry import promotions
from recognizer.review import controls, decisions


@require_safe
@never_cache
@for_reviewers
def agreement(request: PersonRequest, slug: str) -> HttpResponse:
    """How far reviewers say the same about the same drawings."""
    context, recognizer = about(slug, promotions.live_recognizers().prefetch_related("labels"))
    context |= {
        "found": agreements.agreement_of(recognizer, viewer=request.user),
        "enough": agreements.MIN_SHARED,
        "recent": agreements.RECENT_OPINIONS,
    }
    return render(request, "recognizer/insights/agreement.html", context)


@require_safe
@never_cache
@for_reviewers
def track_record(request: PersonRequest, slug: str) -> HttpResponse:
    """One's own; who marks controls sees everybody's, and the authors'."""
    context, recognizer = about(slug, promotions.live_recognizers())
    context |= {
        "recent": reviewer_accuracy.RECENT_ROWS,
        "step": reviewer_accuracy.STEP,
        "most": reviewer_accuracy.MAX_PEOPLE,
    }
    if controls.may_mark(request.user):
        context["reviewers"] = reviewer_accuracy.reviewers_accuracy(recognizer, viewer=request.user)
        context["authors"] = reviewer_accuracy.authors_accuracy(recognizer, viewer=request.user)
    else:
        context["own"] = reviewer_accuracy.own_accuracy(recognizer, request.user)
    return render(request, "recognizer/insights/reviewer_accuracy.html", context)


@require_safe
@never_cache
@for_reviewers
def disputed(request: PersonRequest, slug: str) -> HttpResponse:
    """What reviewers do not agree on."""
    context, recognizer = about(slug, promotions.live_recognizers())
    page = disputes.disputes_page(recognizer, after=read_id(request.GET.get("after")))
    context |= {"page": page, "may_settle": decisions.may_settle(request.user)}
    return render(request, "recognizer/insights/disputes.html", context)


@require_POST
@for_control_managers
def control(request: PersonRequest) -> HttpResponse:
    """Mark a decided drawing as a control (`review`), or take the mark off (`control`)."""
    pk = read_id(request.POST.get("control", "")) or 0
    if pk:
        found = get_object_or_404(Control, pk=pk)
        controls.unmark_control(control=found, by=request.user)
        text = _("This is no longer a control drawing. Answers to it no longer count.")
        messages.success(request, text, extra_tags="control-ended")
        return to_review(request, found.correction_id)
    review = get_object_or_404(Review, pk=read_id(request.POST.get("review", "")) or 0)
    try:
        controls.mark_control(review=review, by=request.user)
        text = _("This is a control drawing now. Reviewers see it like any other drawing.")
        messages.success(request, text, extra_tags="control-marked")
    except controls.NoControlError:
        text = _("Only a current decision that a reviewer made can become a control drawing.")
        messages.warning(request, text, extra_tags="no-control")
    return to_review(request, review.correction_id)
