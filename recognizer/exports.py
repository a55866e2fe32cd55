"""Exports: everything the site keeps about one person, as one JSON document.

    {"format": "inkling-person", "version": 1, "exported": time,
     "person": {...},                    see accounts.people.facts
     "promotions": [{"recognizer", "model_version", "reason", "created"}],      made by this person
     "drawings": [{"id", "recognizer", "created",
                   "ink": [[[x...], [y...], [t...]], ...] or null,
                   "image": "data:image/png;base64,..." or null,
                   "predictions": [{"model_version", "label", "probability", "unsure",
                                    "guesses": [[label, probability], ...], "created"}],
                   "corrections": [{"label" or null when taken back, "created"}]}]}

Times are ISO 8601, labels are slugs, lists are in the order in which things happened.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Prefetch
from django.utils import timezone

from accounts import people
from accounts.models import User
from recognizer.models import Correction, Drawing, Prediction, Promotion

PAGE = 100  # drawings in memory at a time


def of_person(person: User) -> Iterator[str]:
    """The document in pieces, so that memory stays bounded however much somebody drew."""
    head = {
        "format": "inkling-person",
        "version": 1,
        "exported": timezone.now(),
        "person": people.facts(person),
        "promotions": _promotions(person),
    }
    yield _json(head)[:-1] + ', "drawings": ['
    for number, drawing in enumerate(_drawings(person)):
        yield (",\n" if number else "\n") + _json(_drawing(drawing))
    yield "\n]}\n"


def _json(data: Any) -> str:
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False)


def _promotions(person: User) -> list[dict[str, Any]]:
    made = Promotion.objects.filter(by=person).order_by("pk")
    rows = made.values_list("recognizer__slug", "model_version__number", "reason", "created")
    return [dict(zip(("recognizer", "model_version", "reason", "created"), row, strict=True)) for row in rows]


def _drawings(person: User) -> Iterator[Drawing]:
    """The oldest first, page by page; no cursor stays open while a slow client reads."""
    last = 0
    while page := list(_with_history(person, after=last)):
        yield from page
        last = page[-1].pk


def _with_history(person: User, after: int) -> Any:
    predictions = Prediction.objects.select_related("label", "model_version").order_by("pk")
    return (
        Drawing.objects.filter(author=person, pk__gt=after)
        .order_by("pk")
        .select_related("recognizer")
        .prefetch_related(
            Prefetch("predictions", predictions.only(*_SAID)),
            Prefetch("corrections", Correction.objects.select_related("label").order_by("pk")),
        )[:PAGE]
    )


_SAID = ("drawing", "guesses", "probability", "unsure", "created", "label__slug", "model_version__number")


def _drawing(drawing: Drawing) -> dict[str, Any]:
    return {
        "id": drawing.uuid,
        "recognizer": drawing.recognizer.slug,
        "created": drawing.created,
        "ink": drawing.ink,
        "image": _data_url(drawing.image) if drawing.image is not None else None,
        "predictions": [_prediction(prediction) for prediction in drawing.predictions.all()],
        "corrections": [
            {"label": correction.label.slug if correction.label else None, "created": correction.created}
            for correction in drawing.corrections.all()
        ],
    }


def _data_url(png: bytes | memoryview) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _prediction(prediction: Prediction) -> dict[str, Any]:
    return {
        "model_version": prediction.model_version.number,
        "label": prediction.label.slug,
        "probability": prediction.probability,
        "unsure": prediction.unsure,
        "guesses": prediction.guesses,
        "created": prediction.created,
    }
