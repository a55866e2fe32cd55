"""Prototypes, habits and junk: the drawings of our own making."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ml.augmentation import digit_styles
from ml.augmentation.digit_styles import bar_seven, hook_one, restyle_digit, stand_one, unbar_seven
from ml.augmentation.negatives import (
    dots,
    lying,
    make_negative,
    overlaid,
    scribble,
    side_by_side,
    spiral,
    turned,
    zigzag,
)
from ml.augmentation.synthetic_digits import PROTOTYPES, write_digit
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


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_can_be_written(digit: int) -> None:
    ink = write_digit(digit, rng(digit))

    assert all(stroke.shape[0] == 2 and np.isfinite(stroke).all() for stroke in ink)
    assert rasterise(ink).max() == 255


@pytest.mark.parametrize("digit", range(10))
def test_prototypes_lie_in_their_box(digit: int) -> None:
    for line in PROTOTYPES[digit]:
        numbers = [
            float(number) for word in line.replace("!", "").replace("|", "").split() for number in word.split(",")
        ]
        assert min(numbers) >= 0
        assert max(numbers) <= 100


def test_nothing_is_written_twice_the_same() -> None:
    generator = rng()

    assert len({rasterise(write_digit(4, generator)).tobytes() for _ in range(20)}) == 20


def test_a_corner_stays_a_corner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROTOTYPES, 7, ("0,0! 100,0! 100,100",))

    (stroke,) = write_digit(7, rng())

    near = np.hypot(stroke[0] - 100, stroke[1]).min()
    assert near < 15  # the unsteady hand, but no rounding


def test_a_bar_crosses_the_stem_of_a_seven() -> None:
    seven = plain_seven()

    _, bar = bar_seven(seven, rng())

    level = bar[1].mean()
    stem = 80 - 40 * level / 100
    assert bar[0, 0] < stem < bar[0, 1]
    assert 40 < level < 64


def test_a_seven_loses_its_bar_and_nothing_else() -> None:
    barred = bar_seven(plain_seven(), rng())

    (left,) = unbar_seven(barred)

    np.testing.assert_array_equal(left, plain_seven()[0])


def test_a_narrow_seven_keeps_the_bar_that_tells_it_from_a_one() -> None:
    narrow = [np.array([[0.0, 20, 10], [0, 0, 100]]), np.array([[5.0, 25], [50, 50]])]

    assert unbar_seven(narrow) is narrow


def test_a_one_gets_its_hook_at_the_top_left() -> None:
    (hooked,) = hook_one(plain_one(), rng())

    assert hooked[0, 0] < 50
    assert 0 < hooked[1, 0] < 50
    np.testing.assert_array_equal(hooked[:, 1:], plain_one()[0])


def test_a_one_drawn_upwards_gets_its_hook_at_the_top_too() -> None:
    (hooked,) = hook_one([plain_one()[0][:, ::-1]], rng())

    assert hooked[1, 1] == 0


def test_a_one_stands_on_a_line_at_its_foot() -> None:
    _, base = stand_one(plain_one(), rng())

    assert base[0, 0] < 50 < base[0, 1]
    np.testing.assert_allclose(base[1], 100, atol=10)


@pytest.mark.parametrize("digit", [0, 2, 3, 4, 5, 6, 8, 9])
def test_other_digits_are_never_restyled(digit: int) -> None:
    ink = write_digit(digit, rng())

    assert all(restyle_digit(ink, digit, rng(seed)) is ink for seed in range(30))


@pytest.mark.parametrize(("digit", "ink"), [(1, plain_one()), (7, plain_seven())])
def test_habits_come_and_go(digit: int, ink: list[np.ndarray]) -> None:
    changed = [restyle_digit(ink, digit, rng(seed)) is not ink for seed in range(60)]

    assert 5 < sum(changed) < 55


def test_a_barred_seven_may_lose_its_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digit_styles, "UNBARRED", 1.0)

    assert len(restyle_digit(bar_seven(plain_seven(), rng()), 7, rng())) == 1


def digits() -> list[tuple[list[np.ndarray], int]]:
    return [(write_digit(digit, rng(digit)), digit) for digit in range(10)]


def test_junk_can_always_be_drawn() -> None:
    generator = rng()
    for _ in range(200):
        ink = make_negative(generator, digits())
        assert ink
        assert all(np.isfinite(stroke).all() and stroke.shape[0] == 2 for stroke in ink)
        assert rasterise(ink).shape == (28, 28)


def test_junk_repeats_with_its_seed() -> None:
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

    (stroke,) = lying(rng(), upright)

    assert np.ptp(stroke[0]) > np.ptp(stroke[1])


def test_a_mirrored_seven_keeps_its_height_and_changes_sides() -> None:
    (stroke,) = turned(rng(), [(plain_seven(), 7)])

    assert stroke[0, 0] > stroke[0, 10]  # the bar now runs to the left
    assert stroke[1, 0] < stroke[1, -1]


def test_a_four_is_turned_upside_down() -> None:
    upright = write_digit(4, rng())

    flipped = turned(rng(), [(upright, 4)])

    assert likeness(rasterise([-stroke for stroke in upright]), rasterise(flipped)) > 0.99


def test_hard_junk_is_drawn_now_and_then_from_turned_digits() -> None:
    generator = rng()
    plain_threes = [(write_digit(3, rng(1)), 3)]
    mirrored = rasterise([stroke * np.array([[-1.0], [1.0]]) for stroke in plain_threes[0][0]])

    def seen(hard: bool) -> float:
        return max(likeness(rasterise(make_negative(generator, plain_threes, hard=hard)), mirrored) for _ in range(150))

    assert seen(hard=True) > 0.99
    assert seen(hard=False) < 0.99


@pytest.mark.parametrize("make", [overlaid, lying, turned])
def test_junk_is_scribbled_where_no_digit_suits(make: Callable[..., list[np.ndarray]]) -> None:
    ones = [(plain_one(), 1)]

    assert sum(stroke.shape[1] for stroke in make(rng(), ones)) >= 120


def test_a_dot_has_no_extent() -> None:
    assert all(np.ptp(stroke) >= 0 and stroke.shape == (2, 1) for seed in range(10) for stroke in dots(rng(seed)))


def test_scribbles_are_longer_than_any_digit() -> None:
    for seed in range(10):
        assert sum(stroke.shape[1] for stroke in scribble(rng(seed))) >= 120
        assert np.ptp(np.unwrap(np.arctan2(*np.diff(spiral(rng(seed))[0], axis=1)))) > 4 * np.pi
        assert zigzag(rng(seed))[0].shape[1] >= 8
