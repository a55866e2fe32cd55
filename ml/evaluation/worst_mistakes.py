"""The confident wrong answers of a model: what to look at first when a model is to become better."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.bundles.predictor import Predictor, is_unsure


class Mistake(NamedTuple):
    """A wrong answer to one test drawing."""

    row: int
    """Of the drawing in the test."""
    label: int
    """What was drawn, as the index of a label."""
    answer: int
    """What the model answered, as the index of a label."""
    probability: float


class WorstMistakes(NamedTuple):
    """The most confident mistakes of a test, and how many there are."""

    found: list[Mistake]
    """The most confident one first."""
    drawings: int
    """Test drawings that show a label."""
    wrong: int
    """First guesses that are wrong."""
    wrong_and_sure: int
    """Those among them that are not "not sure"."""
    answers: np.ndarray
    """First guesses to the test drawings that show a label: int (drawings,), indices of labels."""
    confidence: np.ndarray
    """Their probabilities, float (drawings,)."""
    unsure: int
    """How many of them are "not sure"."""


def find_worst_mistakes(
    predictor: Predictor, rasters: np.ndarray, labels: np.ndarray, *, unsure_below: float, count: int
) -> WorstMistakes:
    """Answer test drawings and return the `count` wrong answers with the highest probability.

    `rasters` is uint8 (n, size, size), `labels` int (n,): indices in the labels of the predictor; other numbers are
    negative examples and are left out. Raises ValueError if the two do not fit together.
    """
    labels = np.asarray(labels, np.int64)
    if labels.shape != (len(rasters),):
        raise ValueError(f"{len(rasters)} rasters need as many labels, not {labels.shape}.")
    rows = np.flatnonzero((labels >= 0) & (labels < predictor.labels))
    probabilities = predictor.predict(rasters[rows]).probabilities  # (rows, labels)
    answers = probabilities.argmax(axis=1)
    wrong = answers != labels[rows]
    confidence = probabilities.max(axis=1)
    unsure = is_unsure(probabilities, unsure_below) if len(rows) else np.zeros(0, bool)
    order = np.flatnonzero(wrong)[np.argsort(-confidence[wrong], kind="stable")][:count]
    return WorstMistakes(
        found=[Mistake(int(rows[at]), int(labels[rows[at]]), int(answers[at]), float(confidence[at])) for at in order],
        drawings=len(rows),
        wrong=int(wrong.sum()),
        wrong_and_sure=int((wrong & ~unsure).sum()),
        answers=answers,
        confidence=confidence,
        unsure=int(unsure.sum()),
    )
