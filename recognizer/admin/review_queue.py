"""Where the review queue was before it became a room of its own: the old addresses lead there."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse


def urls() -> list[URLPattern]:
    """Below the list of corrections."""
    return [path("review/", redirect_to_review), path("review/<path:step>", redirect_to_review)]


def redirect_to_review(request: HttpRequest, step: str = "") -> HttpResponse:
    """To the room, with what the old address named; its steps were forms, to be sent anew."""
    known = {name: request.GET[name] for name in ("recognizer", "correction") if name in request.GET}
    return redirect(reverse("review") + (f"?{urlencode(known)}" if known else ""))
