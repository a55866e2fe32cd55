"""Rounds: the page asks for several labels of a recognizer, one after the other, and shows what was recognised.

Its script draws, recognises and keeps the score (`static/js/rounds/`). The labels and the example drawings are files of
their own, the same for everybody, so that a device can store them and the page does not grow with the labels.
"""

from __future__ import annotations

from typing import Any

from django.db.models import FloatField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import resolve, reverse
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import conditional_page, require_safe

from accounts import acting
from recognizer.insights import coverage
from recognizer.models import ExampleSet, Promotion, Recognizer
from recognizer.pages import script_texts
from recognizer.pages.draw import chosen_recognizer
from recognizer.pages.draw import views as draw
from recognizer.pages.label_files import label_addresses
from recognizer.registry import promotions

LENGTHS = (5, 10)  # prompts of a round
SECONDS = 20  # for each prompt, for those who want a clock
YEAR = 365 * 24 * 3600  # seconds


@require_safe
@cache_control(private=True)
@ensure_csrf_cookie
def rounds(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The page of rounds for one recognizer."""
    return _page(request, slug)


def neutral_rounds(request: HttpRequest) -> HttpResponse:
    """The same page made for nobody, for the device: its scripts find out there who draws."""
    context = draw.neutral_context(request)
    request.path = reverse("rounds")
    request.resolver_match = resolve(request.path)
    return _page(request, more=context)


def _page(request: HttpRequest, slug: str = "", more: dict[str, Any] | None = None) -> HttpResponse:
    recognizers: list[Any] = list(_live_recognizers())
    recognizer = chosen_recognizer.choose_recognizer(request, recognizers)
    if slug:
        recognizer = next((each for each in recognizers if each.slug == slug), None)
        if recognizer is None:
            raise Http404
    if recognizer is None:
        return render(request, "recognizer/rounds/rounds.html", {"recognizer": None}, status=503)
    user = request.user if request.user.is_authenticated else None
    context = {
        "recognizer": recognizer,
        "recognizers": recognizers,
        "lengths": LENGTHS,
        "seconds": SECONDS,
        "config": {
            **draw.api_config(request),
            "recognizer": recognizer.slug,
            "recognizers": [_recognizer(each) for each in recognizers],
            "user": acting.account_id(user) if user else None,
            "userNumber": str(user.pk) if user else None,
            "neutral": more is not None,
            "session": reverse("offline-session"),
            "memory": reverse("memory"),
            "worker": static("js/model/worker.js"),
            "live": {each.slug: {"version": each.number, "sha256": each.sha256} for each in recognizers},
            "seconds": SECONDS,
        },
        "texts": script_texts.rounds_page(),
        **(more or {}),
    }
    response = render(request, "recognizer/rounds/rounds.html", context)
    if slug:
        chosen_recognizer.save_choice(response, recognizer.slug)
    return response


def _live_recognizers() -> QuerySet[Recognizer]:
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id")
    return promotions.offered_recognizers().annotate(
        number=Subquery(newest.values("model_version__number")[:1]),
        sha256=Subquery(newest.values("model_version__sha256")[:1]),
    )


def _recognizer(recognizer: Recognizer) -> dict[str, Any]:
    return {
        "slug": recognizer.slug,
        "name": str(recognizer),
        "address": reverse("rounds-for", args=[recognizer.slug]),
        "labels": f"{reverse('round-labels', args=[recognizer.slug])}?lang={get_language()}",
    }


@require_safe
@conditional_page
@cache_control(public=True, no_cache=True)
def round_labels(request: HttpRequest, slug: str) -> JsonResponse:
    """What a round asks for: where the labels are, how often each is asked for, and where their examples are.

    The same for everybody. The words are in the language of the address (`?lang=bn`). Weights of 1 are left out.
    """
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-id")
    live = {
        "unsure_below": Cast(Subquery(newest.values("model_version__manifest__unsure_below")[:1]), FloatField()),
        "examples": ExampleSet.objects.filter(recognizer=OuterRef("pk")).values("sha256")[:1],
    }
    live_now = promotions.offered_recognizers().filter(slug=slug).select_related("policy")
    found: Any = live_now.annotate(**live).first()
    if found is None:
        raise Http404
    before, after = found.asks
    counted = found.labels.filter(coverage__drawings__gt=0).select_related("coverage").defer("names", "codes")
    lines = coverage.label_coverage(counted, coverage.coverage_goal(found))
    return JsonResponse(
        {
            "before": before,
            "after": after,
            "unsureBelow": found.unsure_below,
            "labels": label_addresses([found])[slug],
            "weights": {line.label.slug: line.weight for line in lines},
            "examples": f"{reverse('round-examples', args=[slug])}?of={found.examples}" if found.examples else None,
        }
    )


@require_safe
@cache_control(public=True, max_age=YEAR, immutable=True)
def round_examples(request: HttpRequest, slug: str) -> JsonResponse:
    """The example drawings of a recognizer with their sources. The address has their checksum: they never change."""
    examples = get_object_or_404(ExampleSet, recognizer__slug=slug, sha256=request.GET.get("of", ""))
    return JsonResponse(examples.content)
