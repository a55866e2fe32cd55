"""Details of ink: what small strokes, corners and additions become, and what stays."""

from __future__ import annotations

import numpy as np
import pytest

from ml.augmentation.details import add_strokes, change_details, leave_out_strokes, simplify, smooth
from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import Ink


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def square() -> np.ndarray:
    return np.array([[0.0, 10, 10, 0, 0], [0, 0, 10, 10, 0]])


def dash(size: float = 0.2) -> np.ndarray:
    return np.array([[5.0, 5 + size], [5, 5]])


def length(stroke: np.ndarray) -> float:
    return float(np.hypot(*np.diff(stroke)).sum())


def test_most_small_strokes_are_left_out_and_large_ones_never() -> None:
    ink = [square(), *[dash() for _ in range(10)]]
    counts = [len(leave_out_strokes(ink, rng(seed))) for seed in range(50)]
    assert all(leave_out_strokes(ink, rng(seed))[0] is ink[0] for seed in range(50))
    assert 2 < np.mean(counts) < 6


def test_a_drawing_of_small_strokes_alone_stays() -> None:
    ink = [dash(0.2) + shift for shift in np.linspace(0, 10, 12)]
    assert all(leave_out_strokes(ink, rng(seed)) for seed in range(50))


def test_simplified_ink_has_fewer_points_and_the_same_ends() -> None:
    angle = np.linspace(0, 5, 100)
    (stroke,) = simplify([np.stack([np.cos(angle), np.sin(angle)])], rng())
    assert 3 < stroke.shape[1] < 20
    np.testing.assert_allclose(stroke[:, [0, -1]], [np.cos([0, 5]), np.sin([0, 5])], atol=1e-6)
    assert np.abs(np.hypot(*stroke) - 1).max() < 1e-6, "its points are some of the points of the arc"


@pytest.mark.parametrize("seed", range(5))
def test_smoothed_ink_has_rounded_corners_and_the_same_ends(seed: int) -> None:
    (stroke,) = smooth([square()], rng(seed))
    np.testing.assert_allclose(stroke[:, [0, -1]], 0, atol=1e-9)
    assert 30 < length(stroke) < 40
    assert np.hypot(*(stroke - np.array([[10.0], [10.0]]))).min() > 0.1, "the far corner is not reached"


def test_a_stroke_too_short_to_be_smoothed_stays() -> None:
    ink = [square(), dash()]
    assert smooth(ink, rng())[1] is ink[1]


def test_added_strokes_are_small_and_inside() -> None:
    other = [square() * 100, dash(500.0)]
    for seed in range(30):
        first, *added = add_strokes([square()], other, rng(seed))
        np.testing.assert_array_equal(first, square())
        assert 1 <= len(added) <= 2
        points = np.concatenate(added, axis=1)
        assert 0.99 <= np.ptp(points, axis=1).max() <= 3.01
        assert -0.5 <= points.min() <= points.max() <= 10.5


def test_changes_repeat_with_their_seed_and_leave_the_given_ink_as_it_is() -> None:
    ink, other = write_digit(3, rng(1)), write_digit(7, rng(2))
    before = [stroke.copy() for stroke in ink]
    for seed in range(20):
        one, again = (change_details(ink, other, rng(seed)) for _ in range(2))
        for stroke, same in zip(one, again, strict=True):
            np.testing.assert_array_equal(stroke, same)
    for stroke, copy in zip(ink, before, strict=True):
        np.testing.assert_array_equal(stroke, copy)


def test_many_drawings_change_in_each_way() -> None:
    ink: Ink = [square(), dash()]
    changed = [change_details(ink, [square()], rng(seed)) for seed in range(200)]
    strokes = [len(each) for each in changed]
    assert min(strokes) == 1
    assert max(strokes) == 3
    points = {each[0].shape[1] for each in changed}
    assert 5 in points
    assert min(points) < 5, "simplified"
    assert max(points) > 50, "smoothed"


def test_a_tap_survives_every_change() -> None:
    tap = [np.array([[5.0], [5.0]])]
    for seed in range(50):
        points = np.concatenate(change_details(tap, tap, rng(seed)), axis=1)
        assert np.isfinite(points).all()
        assert points.shape[1] >= 1
