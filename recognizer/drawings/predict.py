"""Predict what a drawing is with one model version, and adjust the answer by the person's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload
from uuid import UUID

import numpy as np

from accounts.models import User
from ml.bundles.predictor import is_unsure
from ml.preprocessing.content import Content
from recognizer import memory
from recognizer.models import Label
from recognizer.registry import pinned, serving
from recognizer.registry.serving import LiveVersion


@dataclass(frozen=True)
class Guess:
    """One label of an answer with its probability."""

    label: Label
    probability: float


class Guesses(Sequence[Guess]):
    """All labels of an answer, the likeliest first. A guess is made when it is read: there may be a thousand."""

    def __init__(self, labels: Sequence[Label], probabilities: np.ndarray) -> None:
        """`probabilities`: of each label, float (labels,)."""
        self._labels, self._order = labels, np.argsort(-probabilities, kind="stable")
        self._probabilities = probabilities[self._order]

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> Guess: ...

    @overload
    def __getitem__(self, place: slice) -> list[Guess]: ...

    def __getitem__(self, place: int | slice) -> Guess | list[Guess]:
        if isinstance(place, int):
            return Guess(self._labels[self._order[place]], float(self._probabilities[place]))
        pairs = zip(self._order[place].tolist(), self._probabilities[place].tolist(), strict=True)
        return [Guess(self._labels[index], probability) for index, probability in pairs]

    @property
    def total(self) -> float:
        """The sum of the probabilities; the rest to 1 means "none of these"."""
        return float(self._probabilities.sum(dtype=np.float64))


@dataclass(frozen=True)
class AdjustedAnswer:
    """An answer adjusted by the memory of the person who asks, and their drawings that changed it."""

    guesses: Guesses
    unsure: bool
    because: list[UUID]


@dataclass(frozen=True)
class Answer:
    """What one model version answers to one drawing: all labels, the likeliest first.

    The probabilities add up to at most 1; the rest means "none of these". `unsure`: do not trust the first guess.
    `personal` is what the person is shown instead, if their memory changes the answer. `embedding` is (width,).
    """

    live: LiveVersion  # the version that answered
    guesses: Guesses
    unsure: bool
    personal: AdjustedAnswer | None = None
    embedding: np.ndarray | None = field(default=None, repr=False, compare=False)


def recognise(*, recognizer: str, content: Content, person: User | None = None, as_of: int | None = None) -> Answer:
    """Ask the live version, or the version with the number `as_of`, and adjust the answer by `person`'s memory.

    A memory is used with the live version only, because its drawings are embedded by that one. Raises
    serving.UnknownRecognizerError and serving.NoModelError, and with `as_of` what `pinned.pinned_version` raises.
    """
    live = serving.live_version(recognizer) if as_of is None else pinned.pinned_version(recognizer, as_of)
    answers = live.predictor.predict(content.raster(live.raster)[None])
    probabilities, embedding = answers.probabilities[0], answers.embeddings[0]  # (labels,), (width,)
    personal = None
    if person and (as_of is None or live is serving.live_version(recognizer)):
        found = memory.recall(person=person, live=live, probabilities=probabilities, embedding=embedding)
        personal = AdjustedAnswer(*_ranked(live, found.probabilities), found.because) if found else None
    return Answer(live, *_ranked(live, probabilities), personal, embedding)


def recognise_batch(*, live: LiveVersion, contents: Sequence[Content]) -> list[Answer | Exception]:
    """Ask one version about many drawings at once; the answers in the same order, without any memory.

    A drawing that fails gets its exception instead of an answer: then each is asked about by itself.
    """
    if not contents:
        return []
    try:
        answers = live.predictor.predict(np.stack([content.raster(live.raster) for content in contents]))
        return [
            Answer(live, *_ranked(live, probabilities), None, embedding)
            for probabilities, embedding in zip(answers.probabilities, answers.embeddings, strict=True)
        ]
    except Exception as error:
        if len(contents) == 1:
            return [error]
        return [recognise_batch(live=live, contents=[content])[0] for content in contents]


def _ranked(live: LiveVersion, probabilities: np.ndarray) -> tuple[Guesses, bool]:
    """The guesses, and whether the first one is not sure."""
    return Guesses(live.labels, probabilities), bool(is_unsure(probabilities, live.unsure_below))
