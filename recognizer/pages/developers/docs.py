"""For who writes programs: how to begin, the ink format, a sheet to try it on, errors, limits, and the reference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.models import ApiKey
from recognizer.api.error_codes import CODES
from recognizer.api.openapi.examples import SEVEN
from recognizer.pages.developers import samples
from recognizer.registry import promotions


@dataclass(frozen=True)
class Point:
    """One point of the drawing that explains the ink format, and where its coordinates are written."""

    x: int
    y: int

    @property
    def label_y(self) -> int:
        """Above the point, or below where the ink is above it."""
        return self.y - 6 if self.y < 50 else self.y + 12


@require_safe
@cache_control(private=True)
@ensure_csrf_cookie
def show(request: HttpRequest) -> HttpResponse:
    """All on one page."""
    root = request.build_absolute_uri(reverse("api:predict").removesuffix("predict"))
    home = request.build_absolute_uri("/").removesuffix("/")
    strokes = [[Point(x, y) for x, y in zip(*stroke, strict=True)] for stroke in SEVEN]
    context: dict[str, Any] = {
        "root": root,
        "starting": [(name, code.replace(samples.SITE, root).strip()) for name, code in samples.STARTING],
        "clients": [(name, code.replace(samples.HOME, home).strip()) for name, code in samples.CLIENTS],
        "verifying": samples.VERIFYING,
        "strokes": [(points, " ".join(f"{p.x},{p.y}" for p in points)) for points in strokes],
        "ink": "[\n" + ",\n".join(f"  {json.dumps(stroke)}" for stroke in SEVEN) + "\n]",
        "codes": _codes(),
        "scopes": ApiKey.Scope.choices,
        "fields": _fields(),
        "limits": _limits(),
        "recognizers": list(promotions.live_recognizers()),
        "config": {"api": root_path()},
        "texts": _texts(),
    }
    return render(request, "recognizer/developers/developers.html", context)


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Swagger UI: its files from our own origin, its start in a file, as the security policy asks."""
    return render(request, "recognizer/developers/reference.html")


def root_path() -> str:
    """Where the scripts find the API."""
    return reverse("api:predict").removesuffix("predict")


def _fields() -> list[tuple[str, str]]:
    """What an answer says."""
    return [
        (
            "guesses",
            _(
                "All labels, the likeliest first, with calibrated probabilities. They add up to at most 1: the rest is "
                "“none of these”."
            ),
        ),
        (
            "unsure",
            _(
                "True where the first guess should not be trusted: it is less probable than the version’s own "
                "threshold, or than yours."
            ),
        ),
        (
            "model_version",
            _("Which version answered. A better one takes its place now and then, never before it was judged."),
        ),
        (
            "personal",
            _("What the person’s own memory made of it. A key has to ask for it, by sending personal as true."),
        ),
    ]


def _codes() -> list[tuple[str, int, SafeString, SafeString]]:
    """All errors by status; what stands between backticks is code."""
    found = sorted(CODES.items(), key=lambda each: each[1].status)
    return [(code, known.status, _coded(str(known.meaning)), _coded(str(known.cure))) for code, known in found]


def _coded(text: str) -> SafeString:
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", p) if n % 2 else p,) for n, p in enumerate(parts))
    )


def _limits() -> list[tuple[str, int]]:
    return [
        (_("Answers, each item of a batch counting as one"), settings.PREDICT_RATE),
        (_("Everything that keeps or changes something"), settings.DRAWING_RATE),
        (_("Pictures, besides"), settings.PICTURE_RATE),
    ]


def _texts() -> dict[str, str]:
    """What the sheet to try it on says."""
    return {
        "waiting": _("Asking…"),
        "answered": _("{name}, {percent}"),
        "unsure": _("Not sure; perhaps {name}."),
        "offline": _("No answer. Check the connection and draw on."),
    }
