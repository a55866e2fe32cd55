"""Insights about the reviewers: agreement, accuracy, disputes; and which drawings are control drawings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.insights import agreement as agreements
from recognizer.insights import disputes as found_disputes
from recognizer.insights import reviewer_accuracy as accuracy
from recognizer.models import Control, Review, permissions
from recognizer.pages.access import for_control_managers, for_reviewers
from recognizer.pages.insights.views import insights_context
from recognizer.pages.query import read_id
from recognizer.pages.review.common import to_review
from recognizer.registry import promotions
from recognizer.review import controls


@require_safe
@for_reviewers
def agreement(request: PersonRequest, slug: str) -> HttpResponse:
    """How often reviewers make the same decision about the same drawing."""
    context, recognizer = insights_context(slug, promotions.live_recognizers())
    context |= {
        "found": agreements.agreement_of(recognizer, viewer=request.user),
        "enough": agreements.MIN_SHARED,
        "recent": agreements.RECENT_OPINIONS,
    }
    return render(request, "recognizer/insights/agreement.html", context)


@require_safe
@for_reviewers
def reviewer_accuracy(request: PersonRequest, slug: str) -> HttpResponse:
    """The reviewer's own accuracy. People who choose control drawings see all reviewers, and all authors."""
    context, recognizer = insights_context(slug, promotions.live_recognizers())
    context |= {"recent": accuracy.RECENT_ROWS, "step": accuracy.STEP, "most": accuracy.MAX_PEOPLE}
    if permissions.may_mark_controls(request.user):
        context["reviewers"] = accuracy.reviewers_accuracy(recognizer, viewer=request.user)
        context["authors"] = accuracy.authors_accuracy(recognizer, viewer=request.user)
    else:
        context["own"] = accuracy.own_accuracy(recognizer, request.user)
    return render(request, "recognizer/insights/reviewer_accuracy.html", context)


@require_safe
@for_reviewers
def disputes(request: PersonRequest, slug: str) -> HttpResponse:
    """Drawings about which reviewers disagree, and that somebody has to decide."""
    context, recognizer = insights_context(slug, promotions.live_recognizers())
    page = found_disputes.disputes_page(recognizer, after=read_id(request.GET.get("after")))
    context |= {"page": page, "may_settle": permissions.may_settle_disputes(request.user)}
    return render(request, "recognizer/insights/disputes.html", context)


@require_POST
@for_control_managers
def control_drawing(request: PersonRequest) -> HttpResponse:
    """Make a decided drawing a control drawing (`review`), or end that (`control`)."""
    if pk := read_id(request.POST.get("control")):
        found = get_object_or_404(Control, pk=pk)
        controls.unmark_control(control=found, by=request.user)
        text = _("This is no longer a control drawing. Answers to it no longer count.")
        messages.success(request, text, extra_tags="control-ended")
        return to_review(request, found.correction_id)
    review = get_object_or_404(Review, pk=read_id(request.POST.get("review")) or 0)
    try:
        controls.mark_control(review=review, by=request.user)
        text = _("This is a control drawing now. Reviewers see it like any other drawing.")
        messages.success(request, text, extra_tags="control-marked")
    except controls.NoControlError:
        text = _("Only a current decision that a reviewer made can become a control drawing.")
        messages.warning(request, text, extra_tags="no-control")
    return to_review(request, review.correction_id)
