"""The recognizer of a page: the one in the query string, else the one in the cookie, else the first."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from recognizer.models import Recognizer

COOKIE = "recognizer"
COOKIE_SECONDS = 365 * 24 * 3600  # seconds


def choose_recognizer(request: HttpRequest, recognizers: Sequence[Recognizer]) -> Recognizer | None:
    """The selected recognizer; unknown names are ignored. None only if there are no recognizers."""
    by_slug = {each.slug: each for each in recognizers}
    named = (request.GET.get("recognizer", ""), request.COOKIES.get(COOKIE, ""))
    found = next((by_slug[slug] for slug in named if slug in by_slug), None)
    return found or (recognizers[0] if recognizers else None)


def save_choice(response: HttpResponse, recognizer: Recognizer) -> None:
    """Save the choice in a cookie. The script of the draw page sets the same cookie."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(COOKIE, recognizer.slug, max_age=COOKIE_SECONDS, secure=secure, samesite="Lax")
