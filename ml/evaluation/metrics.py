"""Measure answers: probabilities and true labels in, a report out. No model, no clock, no randomness.

Calibration is the expected calibration error, ECE (Naeini et al. 2015, Guo et al. 2017): answers are sorted into 15
bins of equal width by the probability of their first guess. ECE is the mean distance between that probability and
the share of right answers in a bin, weighted by the number of answers in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ml.bundles.predictor import is_unsure
from ml.data.labelled_files import NEGATIVE_LABEL

BINS = 15


@dataclass(frozen=True)
class LabelFigures:
    """Figures of the drawings of one label or one writer. Shares are from 0 to 1."""

    slug: str
    count: int
    accuracy: float
    unsure: float


@dataclass(frozen=True)
class EvaluationReport:
    """The figures of one test. Shares are from 0 to 1, without negatives; `nan` where there was nothing to measure."""

    count: int
    accuracy: float
    top3: float
    unsure: float
    accuracy_when_sure: float
    ece: float
    labels: list[LabelFigures]
    confusion: list[list[int]]
    """Rows: the true label; columns: the first guess; both in the order of the labels."""
    writers: list[LabelFigures]
    """By writer, the lowest accuracy first; empty if the writers are not known."""
    junk_count: int
    junk_unsure: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON; None where there was nothing to measure."""
        return asdict(self, dict_factory=_without_nan)


def _without_nan(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in entries}


def evaluate_answers(
    probabilities: np.ndarray,
    labels_true: np.ndarray,
    label_slugs: Sequence[str],
    unsure_below: float,
    groups: Sequence[str] | None = None,
) -> EvaluationReport:
    """Compare answers with the truth.

    `probabilities` is float (n, labels). `labels_true` is int (n,): indices into `label_slugs`, NEGATIVE_LABEL for a
    negative example. `groups` (n,) are the writers, "" where unknown. An answer is "not sure" if its highest
    probability is under `unsure_below`.
    """
    negative = labels_true == NEGATIVE_LABEL
    unsure = is_unsure(probabilities, unsure_below)
    # From here on without negatives: n is the number of real drawings.
    real, truth, doubt = probabilities[~negative], labels_true[~negative], unsure[~negative]
    guesses = real.argmax(axis=1)  # (n,)
    right = guesses == truth  # bool (n,)
    names = [] if groups is None else [group for group, other in zip(groups, negative, strict=True) if not other]
    by_label = [_figures(slug, truth == label, right, doubt) for label, slug in enumerate(label_slugs)]
    by_writer = [_figures(name, np.array(names) == name, right, doubt) for name in sorted(set(names) - {""})]
    confusion = np.zeros((len(label_slugs), len(label_slugs)), np.int64)
    np.add.at(confusion, (truth, guesses), 1)
    of_truth = real[np.arange(len(truth)), truth, np.newaxis]  # (n, 1), the probability of the true label
    return EvaluationReport(
        count=len(truth),
        accuracy=_mean(right),
        top3=_mean((real > of_truth).sum(axis=1) < 3),  # fewer than 3 labels are more probable
        unsure=_mean(doubt),
        accuracy_when_sure=_mean(right[~doubt]),
        ece=calibration_error(real.max(axis=1), right) if len(truth) else float("nan"),
        labels=by_label,
        confusion=confusion.tolist(),
        writers=sorted(by_writer, key=lambda figures: figures.accuracy),
        junk_count=int(negative.sum()),
        junk_unsure=_mean(unsure[negative]),
    )


def calibration_error(confidences: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Return the expected calibration error; confidences float (n,) from 0 to 1, right bool (n,), n above 0."""
    # The sum of (confidence - right) in a bin is its count times the distance of its two means.
    surplus = np.bincount(bin_numbers(confidences, bins), weights=confidences - right, minlength=bins)
    return float(np.abs(surplus).sum() / len(right))


def bin_numbers(confidences: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the bin of each confidence, int64 (n,); 1.0 belongs to the last bin."""
    return np.minimum((confidences * bins).astype(np.int64), bins - 1)


def _figures(name: str, chosen: np.ndarray, right: np.ndarray, unsure: np.ndarray) -> LabelFigures:
    return LabelFigures(name, int(chosen.sum()), _mean(right[chosen]), _mean(unsure[chosen]))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
