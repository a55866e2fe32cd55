"""The review queue: one drawing at a time, decided by a button or by the key that is printed on it.

Each decision is one verb and a redirect to the next drawing, so it works without scripts. What a
reviewer skips is remembered in their session and comes back when they ask for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import PersonRequest
from recognizer import corrections, desk, reviews
from recognizer.models import Correction, Recognizer, Review

SKIPPED = "review.skipped"  # in the session: corrections to leave out, the newest last
MOST_SKIPPED = 200
View = Callable[..., HttpResponse]


def urls(site: AdminSite) -> list[URLPattern]:
    """Below the list of corrections."""
    return [
        path("review/", site.admin_view(show), name="review"),
        path("review/undo/", site.admin_view(undo), name="review-undo"),
        path("review/again/", site.admin_view(again), name="review-again"),
        path("review/<int:pk>/", site.admin_view(decide), name="review-decide"),
    ]


def _for_reviewers(view: View) -> View:
    def checked(request: PersonRequest, **kwargs: int) -> HttpResponse:
        if not reviews.may_review(request.user):
            raise PermissionDenied
        return view(request, **kwargs)

    return checked


@never_cache
@require_safe
@_for_reviewers
def show(request: PersonRequest) -> HttpResponse:
    """The next drawing, claimed for this reviewer; or the one they just took a decision back from."""
    recognizer = Recognizer.objects.filter(slug=request.GET.get("recognizer", "")).first()
    skipped = request.session.get(SKIPPED, [])
    correction = _asked_for(request) or reviews.next_for(reviewer=request.user, recognizer=recognizer, skipping=skipped)
    context = {
        "sheet": desk.sheet(correction) if correction else None,
        "last": desk.last_decision(request.user),
        "waiting": desk.waiting(request.user, recognizer),
        "skipped": len(skipped),
        "recognizer": recognizer,
        "recognizers": Recognizer.objects.all(),
        "self_review": reviews.may_review_own(request.user),
        "reasons": desk.reasons(),
        "here": request.get_full_path(),
    }
    return render(request, "recognizer/review.html", context)


def _asked_for(request: PersonRequest) -> Correction | None:
    """The correction that the address names, if this reviewer may decide it."""
    wanted = request.GET.get("correction", "")
    if not wanted.isdecimal():
        return None
    correction = reviews.queue(reviewer=request.user).filter(pk=wanted).first()
    if correction is None:
        return None
    try:
        reviews.claim(correction=correction, reviewer=request.user)
    except reviews.ClaimedError:
        return None
    return correction


@require_POST
@_for_reviewers
def decide(request: PersonRequest, pk: int) -> HttpResponse:
    """One button of the form: accept, label=…, reject=… or skip; then the next drawing."""
    correction = Correction.objects.filter(pk=pk).first()
    if "skip" in request.POST:
        _skip(request, pk, correction)
        return _next(request)
    verb = _verb(request)
    if verb is None:
        return HttpResponseBadRequest(_("There is no such decision."), content_type="text/plain")
    if correction is None:
        messages.warning(request, _("The author has deleted that drawing. Here is the next one."))
        return _next(request)
    try:
        verb(correction=correction, reviewer=request.user)
    except (corrections.UnknownLabelError, ValueError):
        return HttpResponseBadRequest(_("There is no such decision."), content_type="text/plain")
    except _REFUSALS as error:
        messages.warning(request, _why(error))
    return _next(request)


def _verb(request: PersonRequest) -> Callable[..., Review] | None:
    sent = request.POST
    if "accept" in sent:
        return reviews.accept
    if "label" in sent:
        return partial(reviews.relabel, label=sent["label"])
    if "reject" in sent:
        return partial(reviews.reject, reason=sent["reject"])
    return None


def _skip(request: PersonRequest, pk: int, correction: Correction | None) -> None:
    """Leave it to others, and to later."""
    skipped = [each for each in request.session.get(SKIPPED, []) if each != pk]
    request.session[SKIPPED] = [*skipped, pk][-MOST_SKIPPED:]
    if correction:
        reviews.release(correction=correction, reviewer=request.user)


@require_POST
@_for_reviewers
def undo(request: PersonRequest) -> HttpResponse:
    """Take a decision back; its drawing is shown again."""
    wanted = request.POST.get("review", "")
    review = get_object_or_404(Review.objects.select_related("correction"), pk=wanted if wanted.isdecimal() else 0)
    try:
        reviews.undo(review=review, reviewer=request.user)
    except _REFUSALS as error:
        messages.warning(request, _why(error))
        return _next(request)
    return _next(request, correction=str(review.correction_id))


@require_POST
@_for_reviewers
def again(request: PersonRequest) -> HttpResponse:
    """Show what was skipped once more."""
    request.session.pop(SKIPPED, None)
    return _next(request)


_REFUSALS = (reviews.SelfReviewError, reviews.ClaimedError, reviews.StaleReviewError)


def _why(error: Exception) -> str:
    """What a verb refused, in the language of the reviewer."""
    if isinstance(error, reviews.SelfReviewError):
        return _("Nobody reviews their own drawings.")
    if isinstance(error, reviews.ClaimedError):
        return _("Another reviewer is looking at that drawing.")
    return _("That drawing was decided, changed or deleted meanwhile. Nothing was noted.")


def _next(request: HttpRequest, **query: str) -> HttpResponse:
    """Back to the queue, of the same recognizer."""
    recognizer = request.POST.get("recognizer", "")
    asked = urlencode({"recognizer": recognizer} | query if recognizer else query)
    return redirect(reverse("admin:review") + (f"?{asked}" if asked else ""))
