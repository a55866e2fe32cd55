"""Model cards, for everybody: what each version was made of, how good it is, and what it must not be used for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from recognizer.models import Recognizer
from recognizer.pages.models import cards
from recognizer.registry import promotions


@require_safe
@never_cache
def models(request: HttpRequest) -> HttpResponse:
    """The live version of each recognizer."""
    return render(request, "recognizer/models/models.html", {"cards": cards.live_cards(promotions.live_recognizers())})


@require_safe
@never_cache
def model(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """The card of one version; of the live version if the URL names none."""
    recognizer = get_object_or_404(Recognizer.objects.prefetch_related("labels"), slug=slug)
    newest = promotions.current_promotion(recognizer.pk)
    live = newest.model_version_id if newest else 0
    asked = {"pk": live} if number is None else {"number": number}
    version = get_object_or_404(cards.versions_with_card(recognizer), **asked)
    context = {
        "card": cards.model_card(version, recognizer, active=version.pk == live),
        "recognizer": recognizer,
        "recognizers": list(promotions.live_recognizers()),
        "numbers": list(recognizer.versions.order_by("number").values_list("number", flat=True)),
    }
    return render(request, "recognizer/models/model.html", context)
