"""Choose whose drawings to train on where nobody reviewed them.

Somebody who labels at random, or against everybody else, contradicts a last layer trained on the base and on all
other authors. Authors who do so in most of their drawings are left out as a whole: their few right labels are right
by chance. Drawings that a reviewer accepted are never left out.
"""

from __future__ import annotations

import numpy as np

from ml.bundles.predictor import Head
from ml.embeddings import softmax
from ml.embeddings.replay_pack import ReplayPack

FOLDS = 4  # groups of authors, each judged by a layer trained on the other three
STEPS = 40
EXEMPLAR_EVERY = 3  # one exemplar of the pack in three is enough here, and three times as fast
MIN_DRAWINGS = 5  # an author with fewer is not judged
MAX_CONTRADICTING = 0.5  # share of an author's drawings; with more, the author is left out


def find_trusted(
    head: Head, pack: ReplayPack, embeddings: np.ndarray, labels: np.ndarray, authors: np.ndarray
) -> np.ndarray:
    """Return which drawings to train on, bool (n,).

    `embeddings` (n, width) and `labels` int (n,) belong to the drawings; `authors` int (n,) is -1 for those that were
    reviewed.
    """
    suspects = np.zeros(len(labels), bool)
    known = np.unique(authors[authors >= 0])
    if not len(known):
        return ~suspects
    contradicted = find_contradictions(head, pack, embeddings, labels, authors)
    for author in known:
        own = authors == author
        suspects |= own & (own.sum() >= MIN_DRAWINGS) & (contradicted[own].mean() > MAX_CONTRADICTING)
    return ~suspects


def find_contradictions(
    head: Head, pack: ReplayPack, embeddings: np.ndarray, labels: np.ndarray, authors: np.ndarray
) -> np.ndarray:
    """Return for which drawings a layer trained without their author gives another label, bool (n,).

    It is trained on the pack, on the reviewed drawings and on the other authors (cross-validation by author).
    Reviewed drawings are never contradicted. The arguments are those of `find_trusted`.
    """
    reviewed = authors < 0
    # All drawings of an author are in the same fold; the reviewed ones in a fold that is always trained on.
    folds = np.where(reviewed, FOLDS, np.unique(authors, return_inverse=True)[1] % FOLDS)
    exemplars, exemplar_labels = pack.study[::EXEMPLAR_EVERY], pack.study_labels[::EXEMPLAR_EVERY]
    answers = labels.copy()
    for fold in np.unique(folds[~reviewed]):
        others, own = folds != fold, folds == fold
        inputs = np.concatenate([exemplars, embeddings[others]])
        truth = np.concatenate([exemplar_labels, labels[others]])
        targets = np.eye(len(head.bias), dtype=np.float32)[truth]
        layer = softmax.fit_head(head, inputs, targets, np.ones(len(truth)), steps=STEPS)
        answers[own] = softmax.predict_head(layer, embeddings[own]).argmax(axis=1)
    return answers != labels
