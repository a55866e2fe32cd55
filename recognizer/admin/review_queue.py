"""Redirects the addresses that the review queue had when it was in the admin."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse


def urls() -> list[URLPattern]:
    """Addresses below the list of corrections."""
    return [path("review/", redirect_to_review), path("review/<path:step>", redirect_to_review)]


def redirect_to_review(request: HttpRequest, step: str = "") -> HttpResponse:
    """Redirect to the review page with the recognizer or correction of the old address."""
    known = {name: request.GET[name] for name in ("recognizer", "correction") if name in request.GET}
    return redirect(reverse("review") + (f"?{urlencode(known)}" if known else ""))
