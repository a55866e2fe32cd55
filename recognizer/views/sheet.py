"""The sheet to draw on, and the page about what happens to drawings."""

from __future__ import annotations

import random
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from recognizer import keepsakes, texts
from recognizer.models import Recognizer

PENS = [
    ("ink", gettext_lazy("Ink")),
    ("blue", gettext_lazy("Blue")),
    ("green", gettext_lazy("Green")),
    ("plum", gettext_lazy("Plum")),
    ("brick", gettext_lazy("Brick")),
    ("graphite", gettext_lazy("Graphite")),
]


@require_safe
@cache_control(private=True)
@ensure_csrf_cookie
def draw(request: HttpRequest) -> HttpResponse:
    """The sheet. Its scripts talk to the public API, like any other client."""
    recognizer = Recognizer.objects.filter(promotions__isnull=False).prefetch_related("labels").first()
    if recognizer is None:
        return render(request, "recognizer/draw.html", {"recognizer": None}, status=503)
    context = {
        "recognizer": recognizer,
        "prompt": random.choice(list(recognizer.labels.all())),  # noqa: S311 - a suggestion, not a secret
        "pens": PENS,
        "config": _config(request, recognizer),
        "texts": texts.draw_page(),
    }
    return render(request, "recognizer/draw.html", context)


def _config(request: HttpRequest, recognizer: Recognizer) -> dict[str, Any]:
    """What the scripts need to know. The user's key only tells drawings that wait on a shared device apart."""
    return {
        "api": api_root(),
        "recognizer": recognizer.slug,
        "labels": [{"slug": each.slug, "glyph": each.glyph, "name": each.name} for each in recognizer.labels.all()],
        "user": str(request.user.pk) if request.user.is_authenticated else None,
        "memory": _memory(request, recognizer),
    }


def _memory(request: HttpRequest, recognizer: Recognizer) -> dict[str, bool] | None:
    """Whether one's own answers go by what one says; nothing of the kind for strangers."""
    if not request.user.is_authenticated:
        return None
    return keepsakes.standing(person=request.user, recognizer=recognizer)


def api_root() -> str:
    """Where the scripts find the API."""
    return reverse("api:predict").removesuffix("predict")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What happens to drawings."""
    return render(request, "recognizer/privacy.html")
