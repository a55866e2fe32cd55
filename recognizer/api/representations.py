"""What the API's answers look like."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from recognizer.drawings import Answer
from recognizer.models import Correction, Drawing, Label, Prediction, Recognizer


def label_json(label: Label) -> dict[str, str]:
    """A label as people meet it."""
    return {"label": label.slug, "glyph": label.glyph, "name": label.name}


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer that was not kept."""
    return {
        "recognizer": answer.active.recognizer.slug,
        "model_version": answer.active.version.number,
        "guesses": [
            {**label_json(guess.label), "probability": round(guess.probability, 4)} for guess in answer.guesses
        ],
        "unsure": answer.unsure,
    }


def drawing_json(drawing: Drawing, labels: dict[str, Label]) -> dict[str, Any]:
    """A drawing that was kept, with the first answer and what its author says. Needs `with_answers()`."""
    predictions = list(drawing.predictions.all())
    correction = drawing.standing[0] if drawing.standing else None
    return {
        "id": str(drawing.uuid),
        "recognizer": drawing.recognizer.slug,
        "created": drawing.created,
        "ink": drawing.ink,
        "image": reverse("api:drawing-image", args=[drawing.uuid]) if drawing.ink is None else None,
        "prediction": prediction_json(predictions[-1], labels) if predictions else None,
        "correction": correction_json(correction, predictions[-1] if predictions else None),
    }


def prediction_json(prediction: Prediction, labels: dict[str, Label]) -> dict[str, Any]:
    """A stored answer."""
    return {
        "model_version": prediction.model_version.number,
        "guesses": [
            {**label_json(labels[slug]), "probability": round(probability, 4)}
            for slug, probability in prediction.guesses
        ],
        "unsure": prediction.unsure,
    }


def correction_json(correction: Correction | None, prediction: Prediction | None) -> dict[str, Any] | None:
    """What the author says; None where nothing was said or it was taken back."""
    if correction is None or correction.label is None:
        return None
    agrees = prediction is not None and prediction.label_id == correction.label_id
    return {**label_json(correction.label), "agrees": agrees, "created": correction.created}


def recognizer_json(recognizer: Recognizer, model_version: int | None) -> dict[str, Any]:
    """A recognizer, its labels in the order of the network's outputs, and the version that answers."""
    return {
        "slug": recognizer.slug,
        "name": recognizer.name,
        "labels": [{"slug": label.slug, "glyph": label.glyph, "name": label.name} for label in recognizer.labels.all()],
        "model_version": model_version,
    }
