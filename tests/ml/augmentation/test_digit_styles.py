"""Writing styles of sevens and ones."""

from __future__ import annotations

import numpy as np
import pytest

from ml.augmentation import digit_styles
from ml.augmentation.digit_styles import bar_seven, hook_one, restyle_digit, stand_one, unbar_seven
from ml.augmentation.synthetic_digits import write_digit


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def plain_one() -> list[np.ndarray]:
    return [np.array([[50.0] * 20, np.linspace(0, 100, 20)])]


def plain_seven() -> list[np.ndarray]:
    corners = np.array([[0.0, 80, 40], [0, 0, 100]])
    places = np.linspace(0, 2, 21)
    return [np.stack([np.interp(places, range(3), axis) for axis in corners])]


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
def test_styles_change_some_drawings_and_leave_others(digit: int, ink: list[np.ndarray]) -> None:
    changed = [restyle_digit(ink, digit, rng(seed)) is not ink for seed in range(60)]

    assert 5 < sum(changed) < 55


def test_a_barred_seven_may_lose_its_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digit_styles, "REMOVE_BAR", 1.0)

    assert len(restyle_digit(bar_seven(plain_seven(), rng()), 7, rng())) == 1
