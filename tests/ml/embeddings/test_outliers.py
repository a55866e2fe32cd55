"""What is unlike others of its label: from what a version was taught and is tested with."""

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


def _odd(usual: outliers.TypicalDrawings, rows: np.ndarray, label: int) -> np.ndarray:
    return outliers.outlier_scores(usual, rows, np.full(len(rows), label)) > 1


def test_what_is_usual_is_none_but_for_one_in_two_hundred() -> None:
    usual = outliers.learn_typical(_pack(), 2)
    assert _odd(usual, _pack().test[:200], 0).mean() == pytest.approx(1 - outliers.SHARE, abs=0.005)
    assert _odd(usual, _around(0, 500, 0.05, 2), 0).mean() < 0.05


def test_another_label_and_junk_are_outliers() -> None:
    usual = outliers.learn_typical(_pack(), 2)
    assert _odd(usual, _around(1, 50, 0.05, 3), 0).all()
    assert _odd(usual, _around(2, 50, 0.05, 3), 0).all()


def test_each_label_has_a_spread_of_its_own() -> None:
    usual = outliers.learn_typical(_pack(), 2)
    between = np.array([[1, 0.4, 0.4, 0]], np.float32)
    assert usual.spreads[0] < usual.spreads[1]
    assert _odd(usual, between, 0).all()
    assert not _odd(usual, between[:, [1, 0, 2, 3]], 1).any()


def test_size_does_not_matter_only_direction() -> None:
    usual = outliers.learn_typical(_pack(), 2)
    rows, labels = _around(0, 20, 0.2, 4), np.zeros(20, np.int64)
    assert outliers.outlier_scores(usual, 9 * rows, labels) == pytest.approx(
        outliers.outlier_scores(usual, rows, labels), rel=1e-4
    )


def test_labels_with_too_few_drawings_in_the_test_take_the_spread_of_all() -> None:
    usual = outliers.learn_typical(_pack(test=outliers.ENOUGH - 1), 2)
    assert usual.spreads[0] == usual.spreads[1] < np.inf


def test_a_label_that_the_pack_does_not_know_has_no_outliers() -> None:
    usual = outliers.learn_typical(_pack(), 4)
    assert not _odd(usual, _around(1, 20, 0.1), 3).any()


def test_no_drawings_are_no_trouble() -> None:
    usual = outliers.learn_typical(_pack(), 2)
    assert outliers.outlier_scores(usual, np.zeros((0, WIDTH), np.float32), np.zeros(0, np.int64)).shape == (0,)
