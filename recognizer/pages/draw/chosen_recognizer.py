"""Which recognizer a page is about: the one that its address names, else the one drawn for last, else the first."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from recognizer.models import Recognizer

COOKIE = "recognizer"
YEAR = 365 * 24 * 3600  # seconds


def chosen(request: HttpRequest, recognizers: Sequence[Recognizer]) -> Recognizer | None:
    """None only where there is none; a name that means nothing is passed over."""
    by_slug = {each.slug: each for each in recognizers}
    named = (request.GET.get("recognizer", ""), request.COOKIES.get(COOKIE, ""))
    found = next((by_slug[slug] for slug in named if slug in by_slug), None)
    return found or (recognizers[0] if recognizers else None)


def remember(response: HttpResponse, recognizer: Recognizer) -> None:
    """For the next visit; the draw page's script does the same where one switches without a page load."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(COOKIE, recognizer.slug, max_age=YEAR, secure=secure, samesite="Lax")
