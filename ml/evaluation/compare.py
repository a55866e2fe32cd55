"""Figures of champion and challenger on the same drawings. `ml.evaluation.gate` judges them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ml.bundles.predictor import is_unsure
from ml.evaluation.metrics import calibration_error
from ml.statistics import mcnemar_exact

MIN_PROBABILITY = 1e-6  # in a log loss, so that one drawing cannot make it infinite


class ModelAnswers(NamedTuple):
    """The answers of one of the two models. Probabilities are float (n, labels), in the order of the labels."""

    base: np.ndarray
    field: np.ndarray
    junk: np.ndarray
    unsure_below: float
    tflite: int
    """Bytes of the `.tflite` file."""
    keras: int
    """Bytes of the `.keras` file."""
    latency_ms: float


class ExamAnswers(NamedTuple):
    """The answers of both models to the same tests. Truths are int (n,), indices into `slugs`; tests may be empty."""

    slugs: Sequence[str]
    champion: ModelAnswers
    challenger: ModelAnswers
    base_truth: np.ndarray
    field_truth: np.ndarray
    by_author: bool
    """Whether none of the authors of the field test drew anything that the challenger was trained on."""
    authors: int
    """The number of authors of the field test."""
    difference: float
    """The largest difference in probability between the challenger's Keras model and its exported one."""
    compared: int
    """The number of drawings on which those two were compared."""
    tflite: int
    """Bytes that the challenger's `.tflite` file is compared with: the champion's or the starter's, the larger."""
    keras: int
    """The same for the `.keras` file."""


def exam_figures(exam: ExamAnswers) -> dict[str, Any]:
    """Return everything that the rules of the gate use, as plain JSON; None where there was nothing to measure.

    Shares are from 0 to 1. `before` is the champion, `after` the challenger.
    """
    new, truth = exam.challenger, exam.base_truth
    return {
        "base": {"count": len(truth), **_before_and_after(exam, lambda side: _accuracy(side.base, truth))},
        "field": _field_figures(exam),
        "labels": _label_figures(exam, "base"),
        "field_labels": _label_figures(exam, "field"),
        "ece": _before_and_after(exam, lambda side: _calibration_error(side.base, truth)),
        "junk": {"count": len(exam.champion.junk), **_before_and_after(exam, lambda side: _unsure(side.junk, side))},
        "unsure": _before_and_after(exam, lambda side: _unsure(side.base, side)),
        "size": {"tflite": new.tflite, "keras": new.keras},
        "latency_ms": _before_and_after(exam, lambda side: side.latency_ms),
        "agreement": {"count": exam.compared, "difference": exam.difference},
    }


Figures = dict[str, float | None]


def _before_and_after(exam: ExamAnswers, figure: Callable[[ModelAnswers], float | None]) -> Figures:
    return {"before": figure(exam.champion), "after": figure(exam.challenger)}


def _share(hits: np.ndarray) -> float | None:
    return float(hits.mean()) if len(hits) else None


def _accuracy(answers: np.ndarray, truth: np.ndarray) -> float | None:
    return _share(answers.argmax(axis=1) == truth)


def _calibration_error(answers: np.ndarray, truth: np.ndarray) -> float | None:
    return calibration_error(answers.max(axis=1), answers.argmax(axis=1) == truth) if len(truth) else None


def _unsure(answers: np.ndarray, side: ModelAnswers) -> float | None:
    return _share(is_unsure(answers, side.unsure_below))


def _field_figures(exam: ExamAnswers) -> dict[str, Any]:
    truth = exam.field_truth
    before = exam.champion.field.argmax(axis=1) == truth  # bool (n,): which are right
    after = exam.challenger.field.argmax(axis=1) == truth
    # Only the drawings that exactly one model gets right say which is better (McNemar 1947).
    wins, losses = int((after & ~before).sum()), int((before & ~after).sum())
    return {
        "count": len(truth),
        "authors": exam.authors,
        "by_author": exam.by_author,
        "before": _share(before),
        "after": _share(after),
        "wins": wins,
        "losses": losses,
        "p": mcnemar_exact(wins, losses),
        "log_loss": _field_log_loss(exam),
    }


def _field_log_loss(exam: ExamAnswers) -> Figures:
    """The mean log loss of both models on the field test, and the standard error of the difference."""
    truth = exam.field_truth
    if not len(truth):
        return {"before": None, "after": None, "error": None}
    rows, sides = np.arange(len(truth)), (exam.champion, exam.challenger)
    before, after = (-np.log(np.maximum(side.field[rows, truth], MIN_PROBABILITY)) for side in sides)
    # Paired: the standard error of the mean of the n differences.
    error = (after - before).std() / math.sqrt(max(len(truth) - 1, 1))
    return {"before": float(before.mean()), "after": float(after.mean()), "error": float(error)}


def _label_figures(exam: ExamAnswers, test: str) -> list[dict[str, Any]]:
    truth, sides = getattr(exam, f"{test}_truth"), (exam.champion, exam.challenger)
    rows = []
    for label, slug in enumerate(exam.slugs):
        chosen = truth == label  # bool (n,)
        before, after = (_accuracy(getattr(side, test)[chosen], truth[chosen]) for side in sides)
        rows.append({"slug": slug, "before": before, "after": after, "count": int(chosen.sum())})
    return rows
