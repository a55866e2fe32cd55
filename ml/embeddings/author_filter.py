"""Whose drawings to learn from where nobody reviewed them.

Somebody who labels at random, or against everybody else, contradicts a last layer that was taught by
the base and by all the others. Authors who do so in most of their drawings are left out, whole: their
few right labels are right by chance. Drawings that a reviewer accepted are never left out.
"""

from __future__ import annotations

import numpy as np

from ml.bundles.predictor import Head
from ml.embeddings import softmax
from ml.embeddings.replay_pack import ReplayPack

FOLDS = 4
STEPS = 40
EXEMPLARS = 3  # one exemplar of the pack in so many is enough here
FEWEST = 5  # drawings that an author is judged by
CONTRADICTING = 0.5  # of an author's drawings: more than that, and they are left out


def find_trusted(
    head: Head, pack: ReplayPack, embeddings: np.ndarray, labels: np.ndarray, authors: np.ndarray
) -> np.ndarray:
    """Which drawings to learn from, bool (n,).

    `embeddings` (n, width) and `labels` (n,) of the drawings; `authors` (n,), -1 where reviewed.
    """
    suspects = np.zeros(len(labels), bool)
    known = np.unique(authors[authors >= 0])
    if not len(known):
        return ~suspects
    contradicted = find_contradictions(head, pack, embeddings, labels, authors)
    for author in known:
        own = authors == author
        suspects |= own & (own.sum() >= FEWEST) & (contradicted[own].mean() > CONTRADICTING)
    return ~suspects


def find_contradictions(
    head: Head, pack: ReplayPack, embeddings: np.ndarray, labels: np.ndarray, authors: np.ndarray
) -> np.ndarray:
    """Where a last layer taught by the pack, by what was reviewed and by the other authors answers otherwise."""
    reviewed = authors < 0
    folds = np.where(reviewed, FOLDS, np.unique(authors, return_inverse=True)[1] % FOLDS)
    answers = labels.copy()
    for fold in np.unique(folds[~reviewed]):
        others, own = folds != fold, folds == fold
        layer = softmax.fit_head(
            head,
            np.concatenate([pack.study[::EXEMPLARS], embeddings[others]]),
            np.concatenate([pack.study_labels[::EXEMPLARS], labels[others]]),
            np.ones(len(pack.study[::EXEMPLARS]) + int(others.sum())),
            steps=STEPS,
        )
        answers[own] = softmax.predict_head(layer, embeddings[own]).argmax(axis=1)
    return answers != labels
