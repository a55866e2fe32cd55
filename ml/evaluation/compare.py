"""Figures of champion and challenger on the same items. `ml.evaluation.gate` decides what they mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ml.evaluation.metrics import calibration_error
from ml.statistics import mcnemar_exact


class ModelAnswers(NamedTuple):
    """What one of the two models answers: probabilities float (n, labels), in the order of the labels."""

    base: np.ndarray
    field: np.ndarray
    junk: np.ndarray
    unsure_below: float
    tflite: int
    """Bytes of the model that serves."""
    keras: int
    """Bytes of the Keras model."""
    latency_ms: float


class ExamAnswers(NamedTuple):
    """The same questions to both. Truths are int (n,) places in `slugs`; tests may be empty."""

    slugs: Sequence[str]
    champion: ModelAnswers
    challenger: ModelAnswers
    base_truth: np.ndarray
    field_truth: np.ndarray
    by_author: bool
    """Whether the field test was drawn by people whose drawings taught nothing."""
    authors: int
    """How many people drew the field test."""
    difference: float
    """The largest between the challenger's Keras model and its exported one, in probability."""
    compared: int
    """On so many drawings."""
    tflite: int
    """Bytes of the model that serves: the champion's, or the starter's where that is larger."""
    keras: int
    """Bytes of the Keras model, likewise."""


def exam_figures(exam: ExamAnswers) -> dict[str, Any]:
    """Everything that the rules look at, as plain JSON; None where there was nothing to measure."""
    old, new = exam.champion, exam.challenger
    return {
        "base": {"count": len(exam.base_truth), **_both(_accuracy, exam, "base")},
        "field": _field_figures(exam),
        "labels": _by_label(exam, "base"),
        "field_labels": _by_label(exam, "field"),
        "ece": _both(_ece, exam, "base"),
        "junk": {
            "count": len(old.junk),
            "before": _share(_doubts(old.junk, old.unsure_below)),
            "after": _share(_doubts(new.junk, new.unsure_below)),
        },
        "unsure": {
            "before": _share(_doubts(old.base, old.unsure_below)),
            "after": _share(_doubts(new.base, new.unsure_below)),
        },
        "size": {"tflite": new.tflite, "keras": new.keras},
        "latency_ms": {"before": old.latency_ms, "after": new.latency_ms},
        "agreement": {"count": exam.compared, "difference": exam.difference},
    }


def _both(
    figure: Callable[[np.ndarray, np.ndarray], float | None], exam: ExamAnswers, test: str
) -> dict[str, float | None]:
    truth = getattr(exam, f"{test}_truth")
    return {
        "before": figure(getattr(exam.champion, test), truth),
        "after": figure(getattr(exam.challenger, test), truth),
    }


def _share(hits: np.ndarray) -> float | None:
    return float(hits.mean()) if len(hits) else None


def _accuracy(answers: np.ndarray, truth: np.ndarray) -> float | None:
    return _share(answers.argmax(axis=1) == truth)


def _ece(answers: np.ndarray, truth: np.ndarray) -> float | None:
    return calibration_error(answers.max(axis=1), answers.argmax(axis=1) == truth) if len(truth) else None


def _log_loss(exam: ExamAnswers) -> dict[str, float | None]:
    """The mean log loss of both on the field test, and the standard error of the difference."""
    truth = exam.field_truth
    if not len(truth):
        return {"before": None, "after": None, "error": None}
    rows = np.arange(len(truth))
    before, after = (-np.log(np.maximum(side.field[rows, truth], 1e-6)) for side in (exam.champion, exam.challenger))
    error = (after - before).std() / math.sqrt(max(len(truth) - 1, 1))
    return {"before": float(before.mean()), "after": float(after.mean()), "error": float(error)}


def _doubts(answers: np.ndarray, below: float) -> np.ndarray:
    doubts: np.ndarray = answers.max(axis=1) < below
    return doubts


def _field_figures(exam: ExamAnswers) -> dict[str, Any]:
    truth = exam.field_truth
    before = exam.champion.field.argmax(axis=1) == truth
    after = exam.challenger.field.argmax(axis=1) == truth
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
        "log_loss": _log_loss(exam),
    }


def _by_label(exam: ExamAnswers, test: str) -> list[dict[str, Any]]:
    truth = getattr(exam, f"{test}_truth")
    rows = []
    for place, slug in enumerate(exam.slugs):
        chosen = truth == place
        before, after = (
            _accuracy(getattr(side, test)[chosen], truth[chosen]) for side in (exam.champion, exam.challenger)
        )
        rows.append({"slug": slug, "before": before, "after": after, "count": int(chosen.sum())})
    return rows
