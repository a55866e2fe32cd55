"""The draw page and the privacy page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import resolve, reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts import acting
from ml.preprocessing.ink import DEFAULT_SPEC
from recognizer.insights import coverage
from recognizer.models import Promotion, Recognizer
from recognizer.pages import label_files, script_texts
from recognizer.pages.draw import chosen_recognizer, same_shape
from recognizer.pages.memory import memory_page
from recognizer.registry import promotions, version_facts
from recognizer.registry.version_facts import VersionFacts

FORMATS = [("latex", "LaTeX"), ("typst", "Typst"), ("unicode", "Unicode"), ("html", "HTML")]  # of codes of labels
PROMPTS = 12  # labels of each recognizer that the page asks for, one after the other

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
    return _sheet(request, slug)


def neutral_sheet(request: HttpRequest) -> HttpResponse:
    """The draw page made for nobody: its scripts find out on the device who draws (`static/js/offline/`)."""
    context = neutral_context(request)
    request.resolver_match = resolve(request.path)
    return _sheet(request, more=context)


def neutral_context(request: HttpRequest) -> dict[str, Any]:
    """What templates of a page made for nobody need. From here on the request is nobody's, for the draw page."""
    request.user = AnonymousUser()
    request.path = reverse("draw")
    return {"neutral": True}


def _sheet(request: HttpRequest, slug: str = "", more: dict[str, Any] | None = None) -> HttpResponse:
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id")
    live = {
        "live": Subquery(newest.values("model_version")[:1]),
        "number": Subquery(newest.values("model_version__number")[:1]),
        "sha256": Subquery(newest.values("model_version__sha256")[:1]),
    }
    recognizers: list[Any] = list(promotions.offered_recognizers().annotate(**live))
    recognizer = chosen_recognizer.choose_recognizer(request, recognizers)
    any_chosen = len(recognizers) > 1 and chosen_recognizer.is_any(request, slug)
    if slug and slug != chosen_recognizer.ANY:
        recognizer = next((each for each in recognizers if each.slug == slug), None)
        if recognizer is None:
            raise Http404
    if recognizer is None:
        return render(request, "recognizer/draw/draw.html", {"recognizer": None}, status=503)
    user = request.user if request.user.is_authenticated else None
    memories = memory_page.memory_states(person=user) if user else None
    facts = version_facts.facts_of(each.live for each in recognizers)
    files = label_files.label_files(recognizers, {each.pk: facts[each.live].glyphs for each in recognizers})
    prompts = coverage.draw_prompts(recognizers, PROMPTS)
    prompt = prompts[recognizer.pk][0]
    prompt.recognizer = recognizer
    context = {
        "title": _title(recognizer),
        "description": gettext(
            "Draw by hand and see at once what a neural network makes of it. %(name)s: %(count)d labels. Confirm or "
            "correct the answer: the next version is trained on what people drew."
        )
        % {"name": recognizer, "count": files[recognizer.slug].count},
        "recognizer": recognizer,
        "recognizers": recognizers,
        "any_chosen": any_chosen,
        "prompt": prompt,
        "pens": PENS,
        "formats": FORMATS,
        "config": {
            **api_config(request),
            "recognizer": recognizer.slug,
            "recognizers": [
                {
                    **_recognizer(each, facts[each.live], memories),
                    "labels": files[each.slug].address,
                    "prompts": [label.slug for label in prompts[each.pk]] if more is None else [],
                }
                for each in recognizers
            ],
            "any": _any(any_chosen) if len(recognizers) > 1 else None,
            "user": acting.account_id(user) if user else None,  # whose drawings wait on this device
            "neutral": more is not None,
            "session": reverse("offline-session"),
            "memory": reverse("memory"),
            "userNumber": str(user.pk) if user else None,  # older versions of the page stored it instead
            "worker": static("js/model/worker.js"),
            "sameShape": same_shape.find_same_shape(recognizers),
            "live": {each.slug: {"version": each.number, "sha256": each.sha256} for each in recognizers},
        },
        "texts": script_texts.draw_page(),
        **(more or {}),
    }
    response = render(request, "recognizer/draw/draw.html", context)
    if slug or request.GET.get("recognizer") == recognizer.slug:
        chosen_recognizer.save_choice(response, chosen_recognizer.ANY if any_chosen else recognizer.slug)
    return response


def _any(chosen: bool) -> dict[str, Any]:
    """All recognizers at once, for the scripts."""
    address = reverse("draw-for", args=[chosen_recognizer.ANY])
    return {"title": gettext("Draw anything and see the answer"), "address": address, "chosen": chosen}


def _title(recognizer: Recognizer) -> str:
    return gettext("%(name)s: draw one and see the answer") % {"name": recognizer}


def _recognizer(
    recognizer: Recognizer, facts: VersionFacts, memories: dict[int, dict[str, bool]] | None
) -> dict[str, Any]:
    """One recognizer for the scripts, without its labels. `memory` is None if nobody is signed in."""
    before, after = recognizer.asks
    return {
        "slug": recognizer.slug,
        "name": str(recognizer),
        "title": _title(recognizer),
        "address": reverse("draw-for", args=[recognizer.slug]),
        "reading": reverse("reading", args=[recognizer.slug]),
        "before": before,
        "after": after,
        "raster": facts.raster or asdict(DEFAULT_SPEC),
        "unsureBelow": facts.unsure_below,
        "memory": memories[recognizer.pk] if memories is not None else None,
    }


def api_root() -> str:
    """The URL of the API, for the scripts."""
    return reverse("api:predict").removesuffix("predict")


def api_config(request: HttpRequest) -> dict[str, str]:
    """What the scripts of a page need to use the API: its URL, and for whom the page acts."""
    return {"api": api_root(), "actingFor": acting.account_id(request.user)}


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What happens to drawings."""
    return render(request, "recognizer/draw/privacy.html")
