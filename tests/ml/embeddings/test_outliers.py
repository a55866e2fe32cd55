"""Outliers: drawings unlike others of their label."""

from __future__ import annotations

import numpy as np
import pytest

from ml.embeddings import outliers
from ml.embeddings.replay_pack import ReplayPack

WIDTH = 4


def _around(axis: int, count: int, spread: float, seed: int = 0) -> np.ndarray:
    """Embeddings that point about along an axis, never below 0."""
    rows = np.abs(np.random.default_rng(seed).normal(0, spread, (count, WIDTH))).astype(np.float32)
    rows[:, axis] += 1
    return rows


def _pack(test: int = 200) -> ReplayPack:
    """Label 0 along the first axis, close together; label 1 along the second, wide; label 2 (other) is junk."""
    study = np.concatenate([_around(0, 100, 0.05), _around(1, 100, 0.3), _around(2, 50, 0.1)])
    tested = np.concatenate([_around(0, test, 0.05, 1), _around(1, test, 0.3, 1)])
    labels = np.repeat([0, 1, 2], [100, 100, 50])
    return ReplayPack(study, labels, tested, np.repeat([0, 1], test), _around(2, 50, 0.1))


def _odd(typical: outliers.TypicalDrawings, rows: np.ndarray, label: int) -> np.ndarray:
    return outliers.outlier_scores(typical, rows, np.full(len(rows), label)) > 1


def test_one_in_two_hundred_typical_drawings_is_an_outlier() -> None:
    typical = outliers.learn_typical(_pack(), 2)
    assert _odd(typical, _pack().test[:200], 0).mean() == pytest.approx(1 - outliers.USUAL_SHARE, abs=0.005)
    assert _odd(typical, _around(0, 500, 0.05, 2), 0).mean() < 0.05


def test_drawings_of_another_label_and_negatives_are_outliers() -> None:
    typical = outliers.learn_typical(_pack(), 2)
    assert _odd(typical, _around(1, 50, 0.05, 3), 0).all()
    assert _odd(typical, _around(2, 50, 0.05, 3), 0).all()


def test_each_label_has_its_own_spread() -> None:
    typical = outliers.learn_typical(_pack(), 2)
    between = np.array([[1, 0.4, 0.4, 0]], np.float32)
    assert typical.spreads[0] < typical.spreads[1]
    assert _odd(typical, between, 0).all()
    assert not _odd(typical, between[:, [1, 0, 2, 3]], 1).any()


def test_only_the_direction_of_an_embedding_counts_not_its_length() -> None:
    typical = outliers.learn_typical(_pack(), 2)
    rows, labels = _around(0, 20, 0.2, 4), np.zeros(20, np.int64)
    assert outliers.outlier_scores(typical, 9 * rows, labels) == pytest.approx(
        outliers.outlier_scores(typical, rows, labels), rel=1e-4
    )


def test_a_label_with_few_test_drawings_gets_the_spread_of_all_labels() -> None:
    typical = outliers.learn_typical(_pack(test=outliers.MIN_DRAWINGS - 1), 2)
    assert typical.spreads[0] == typical.spreads[1] < np.inf


def test_a_label_without_exemplars_has_no_outliers() -> None:
    typical = outliers.learn_typical(_pack(), 4)
    assert not _odd(typical, _around(1, 20, 0.1), 3).any()


def test_no_drawings_are_no_trouble() -> None:
    typical = outliers.learn_typical(_pack(), 2)
    assert outliers.outlier_scores(typical, np.zeros((0, WIDTH), np.float32), np.zeros(0, np.int64)).shape == (0,)
