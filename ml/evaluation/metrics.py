"""Measure answers: labelled drawings in, a report out. Pure: no model, no clock, no chance.

Calibration is the expected calibration error (Guo et al. 2017): answers are sorted into 15 bins of
equal width by the probability of their first guess; ECE is the mean difference between that
probability and the share of right answers in a bin, weighted by the answers in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ml.data.labelled_files import NEGATIVE_LABEL

BINS = 15


@dataclass(frozen=True)
class LabelFigures:
    """How the drawings of one label are answered. Shares are from 0 to 1."""

    slug: str
    count: int
    accuracy: float
    unsure: float


@dataclass(frozen=True)
class EvaluationReport:
    """What was measured. Shares are from 0 to 1 and leave junk out; `nan` where there was nothing to measure."""

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
    """The same figures by writer, the worst first; empty if they are not known."""
    junk_count: int
    junk_unsure: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; what was not measured is None."""
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

    `probabilities` float (n, labels), `labels_true` int (n,) places in `label_slugs` or JUNK,
    `groups` (n,) the writers. An answer is unsure when its highest probability is under
    `unsure_below`.
    """
    junk = labels_true == NEGATIVE_LABEL
    unsure = probabilities.max(axis=1) < unsure_below
    real, truth, doubt = probabilities[~junk], labels_true[~junk], unsure[~junk]
    guesses = real.argmax(axis=1)
    right = guesses == truth
    names = [] if groups is None else [group for group, other in zip(groups, junk, strict=True) if not other]
    by_label = [_figures(slug, truth == place, right, doubt) for place, slug in enumerate(label_slugs)]
    by_writer = [_figures(name, np.array(names) == name, right, doubt) for name in sorted(set(names) - {""})]
    confusion = np.zeros((len(label_slugs), len(label_slugs)), np.int64)
    np.add.at(confusion, (truth, guesses), 1)
    return EvaluationReport(
        count=len(truth),
        accuracy=_mean(right),
        top3=_mean((real > real[np.arange(len(truth)), truth, np.newaxis]).sum(axis=1) < 3),
        unsure=_mean(doubt),
        accuracy_when_sure=_mean(right[~doubt]),
        ece=calibration_error(real.max(axis=1), right) if len(truth) else float("nan"),
        labels=by_label,
        confusion=confusion.tolist(),
        writers=sorted(by_writer, key=lambda figures: figures.accuracy),
        junk_count=int(junk.sum()),
        junk_unsure=_mean(unsure[junk]),
    )


def calibration_error(confidences: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error of first guesses: confidences (n,) from 0 to 1, right bool (n,)."""
    places = np.minimum((confidences * bins).astype(np.int64), bins - 1)
    surplus = np.bincount(places, weights=confidences - right, minlength=bins)
    return float(np.abs(surplus).sum() / len(right))


def _figures(name: str, chosen: np.ndarray, right: np.ndarray, unsure: np.ndarray) -> LabelFigures:
    return LabelFigures(name, int(chosen.sum()), _mean(right[chosen]), _mean(unsure[chosen]))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
