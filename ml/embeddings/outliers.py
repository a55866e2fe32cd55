"""Measure how unlike a drawing is to others of its label. Wrong labels and scribbles are outliers.

The embeddings of a label's drawings point in similar directions. The cosine distance between a drawing's embedding and
the mean direction is divided by the label's own spread: the distance that one in two hundred drawings of the base test
exceeds. `tests/benchmarks/outliers.py` measures how well this finds wrong labels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.embeddings.replay_pack import ReplayPack

USUAL_SHARE = 0.995  # of a label's drawings lie within its spread
MIN_DRAWINGS = 30  # of a label in the base test to measure its own spread; with fewer, all labels together give it


class TypicalDrawings(NamedTuple):
    """What drawings of each label look like to one model version."""

    directions: np.ndarray
    """float32 (labels, width): unit vectors; 0 for a label of which the replay pack has no exemplars."""
    spreads: np.ndarray
    """float32 (labels,): the cosine distance beyond which a drawing is an outlier."""


def learn_typical(pack: ReplayPack, labels: int) -> TypicalDrawings:
    """Return what is typical, from the exemplars and the base test of a version that knows `labels` labels."""
    sums = [_unit(pack.study[pack.study_labels == label]).sum(axis=0) for label in range(labels)]
    directions = _unit(np.stack(sums)).astype(np.float32)  # (labels, width); 0 where there are no exemplars
    known = pack.test_labels < labels
    test, truth = pack.test[known], pack.test_labels[known]
    distances = _distances(directions, test, truth)  # (n,)
    overall = np.quantile(distances, USUAL_SHARE) if len(distances) else np.inf
    spreads = np.full(labels, overall, np.float32)
    for label in range(labels):
        own = distances[truth == label]
        if len(own) >= MIN_DRAWINGS:
            spreads[label] = np.quantile(own, USUAL_SHARE)
    spreads[~directions.any(axis=1)] = np.inf  # nothing is an outlier of a label without exemplars
    return TypicalDrawings(directions, np.maximum(spreads, np.float32(1e-6)))


def outlier_scores(typical: TypicalDrawings, embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the distance of each drawing from what is typical of its label, float32 (n,); above 1 it is an outlier.

    `embeddings` is float (n, width), `labels` int (n,) are outputs of the network. A label without exemplars gives 0.
    """
    return (_distances(typical.directions, embeddings, labels) / typical.spreads[labels]).astype(np.float32)


def _distances(directions: np.ndarray, embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The cosine distance of each row to the direction of its label, (n,)."""
    return 1 - (_unit(embeddings) * directions[labels]).sum(axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
