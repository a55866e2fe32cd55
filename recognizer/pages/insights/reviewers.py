"""How good is what reviewers say? Agreement, track records, disputes, and the controls that reviewers are tried by."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer.insights import agreement as agreements
from recognizer.insights import disputes, reviewer_accuracy
from recognizer.models import Control, Review
from recognizer.pages.insights.views import about
from recognizer.pages.review.common import for_reviewers, to_room
from recognizer.pages.review.filters import number
from recognizer.registry import promotions
from recognizer.review import controls, decisions

for_markers = permission_required(controls.PERMISSION, raise_exception=True)


@require_safe
@never_cache
@login_required
@for_reviewers
def agreement(request: PersonRequest, slug: str) -> HttpResponse:
    """How far reviewers say the same about the same drawings."""
    context, recognizer = about(slug, promotions.recognizers().prefetch_related("labels"))
    context |= {
        "found": agreements.agreement_of(recognizer, viewer=request.user),
        "enough": agreements.MIN_SHARED,
        "recent": agreements.RECENT_OPINIONS,
    }
    return render(request, "recognizer/insights/agreement.html", context)


@require_safe
@never_cache
@login_required
@for_reviewers
def track_record(request: PersonRequest, slug: str) -> HttpResponse:
    """One's own; who marks controls sees everybody's, and the authors'."""
    context, recognizer = about(slug, promotions.recognizers())
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
@login_required
@for_reviewers
def disputed(request: PersonRequest, slug: str) -> HttpResponse:
    """What reviewers do not agree on."""
    context, recognizer = about(slug, promotions.recognizers())
    page = disputes.disputes_page(recognizer, after=number(request.GET.get("after")))
    context |= {"page": page, "may_settle": decisions.may_settle(request.user)}
    return render(request, "recognizer/insights/disputes.html", context)


@require_POST
@login_required
@for_reviewers
@for_markers
def control(request: PersonRequest) -> HttpResponse:
    """Mark a decided drawing as a control (`review`), or take the mark off (`control`)."""
    pk = number(request.POST.get("control", "")) or 0
    if pk:
        found = get_object_or_404(Control, pk=pk)
        controls.unmark(control=found, by=request.user)
        messages.success(request, _("It is no control any more; what was said of it counts no longer."))
        return to_room(request, found.correction_id)
    review = get_object_or_404(Review, pk=number(request.POST.get("review", "")) or 0)
    try:
        controls.mark(review=review, by=request.user)
        messages.success(request, _("It is a control now: reviewers are shown it as if it waited."))
    except controls.NoControlError:
        messages.warning(request, _("Only a decision that counts, made by somebody who looked, can be a control."))
    return to_room(request, review.correction_id)
