"""The JSON of predictions, drawings, corrections, reviews and recognizers."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

import cv2
from django.urls import reverse
from django.utils.translation import gettext as _

from ml.figures.figure import fit_figure
from ml.preprocessing.content import Content
from recognizer.api.input import BatchBody, DrawingBody
from recognizer.drawings.other_recognizers import BetterRecognizer
from recognizer.drawings.predict import AdjustedAnswer, Answer
from recognizer.models import Correction, Drawing, Label, PersonalAnswer, Prediction, Recognizer, Review
from recognizer.models.prediction import LISTED_GUESSES
from recognizer.registry.serving import LiveVersion


def label_json(label: Label) -> dict[str, str]:
    """A label for programs (`label`) and for people."""
    return {"label": label.slug, "glyph": label.glyph, "name": label.name}


def codes_json(label: Label) -> dict[str, Any]:
    """The further names and the codes of a label. Both may be empty."""
    return {"names": label.names, "codes": label.codes}


def add_codes(answer: dict[str, Any], labels: Iterable[Label]) -> dict[str, Any]:
    """Add the codes of their labels to the guesses of an answer, but not to those of the model without memory."""
    by_slug = {label.slug: label for label in labels}
    return {**answer, "guesses": [{**guess, **codes_json(by_slug[guess["label"]])} for guess in answer["guesses"]]}


def answer_json(answer: Answer, options: DrawingBody) -> dict[str, Any]:
    """An answer that was not saved, with the request's options: its version, and the part of the memory in it."""
    personal = answer.personal
    adjusted = _guesses_json(personal, options) if personal else None
    because = personal.because if personal else []
    found = {**version_json(answer.live), **_with_memory(_guesses_json(answer, options), adjusted, because)}
    return apply_options(found, options)


def model_answer_json(answer: Answer, options: BatchBody) -> dict[str, Any]:
    """The answer of the model without anybody's memory, with the request's options."""
    return apply_options(_guesses_json(answer, options), options)


def _guesses_json(answer: Answer | AdjustedAnswer, options: DrawingBody | BatchBody) -> dict[str, Any]:
    """The first guesses, and more of them only if the request asks for more."""
    guesses = answer.guesses[: max(options.top_k or 0, LISTED_GUESSES)]
    return {"guesses": [_guess(each.label, each.probability) for each in guesses], "unsure": answer.unsure}


def version_json(live: LiveVersion) -> dict[str, Any]:
    """The version that answered."""
    return {"recognizer": live.recognizer.slug, "model_version": live.version.number}


def apply_options(answer: dict[str, Any], options: DrawingBody | BatchBody) -> dict[str, Any]:
    """Change an answer (with `guesses` and `unsure`) to the threshold and the number of guesses of the request."""
    if options.threshold is not None:
        answer["unsure"] = answer["guesses"][0]["probability"] < options.threshold
    if options.top_k is not None:
        answer["guesses"] = answer["guesses"][: options.top_k]
    return answer


def extras_json(answer: Answer, content: Content, include: Iterable[str]) -> dict[str, Any]:
    """The extras that were asked for: the embedding, and the raster that the network saw as a PNG, white on black."""
    extras: dict[str, Any] = {}
    if "embedding" in include and answer.embedding is not None:
        extras["embedding"] = [round(float(value), 5) for value in answer.embedding]
    if "raster" in include:
        png = cv2.imencode(".png", content.raster(answer.live.raster))[1].tobytes()
        extras["raster"] = "data:image/png;base64," + base64.b64encode(png).decode()
    return extras


def figure_json(answer: dict[str, Any], content: Content) -> dict[str, Any] | None:
    """The figure of the first guess that fits the ink best; None for pictures and labels that are no shape."""
    figure = fit_figure(answer["guesses"][0]["label"], content.strokes) if content.strokes else None
    return asdict(figure) if figure else None


def _guess(label: Label, probability: float) -> dict[str, Any]:
    return {**label_json(label), "probability": round(probability, 4)}


def elsewhere_json(found: BetterRecognizer | None, include: Iterable[str]) -> dict[str, Any] | None:
    """Another recognizer that is much more certain, and its first guess, with codes if they were asked for."""
    if found is None:
        return None
    guess = _guess(found.guess.label, found.guess.probability)
    if "codes" in include:
        guess |= codes_json(found.guess.label)
    return {"recognizer": found.recognizer.slug, "title": found.recognizer.name, "guess": guess}


def _with_memory(model: dict[str, Any], adjusted: dict[str, Any] | None, because: Iterable[UUID]) -> dict[str, Any]:
    """The answer that the person gets: if their memory adjusted it, together with the model's own answer."""
    if adjusted is None:
        return {**model, "personal": {"used": False, "changed": False, "because": [], "model": None}}
    seen = [(answer["guesses"][0]["label"], answer["unsure"]) for answer in (adjusted, model)]
    personal = {"used": True, "changed": seen[0] != seen[1], "because": [str(uuid) for uuid in because], "model": model}
    return {**adjusted, "personal": personal}


def saved_answer_json(drawing: Drawing, prediction: Prediction) -> dict[str, Any]:
    """A saved answer. `prediction` is its id, which is that of the drawing."""
    labels = {label.slug: label for label in drawing.recognizer.labels.all()}
    answer = prediction_json(prediction, labels)
    return {"prediction": str(drawing.uuid), "recognizer": drawing.recognizer.slug, **answer}


def drawing_json(drawing: Drawing, labels: dict[str, Label]) -> dict[str, Any]:
    """A saved drawing, its answer and its correction. `labels`: the recognizer's, by slug. Needs `with_answers()`."""
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
    """A saved prediction. Needs `with_answers()`."""
    personal: PersonalAnswer | None = getattr(prediction, "personal", None)
    adjusted = _saved_guesses(personal, labels) if personal else None
    because = [reason.drawing.uuid for reason in personal.reasons.all()] if personal else []
    answer = _with_memory(_saved_guesses(prediction, labels), adjusted, because)
    return {"model_version": prediction.model_version.number, "on_device": prediction.on_device, **answer}


def _saved_guesses(answer: Prediction | PersonalAnswer, labels: dict[str, Label]) -> dict[str, Any]:
    guesses = [_guess(labels[slug], probability) for slug, probability in answer.guesses[:LISTED_GUESSES]]
    return {"guesses": guesses, "unsure": answer.unsure}


def correction_json(correction: Correction | None, prediction: Prediction | None) -> dict[str, Any] | None:
    """The correction, and whether it agrees with the answer that the author was given; None without a correction."""
    if correction is None or (correction.label is None and not correction.none_of_these):
        return None
    agrees = prediction is not None and prediction.given.label_id == correction.label_id
    return {**said_json(correction), "agrees": agrees, "created": correction.created}


def said_json(correction: Correction) -> dict[str, Any]:
    """What the author says that a drawing is. "None of these" has a name for people, but no label."""
    label = correction.label
    said = label_json(label) if label else {"label": None, "glyph": "", "name": _("None of these")}
    return {**said, "none_of_these": correction.none_of_these, "origin": correction.origin or None}


def review_json(review: Review | None) -> dict[str, Any] | None:
    """The review of a correction, without its reviewer; None before a review."""
    if review is None or review.decision == Review.Decision.UNDONE:
        return None
    label = review.label.slug if review.label else None
    return {"decision": review.decision, "label": label, "reason": review.reason or None, "created": review.created}


def recognizer_json(recognizer: Recognizer, model_version: int | None) -> dict[str, Any]:
    """A recognizer, its labels in the order of the network's outputs, and the number of the live version."""
    return {
        "slug": recognizer.slug,
        "name": recognizer.name,
        "prompt": recognizer.sentence,
        "labels": [recognizer_label_json(each) for each in recognizer.labels.all()],
        "model_version": model_version,
    }


def recognizer_label_json(label: Label) -> dict[str, str]:
    """A label of a recognizer, without its codes."""
    return {"slug": label.slug, "glyph": label.glyph, "name": label.name, "asked": label.asked, "tone": label.tone}


def coded_label_json(label: Label) -> dict[str, Any]:
    """A label of a recognizer with its further names and its codes."""
    return {**recognizer_label_json(label), **codes_json(label)}
