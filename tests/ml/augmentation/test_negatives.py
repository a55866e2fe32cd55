"""Negative examples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ml.augmentation.negatives import (
    dots,
    make_negative,
    mirrored_or_upside_down,
    on_its_side,
    overlaid,
    scribble,
    side_by_side,
    spiral,
    zigzag,
)
from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import rasterise


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def plain_one() -> list[np.ndarray]:
    return [np.array([[50.0] * 20, np.linspace(0, 100, 20)])]


def plain_seven() -> list[np.ndarray]:
    corners = np.array([[0.0, 80, 40], [0, 0, 100]])
    places = np.linspace(0, 2, 21)
    return [np.stack([np.interp(places, range(3), axis) for axis in corners])]


def digits() -> list[tuple[list[np.ndarray], int]]:
    return [(write_digit(digit, rng(digit)), digit) for digit in range(10)]


def test_every_negative_can_be_drawn() -> None:
    generator = rng()
    for _ in range(200):
        ink = make_negative(generator, digits())
        assert ink
        assert all(np.isfinite(stroke).all() and stroke.shape[0] == 2 for stroke in ink)
        assert rasterise(ink).shape == (28, 28)


def test_a_seed_repeats_a_negative() -> None:
    one, other = make_negative(rng(7), digits()), make_negative(rng(7), digits())

    np.testing.assert_array_equal(rasterise(one), rasterise(other))


def test_several_digits_side_by_side_are_wider_than_one() -> None:
    for seed in range(10):
        points = np.concatenate(side_by_side(rng(seed), digits()), axis=1)
        assert np.ptp(points[0]) > 0.6 * np.ptp(points[1])


def test_a_one_is_never_laid_over_another_digit() -> None:
    marked = [([np.array([[0.0, 1], [0, digit]])], digit) for digit in (1, 2, 3)]

    for seed in range(30):
        assert len(overlaid(rng(seed), marked)) == 2  # a 2 and a 3, one stroke each


def test_only_unreadable_digits_are_laid_on_their_side() -> None:
    upright = [([np.array([[0.0, 0.1], [0, 1]])], digit) for digit in range(10)]

    (stroke,) = on_its_side(rng(), upright)

    assert np.ptp(stroke[0]) > np.ptp(stroke[1])


def test_a_mirrored_seven_keeps_its_height_and_changes_sides() -> None:
    (stroke,) = mirrored_or_upside_down(rng(), [(plain_seven(), 7)])

    assert stroke[0, 0] > stroke[0, 10]  # the bar now runs to the left
    assert stroke[1, 0] < stroke[1, -1]


def test_a_four_is_turned_upside_down() -> None:
    upright = write_digit(4, rng())

    flipped = mirrored_or_upside_down(rng(), [(upright, 4)])

    assert likeness(rasterise([-stroke for stroke in upright]), rasterise(flipped)) > 0.99


def test_hard_negatives_include_mirrored_digits() -> None:
    generator = rng()
    plain_threes = [(write_digit(3, rng(1)), 3)]
    mirrored = rasterise([stroke * np.array([[-1.0], [1.0]]) for stroke in plain_threes[0][0]])

    def seen(hard: bool) -> float:
        return max(likeness(rasterise(make_negative(generator, plain_threes, hard=hard)), mirrored) for _ in range(150))

    assert seen(hard=True) > 0.99
    assert seen(hard=False) < 0.99


@pytest.mark.parametrize("make", [overlaid, on_its_side, mirrored_or_upside_down])
def test_without_suitable_digits_a_scribble_is_drawn(make: Callable[..., list[np.ndarray]]) -> None:
    ones = [(plain_one(), 1)]

    assert sum(stroke.shape[1] for stroke in make(rng(), ones)) >= 120


def test_a_dot_has_no_extent() -> None:
    assert all(np.ptp(stroke) >= 0 and stroke.shape == (2, 1) for seed in range(10) for stroke in dots(rng(seed)))


def test_scribbles_are_longer_than_any_digit() -> None:
    for seed in range(10):
        assert sum(stroke.shape[1] for stroke in scribble(rng(seed))) >= 120
        assert np.ptp(np.unwrap(np.arctan2(*np.diff(spiral(rng(seed))[0], axis=1)))) > 4 * np.pi
        assert zigzag(rng(seed))[0].shape[1] >= 8
