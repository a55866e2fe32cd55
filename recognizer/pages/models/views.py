"""Model cards, for everybody: what each version was made of, how good it is, and what it must not be used for."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ml.bundles.bundle import raster_spec
from recognizer.models import Recognizer
from recognizer.pages import script_texts
from recognizer.pages.draw.views import api_root
from recognizer.pages.models import cards, example_pictures, learning, mistakes, network_picture
from recognizer.pages.runs.details import duration_of
from recognizer.registry import promotions


@require_safe
@never_cache
def models(request: HttpRequest) -> HttpResponse:
    """The live version of each recognizer."""
    return render(
        request, "recognizer/models/models.html", {"cards": cards.live_cards(promotions.offered_recognizers())}
    )


@require_safe
@never_cache
def model(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """The card of one version; of the live version if the URL names none."""
    recognizer = get_object_or_404(Recognizer.objects.prefetch_related("labels"), slug=slug, is_on=True)
    newest = promotions.current_promotion(recognizer.pk)
    live = newest.model_version_id if newest else 0
    asked = {"pk": live} if number is None else {"number": number}
    version = get_object_or_404(cards.versions_with_details(recognizer), **asked)
    card = cards.model_card(version, recognizer, active=version.pk == live)
    example, example_label = example_pictures.example_pictures(version, card.labels)
    context = {
        "card": card,
        "worst": mistakes.worst_mistakes(version, card.labels),
        "curves": learning.learning_curves(version),
        "history": learning.history_of(version),
        "run_took": duration_of(card.run) if card.run else "",
        "network": network_picture.network_of(version),
        "example": example,
        "example_label": example_label,
        "recognizer": recognizer,
        "recognizers": list(promotions.offered_recognizers()),
        "numbers": list(recognizer.versions.order_by("number").values_list("number", flat=True)),
    }
    return render(request, "recognizer/models/model.html", context)


@require_safe
@never_cache
def reading(request: HttpRequest, slug: str) -> HttpResponse:
    """How the live version of a recognizer reads a drawing: its script runs the model in the page."""
    recognizer = get_object_or_404(Recognizer, slug=slug, is_on=True)
    promotion = promotions.current_promotion(recognizer.pk)
    if promotion is None:
        raise Http404
    version = recognizer.versions.only("number", "sha256", "manifest").get(pk=promotion.model_version_id)
    context = {
        "recognizer": recognizer,
        "recognizers": list(promotions.offered_recognizers()),
        "side": raster_spec(version.manifest).size,
        "config": {
            "root": api_root(),
            "recognizer": recognizer.slug,
            "version": version.number,
            "sha256": version.sha256,
        },
        "texts": script_texts.reading_page(),
    }
    return render(request, "recognizer/models/reading.html", context)
