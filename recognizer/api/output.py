"""What the API's answers look like."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import cv2
from django.urls import reverse

from ml.preprocessing.content import Content
from recognizer.drawings.other_recognizers import BetterRecognizer
from recognizer.drawings.predict import Answer, Guess
from recognizer.models import Correction, Drawing, Label, PersonalAnswer, Prediction, Recognizer, Review
from recognizer.registry.serving import LiveVersion


def label_json(label: Label) -> dict[str, str]:
    """A label as people meet it."""
    return {"label": label.slug, "glyph": label.glyph, "name": label.name}


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer that was not kept."""
    personal = answer.personal
    alone = plain_json(answer)
    given = {"guesses": _guesses(personal.guesses), "unsure": personal.unsure} if personal else None
    return {**source_json(answer.active), **_with_memory(alone, given, personal.because if personal else [])}


def plain_json(answer: Answer) -> dict[str, Any]:
    """What the model alone says."""
    return {"guesses": _guesses(answer.guesses), "unsure": answer.unsure}


def source_json(active: LiveVersion) -> dict[str, Any]:
    """Who gave an answer."""
    return {"recognizer": active.recognizer.slug, "model_version": active.version.number}


def extras_json(answer: Answer, content: Content, wanted: Iterable[str]) -> dict[str, Any]:
    """For the curious: what the network saw, as a PNG, white on black, and what its last hidden layer made of it."""
    extras: dict[str, Any] = {}
    if "embedding" in wanted and answer.embedding is not None:
        extras["embedding"] = [round(float(value), 5) for value in answer.embedding]
    if "raster" in wanted:
        png = cv2.imencode(".png", content.raster(answer.active.raster))[1].tobytes()
        extras["raster"] = "data:image/png;base64," + base64.b64encode(png).decode()
    return extras


def _guesses(guesses: list[Guess]) -> list[dict[str, Any]]:
    return [_guess(guess) for guess in guesses]


def _guess(guess: Guess) -> dict[str, Any]:
    return {**label_json(guess.label), "probability": round(guess.probability, 4)}


def elsewhere_json(found: BetterRecognizer | None) -> dict[str, Any] | None:
    """The recognizer that is far surer, and what it says."""
    if found is None:
        return None
    return {"recognizer": found.recognizer.slug, "title": found.recognizer.name, "guess": _guess(found.guess)}


def _with_memory(alone: dict[str, Any], given: dict[str, Any] | None, because: Iterable[UUID]) -> dict[str, Any]:
    """The answer as the person gets it; where their memory had a say, with what the model alone would have said."""
    if given is None:
        return {**alone, "personal": {"used": False, "changed": False, "because": [], "model": None}}
    changed = _first(given) != _first(alone)
    return {
        **given,
        "personal": {"used": True, "changed": changed, "because": [str(uuid) for uuid in because], "model": alone},
    }


def _first(answer: dict[str, Any]) -> tuple[str, bool]:
    """What a person makes of an answer."""
    return answer["guesses"][0]["label"], answer["unsure"]


def kept_json(drawing: Drawing, prediction: Prediction) -> dict[str, Any]:
    """The same of an answer that was kept: `prediction` is what it is found by, and what its drawing is."""
    labels = {label.slug: label for label in drawing.recognizer.labels.all()}
    said = prediction_json(prediction, labels)
    return {"prediction": str(drawing.uuid), "recognizer": drawing.recognizer.slug, **said}


def drawing_json(drawing: Drawing, labels: dict[str, Label]) -> dict[str, Any]:
    """A drawing that was kept, with the first answer and what its author says. Needs `with_answers()`."""
    predictions = list(drawing.predictions.all())
    correction = drawing.current_correction
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
    """A stored answer. Needs `with_answers()`."""
    personal: PersonalAnswer | None = getattr(prediction, "personal", None)
    alone = _stored(prediction, labels)
    given = _stored(personal, labels) if personal else None
    because = [reason.drawing.uuid for reason in personal.reasons.all()] if personal else []
    return {"model_version": prediction.model_version.number, **_with_memory(alone, given, because)}


def _stored(answer: Prediction | PersonalAnswer, labels: dict[str, Label]) -> dict[str, Any]:
    return {
        "guesses": [
            {**label_json(labels[slug]), "probability": round(probability, 4)} for slug, probability in answer.guesses
        ],
        "unsure": answer.unsure,
    }


def correction_json(correction: Correction | None, prediction: Prediction | None) -> dict[str, Any] | None:
    """What the author says, and whether that agrees with what they were answered; None where nothing is said."""
    if correction is None or correction.label is None:
        return None
    agrees = prediction is not None and prediction.given.label_id == correction.label_id
    return {**label_json(correction.label), "agrees": agrees, "created": correction.created}


def review_json(review: Review | None) -> dict[str, Any] | None:
    """What was decided on a correction, not by whom; None while nobody has."""
    if review is None or review.decision == Review.Decision.UNDONE:
        return None
    label = review.label.slug if review.label else None
    return {"decision": review.decision, "label": label, "reason": review.reason or None, "created": review.created}


def recognizer_json(recognizer: Recognizer, model_version: int | None) -> dict[str, Any]:
    """A recognizer, its labels in the order of the network's outputs, and the version that answers."""
    return {
        "slug": recognizer.slug,
        "name": recognizer.name,
        "prompt": recognizer.sentence,
        "labels": [_label_in_full(label) for label in recognizer.labels.all()],
        "model_version": model_version,
    }


def _label_in_full(label: Label) -> dict[str, str]:
    """`asked` is what stands in the prompt, in the place of its hole."""
    look = {"asked": label.asked, "tone": label.tone}
    return {"slug": label.slug, "glyph": label.glyph, "name": label.name, **look}
