"""The page for developers, and the API reference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.models import ApiKey
from recognizer.api.error_codes import CODES
from recognizer.api.openapi.examples import SEVEN
from recognizer.pages import script_texts
from recognizer.pages.developers import samples
from recognizer.pages.draw.views import api_config, api_root
from recognizer.pages.label_files import label_addresses
from recognizer.registry import promotions


@dataclass(frozen=True)
class Point:
    """A point of the drawing that explains the ink format."""

    x: int
    y: int

    @property
    def label_y(self) -> int:
        """The y coordinate of its label: above the point, or below it in the lower half."""
        return self.y - 6 if self.y < 50 else self.y + 12


@require_safe
@cache_control(private=True)
@ensure_csrf_cookie
def developers(request: HttpRequest) -> HttpResponse:
    """Everything about the API on one page, with a drawing area to try it."""
    root = request.build_absolute_uri(api_root())
    home = request.build_absolute_uri("/").removesuffix("/")
    strokes = [[Point(x, y) for x, y in zip(*stroke, strict=True)] for stroke in SEVEN]
    codes = sorted(CODES.items(), key=lambda each: each[1].status)
    recognizers = list(promotions.offered_recognizers())
    context: dict[str, Any] = {
        "starting": [(name, code.replace(samples.SITE, root).strip()) for name, code in samples.STARTING],
        "clients": [(name, code.replace(samples.HOME, home).strip()) for name, code in samples.CLIENTS],
        "verifying": samples.VERIFYING,
        "strokes": [(points, " ".join(f"{p.x},{p.y}" for p in points)) for points in strokes],
        "ink": "[\n" + ",\n".join(f"  {json.dumps(stroke)}" for stroke in SEVEN) + "\n]",
        "codes": [(code, known.status, _coded(str(known.meaning)), _coded(str(known.cure))) for code, known in codes],
        "scopes": ApiKey.Scope.choices,
        "fields": _fields(),
        "limits": [
            (_("Predictions (each item of a batch counts)"), settings.PREDICT_RATE),
            (_("Requests that save or change something"), settings.DRAWING_RATE),
            (_("Pictures (they also count above)"), settings.PICTURE_RATE),
        ],
        "daily": settings.DRAWINGS_PER_DAY,
        "recognizers": recognizers,
        "config": {**api_config(request), "labels": label_addresses(recognizers)},
        "texts": script_texts.developers_page(),
    }
    return render(request, "recognizer/developers/developers.html", context)


@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    """Swagger UI, from files of our own origin and without inline scripts, as the content security policy needs."""
    return render(request, "recognizer/developers/reference.html")


def _fields() -> list[tuple[str, str]]:
    """The fields of an answer."""
    return [
        (
            "guesses",
            _(
                "All labels, the most likely first, with calibrated probabilities. They add up to at most 1. The rest "
                "is the probability of “none of these”."
            ),
        ),
        (
            "unsure",
            _(
                "True if the first guess should not be trusted: its probability is below the threshold of the version, "
                "or below your own."
            ),
        ),
        (
            "model_version",
            _("The version that answered. It changes when a better version goes live."),
        ),
        (
            "personal",
            _("How the personal memory changed the answer. With a key, send `personal` as `true` to get it."),
        ),
    ]


def _coded(text: str) -> SafeString:
    """The text, with what is between backticks as code."""
    parts = text.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", p) if n % 2 else p,) for n, p in enumerate(parts))
    )
