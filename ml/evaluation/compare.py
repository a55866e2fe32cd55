"""Figures of champion and challenger on the same drawings. `ml.evaluation.gate` judges them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ml.bundles.predictor import is_unsure
from ml.evaluation.metrics import calibration_error
from ml.statistics import sign_flip_test

MIN_PROBABILITY = 1e-6  # in a log loss, so that one drawing cannot make it infinite
# In the test of the log loss: a single answer with a tiny probability would hide what all others gained (bench-gate).
MIN_TESTED_PROBABILITY = 0.05
MIN_LABEL = 20  # drawings; labels with fewer in a test are taken together, because one drawing would move them too much
MIN_UNITS = 6  # authors; with fewer, each drawing counts on its own (2^-6 is the smallest p-value of six)


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
    units: np.ndarray
    """int (n,): drawings of the field test with the same number are not independent, because one person drew them."""
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
        "base": {
            "count": len(truth),
            **_before_and_after(exam, lambda side: _accuracy(side.base, truth)),
            "mean": _before_and_after(exam, lambda side: mean_over_labels(side.base.argmax(axis=1) == truth, truth)),
        },
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


def mean_over_labels(right: np.ndarray, truth: np.ndarray) -> float | None:
    """The mean of the labels' accuracies; labels with fewer than 20 drawings count as one. None without drawings.

    `right` is bool (n,), `truth` int (n,).
    """
    if not len(truth):
        return None
    counts = np.bincount(truth)
    groups = np.where(counts[truth] < MIN_LABEL, len(counts), truth)  # int (n,)
    return float(np.mean([right[groups == group].mean() for group in np.unique(groups)]))


def _calibration_error(answers: np.ndarray, truth: np.ndarray) -> float | None:
    return calibration_error(answers.max(axis=1), answers.argmax(axis=1) == truth) if len(truth) else None


def _unsure(answers: np.ndarray, side: ModelAnswers) -> float | None:
    return _share(is_unsure(answers, side.unsure_below))


def _field_figures(exam: ExamAnswers) -> dict[str, Any]:
    return {
        **compare_answers(exam.champion.field, exam.challenger.field, exam.field_truth, exam.units),
        "authors": exam.authors,
        "by_author": exam.by_author,
        "unsure": _before_and_after(exam, lambda side: _unsure(side.field, side)),
    }


def compare_answers(before: np.ndarray, after: np.ndarray, truth: np.ndarray, units: np.ndarray) -> dict[str, Any]:
    """Return the figures of both models' answers, float (n, labels), to drawings of the labels `truth`, int (n,).

    `units` are those of ExamAnswers. `p` is the p-value of more drawings being right than before, and of a lower loss.
    """
    right_before, right = (answers.argmax(axis=1) == truth for answers in (before, after))  # bool (n,)
    # Only the drawings that exactly one model gets right say which is better (McNemar 1947).
    better = right.astype(np.int64) - right_before
    return {
        "count": len(truth),
        "before": _share(right_before),
        "after": _share(right),
        "wins": int((better > 0).sum()),
        "losses": int((better < 0).sum()),
        "p": sign_flip_test(_sum_by_unit(better, units)),
        "log_loss": _compare_losses(before, after, truth, units),
    }


def _compare_losses(before: np.ndarray, after: np.ndarray, truth: np.ndarray, units: np.ndarray) -> Figures:
    """The mean log loss of both models, and the p-value of a lower loss than before, in which no loss is above 3."""
    if not len(truth):
        return {"before": None, "after": None, "p": None}
    old, new = (_losses(answers, truth) for answers in (before, after))
    tested_old, tested_new = (np.minimum(losses, -np.log(MIN_TESTED_PROBABILITY)) for losses in (old, new))
    p = sign_flip_test(_sum_by_unit(tested_old - tested_new, units))
    return {"before": float(old.mean()), "after": float(new.mean()), "p": p}


def independent_units(authors: np.ndarray) -> np.ndarray:
    """What counts as one observation: the `authors`, int (n,), or with few of them each drawing. Returns int (n,)."""
    return authors if len(np.unique(authors)) >= MIN_UNITS else np.arange(len(authors))


def log_loss(answers: np.ndarray, truth: np.ndarray) -> float:
    """The mean log loss of `answers`, float (n, labels), where the labels `truth`, int (n,), are right."""
    return float(_losses(answers, truth).mean())


def _losses(answers: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """float (n,)."""
    losses: np.ndarray = -np.log(np.maximum(answers[np.arange(len(truth)), truth], MIN_PROBABILITY))
    return losses


def _sum_by_unit(values: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The sum of the `values`, (n,), of each unit: float (units,)."""
    return np.bincount(np.unique(units, return_inverse=True)[1], values) if len(values) else np.zeros(0)


def _label_figures(exam: ExamAnswers, test: str) -> list[dict[str, Any]]:
    truth, sides = getattr(exam, f"{test}_truth"), (exam.champion, exam.challenger)
    rows = []
    for label, slug in enumerate(exam.slugs):
        chosen = truth == label  # bool (n,)
        before, after = (getattr(side, test)[chosen].argmax(axis=1) == label for side in sides)  # bool (drawings,)
        counts = {
            "count": int(chosen.sum()),
            "wins": int((after & ~before).sum()),
            "losses": int((before & ~after).sum()),
        }
        rows.append({"slug": slug, "before": _share(before), "after": _share(after), **counts})
    return rows
