"""Ask a model version about a drawing, and adjust the answer by the person's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from ml.preprocessing.content import Content
from recognizer import memory
from recognizer.models import Label
from recognizer.registry import pinned, serving
from recognizer.registry.serving import LiveVersion

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Guess:
    """One entry of an answer."""

    label: Label
    probability: float


@dataclass(frozen=True)
class AdjustedAnswer:
    """An answer with the memory of the person who asks: ranked likewise, and their drawings that spoke for it."""

    guesses: list[Guess]
    unsure: bool
    because: list[UUID]


@dataclass(frozen=True)
class Answer:
    """What one model version says about one drawing: all labels ranked, the likeliest first.

    The probabilities add up to at most 1; the rest is "none of these". `unsure` says that the
    first guess should not be trusted. `personal` is what the person gets instead, where their
    memory has a say.
    """

    active: LiveVersion
    guesses: list[Guess]
    unsure: bool
    personal: AdjustedAnswer | None = None
    embedding: np.ndarray | None = field(default=None, repr=False, compare=False)


def recognise(*, recognizer: str, content: Content, person: User | None = None, as_of: int | None = None) -> Answer:
    """Ask the active version, or the one of the number `as_of`, and the memory of `person`.

    A memory speaks only for the version that answers here, for that is the one it was read by. Raises
    registry.UnknownRecognizerError and registry.NoModelError, and for a number what `pins.pinned` raises.
    """
    active = serving.live_version(recognizer) if as_of is None else pinned.pinned_version(recognizer, as_of)
    answers = active.predictor.predict(content.raster(active.raster)[None])
    probabilities, embedding = answers.probabilities[0], answers.embeddings[0]
    asked = person and (as_of is None or active is serving.live_version(recognizer))
    personal = _personal(active, probabilities, embedding, person) if person and asked else None
    return Answer(active, *_ranked(active, probabilities), personal, embedding)


def recognise_batch(*, active: LiveVersion, contents: Sequence[Content]) -> list[Answer]:
    """Ask one version about many drawings in one go; the plain answers, in their order."""
    if not contents:
        return []
    answers = active.predictor.predict(np.stack([content.raster(active.raster) for content in contents]))
    return [
        Answer(active, *_ranked(active, probabilities), None, embedding)
        for probabilities, embedding in zip(answers.probabilities, answers.embeddings, strict=True)
    ]


def _ranked(active: LiveVersion, probabilities: np.ndarray) -> tuple[list[Guess], bool]:
    """The guesses, and whether the first one is not to be trusted."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = zip(order.tolist(), probabilities[order].tolist(), strict=True)
    guesses = [Guess(active.labels[place], probability) for place, probability in ranked]
    return guesses, guesses[0].probability < active.unsure_below


def _personal(
    active: LiveVersion, probabilities: np.ndarray, embedding: np.ndarray, person: User
) -> AdjustedAnswer | None:
    found = memory.recall(person=person, active=active, probabilities=probabilities, embedding=embedding)
    return AdjustedAnswer(*_ranked(active, found.probabilities), found.because) if found else None
