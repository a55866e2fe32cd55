"""How unlike a drawing is to others of its label: a wrong label and a scribble lie far from what is usual.

The embeddings of a label's drawings point into about the same direction. The angle between that direction and a
drawing's is measured in units of the label's own spread: the angle beyond which only one in two hundred drawings of the
base test lies. Measured in `ml.outliers_bench`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.embeddings.replay_pack import ReplayPack

SHARE = 0.995  # of a label's drawings are usual
ENOUGH = 30  # drawings of a label in the base test that say what its spread is; with fewer, all labels together do


class TypicalDrawings(NamedTuple):
    """What drawings of each label look like to one version."""

    directions: np.ndarray
    """float32 (labels, width): of unit length; 0 for a label of which the rehearsal pack holds nothing."""
    spreads: np.ndarray
    """float32 (labels,): the cosine distance beyond which a drawing is an outlier."""


def learn_typical(pack: ReplayPack, labels: int) -> TypicalDrawings:
    """From what a version was taught and is tested with; `labels` is how many it tells apart."""
    directions = np.stack([_direction(pack.study[pack.study_labels == label]) for label in range(labels)])
    known = pack.test_labels < labels
    test, truth = pack.test[known], pack.test_labels[known]
    distances = _distances(directions, test, truth)
    everywhere = np.quantile(distances, SHARE) if len(distances) else np.inf
    spreads = np.full(labels, everywhere, np.float32)
    for label in range(labels):
        own = distances[truth == label]
        if len(own) >= ENOUGH:
            spreads[label] = np.quantile(own, SHARE)
    spreads[~directions.any(axis=1)] = np.inf
    return TypicalDrawings(directions, np.maximum(spreads, np.float32(1e-6)))


def outlier_scores(usual: TypicalDrawings, embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How far each of n drawings is from what its label usually looks like, float32 (n,); above 1 it is an outlier.

    `embeddings` (n, width), `labels` (n,) as outputs of the network. A label that nobody knows has no outliers: 0.
    """
    return (_distances(usual.directions, embeddings, labels) / usual.spreads[labels]).astype(np.float32)


def _direction(embeddings: np.ndarray) -> np.ndarray:
    if not len(embeddings):
        return np.zeros(embeddings.shape[1], np.float32)
    return _unit(_unit(embeddings).mean(axis=0, keepdims=True))[0].astype(np.float32)


def _distances(directions: np.ndarray, embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return 1 - (_unit(embeddings) * directions[labels]).sum(axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
