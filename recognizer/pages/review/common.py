"""What the review pages share: the filter, skipped drawings, texts of refused decisions, and redirects."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.requests import PersonRequest
from recognizer.models import permissions
from recognizer.pages import script_texts
from recognizer.pages.review import cards
from recognizer.pages.review.filters import ReviewFilter
from recognizer.review import consensus, decisions

SKIPPED = "review.skipped"  # in the session: ids of corrections, the newest last
MOST_SKIPPED = 200


def skipped(request: PersonRequest) -> list[int]:
    """The corrections that this reviewer skipped."""
    found: list[int] = request.session.get(SKIPPED, [])
    return found


def skip(request: PersonRequest, pk: int) -> None:
    """Do not show this correction again until the reviewer asks for skipped drawings."""
    request.session[SKIPPED] = [*(each for each in skipped(request) if each != pk), pk][-MOST_SKIPPED:]


def skipped_text(count: int) -> str:
    """How many drawings were skipped, in words."""
    return ngettext("You skipped %(count)d drawing.", "You skipped %(count)d drawings.", count) % {"count": count}


def refusal(error: Exception) -> tuple[str, str]:
    """Why a decision was refused: a code for scripts and tests, and a text for the reviewer."""
    if isinstance(error, decisions.SelfReviewError):
        return "own-drawing", _("You cannot review your own drawings.")
    if isinstance(error, decisions.DisputedError):
        return "disputed", _("Reviewers disagree about this drawing. Someone else has to decide. Nothing was saved.")
    if isinstance(error, decisions.ClaimedError):
        return "claimed", _("Another reviewer is reviewing this drawing.")
    return "stale", _("This drawing was decided, changed or deleted in the meantime. Nothing was saved.")


def read_filter(request: PersonRequest) -> ReviewFilter:
    """The filter that the sent form or the address gives."""
    return ReviewFilter.read(request.POST or request.GET, staff=request.user.is_staff)


def page_context(request: PersonRequest, filters: ReviewFilter) -> dict[str, Any]:
    """The context that both review pages share."""
    count = cards.count_waiting(request.user, filters.queue)
    return {
        "filters": filters,
        "recognizers": filters.recognizers,
        "recognizer": filters.queue.recognizer,
        "reasons": cards.reject_reasons(),
        "waiting_count": count,
        "waiting": cards.waiting_text(count),
        "shortages": consensus.reviewer_shortages(filters.queue.recognizer),
        "self_review": permissions.may_review_own(request.user),
        "texts": script_texts.review_page(),
    }


def to_review(request: PersonRequest, *first: int) -> HttpResponse:
    """Redirect to the review page with the same filter: these corrections first, then those that the form names."""
    named = [*first, *request.POST.getlist("then")]
    query = read_filter(request).query
    parts = [*(f"correction={each}" for each in named if str(each).isdecimal()), *([query] if query else [])]
    return redirect(reverse("review") + (f"?{'&'.join(parts)}" if parts else ""))
