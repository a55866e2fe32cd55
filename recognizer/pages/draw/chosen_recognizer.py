"""The recognizer of a page: the one in the query string, else the one in the cookie, else the first.

On the draw page it may be all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from recognizer.drawings import any_recognizer
from recognizer.models import Recognizer

ANY = any_recognizer.ANY
COOKIE = "recognizer"
COOKIE_SECONDS = 365 * 24 * 3600  # seconds


def choose_recognizer(request: HttpRequest, recognizers: Sequence[Recognizer]) -> Recognizer | None:
    """The selected recognizer; unknown names are ignored. None only if there are no recognizers."""
    by_slug = {each.slug: each for each in recognizers}
    named = (request.GET.get("recognizer", ""), request.COOKIES.get(COOKIE, ""))
    found = next((by_slug[slug] for slug in named if slug in by_slug), None)
    return found or (recognizers[0] if recognizers else None)


def is_any(request: HttpRequest, slug: str) -> bool:
    """Whether the draw page asks all recognizers: by its address, or without a name in it by the cookie."""
    return (slug or request.GET.get("recognizer") or request.COOKIES.get(COOKIE)) == ANY


def save_choice(response: HttpResponse, choice: str) -> None:
    """Save the choice, a slug or ANY, in a cookie. The script of the draw page sets the same cookie."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(COOKIE, choice, max_age=COOKIE_SECONDS, secure=secure, samesite="Lax")
