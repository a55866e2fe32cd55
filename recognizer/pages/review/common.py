"""What the views of the review room share: who comes in, what was skipped, why something was refused."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.requests import PersonRequest
from recognizer.pages.review.filters import Sorting
from recognizer.review import decisions

SKIPPED = "review.skipped"  # in the session: corrections to leave out, the newest last
MOST_SKIPPED = 200
for_reviewers = permission_required(decisions.PERMISSION, raise_exception=True)


def skipped(request: PersonRequest) -> list[int]:
    """What this reviewer does not want to be shown now."""
    found: list[int] = request.session.get(SKIPPED, [])
    return found


def skip(request: PersonRequest, pk: int) -> None:
    """Leave it out until they ask for it again."""
    request.session[SKIPPED] = [*(each for each in skipped(request) if each != pk), pk][-MOST_SKIPPED:]


def skipped_words(count: int) -> str:
    """How many were skipped, in words."""
    return ngettext("You skipped %(count)d drawing.", "You skipped %(count)d drawings.", count) % {"count": count}


def why(error: Exception) -> str:
    """What a verb refused, in the language of the reviewer."""
    if isinstance(error, decisions.SelfReviewError):
        return _("Nobody reviews their own drawings.")
    if isinstance(error, decisions.DisputedError):
        return _("Reviewers do not agree about that drawing; somebody settles it. Nothing was noted.")
    if isinstance(error, decisions.ClaimedError):
        return _("Another reviewer is looking at that drawing.")
    return _("That drawing was decided, changed or deleted meanwhile. Nothing was noted.")


def wants_json(request: PersonRequest) -> bool:
    """The script of the page asks; a browser that sends a form gets pages."""
    return request.headers.get("Accept") == "application/json"


def refused(detail: str, status: int = 409) -> JsonResponse:
    """An error for the script, which says it."""
    return JsonResponse({"detail": detail}, status=status)


def sorting_of(request: PersonRequest) -> Sorting:
    """What this request asks for, in its form or its address."""
    return Sorting.read(request.POST or request.GET, staff=request.user.is_staff)


def to_room(request: PersonRequest, *first: int) -> HttpResponse:
    """Back to the focus view with the same filters: these corrections first, then those that the form names."""
    there = [*first, *request.POST.getlist("then")]
    query = sorting_of(request).query
    asked = "&".join([*(f"correction={each}" for each in there if str(each).isdecimal()), *([query] if query else [])])
    return redirect(reverse("review") + (f"?{asked}" if asked else ""))
