"""The draw page and the privacy page."""

from __future__ import annotations

import random
from dataclasses import asdict
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from ml.preprocessing.ink import DEFAULT_SPEC
from recognizer.insights import coverage
from recognizer.models import Promotion
from recognizer.pages import script_texts
from recognizer.pages.draw import chosen_recognizer
from recognizer.pages.memory import memory_page
from recognizer.registry import promotions

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
def draw(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The draw page for one recognizer. Its scripts use the public API."""
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id")
    raster = Subquery(newest.values("model_version__manifest__raster")[:1])  # null in old bundles
    recognizers = list(coverage.with_coverage(promotions.live_recognizers().annotate(raster=raster)))
    recognizer = chosen_recognizer.choose_recognizer(request, recognizers)
    if slug:
        recognizer = next((each for each in recognizers if each.slug == slug), None)
        if recognizer is None:
            raise Http404
    if recognizer is None:
        return render(request, "recognizer/draw/draw.html", {"recognizer": None}, status=503)
    user = request.user if request.user.is_authenticated else None
    memories = memory_page.memory_states(person=user) if user else None
    lines = coverage.label_coverage(recognizer)
    weights = [line.weight for line in lines]  # labels with few drawings are more likely, as in `draw/prompt.js`
    context = {
        "recognizer": recognizer,
        "recognizers": recognizers,
        "prompt": random.choices(lines, weights)[0].label,  # noqa: S311 - a suggestion, not a secret
        "pens": PENS,
        "config": {
            "api": api_root(),
            "recognizer": recognizer.slug,
            "recognizers": [_recognizer(each, memories) for each in recognizers],
            "user": str(user.pk) if user else None,  # keeps apart the waiting drawings of people who share a device
        },
        "texts": script_texts.draw_page(),
    }
    response = render(request, "recognizer/draw/draw.html", context)
    if slug or request.GET.get("recognizer") == recognizer.slug:
        chosen_recognizer.save_choice(response, recognizer)
    return response


def _recognizer(recognizer: Any, memories: dict[int, dict[str, bool]] | None) -> dict[str, Any]:
    """One recognizer for the scripts. `memory` is None if nobody is signed in."""
    before, after = recognizer.asks
    fields = ("slug", "glyph", "name", "asked", "tone", "language")
    labels = [
        {name: getattr(line.label, name) for name in fields} | {"weight": line.weight}
        for line in coverage.label_coverage(recognizer)
    ]
    return {
        "slug": recognizer.slug,
        "name": recognizer.name,
        "address": reverse("draw-for", args=[recognizer.slug]),
        "before": before,
        "after": after,
        "labels": labels,
        "raster": recognizer.raster or asdict(DEFAULT_SPEC),
        "memory": memories[recognizer.pk] if memories is not None else None,
    }


def api_root() -> str:
    """The URL of the API, for the scripts."""
    return reverse("api:predict").removesuffix("predict")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What happens to drawings."""
    return render(request, "recognizer/draw/privacy.html")
