"""Characters drawn after prototypes: corners, curves, dots and strokes."""

from __future__ import annotations

import numpy as np
import pytest

from ml.augmentation.prototypes import draw_prototype


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_each_part_between_bars_becomes_a_stroke(rng: np.random.Generator) -> None:
    ink = draw_prototype("0,0 100,100 | 0,100 100,0 | 50,0", rng)

    assert [stroke.shape for stroke in ink] == [(2, 11), (2, 11), (2, 1)]


def test_a_stroke_of_one_point_is_a_dot_where_it_says(rng: np.random.Generator) -> None:
    (dot,) = draw_prototype("50,20", rng)

    assert dot.shape == (2, 1)
    assert np.hypot(dot[0, 0] - 50, dot[1, 0] - 20) < 15


def test_a_line_bends_where_it_has_no_corner() -> None:
    prototypes = ("0,0 100,0 100,100", "0,0! 100,0! 100,100")
    smooth, sharp = (draw_prototype(each, np.random.default_rng(2))[0] for each in prototypes)

    def most_turned(stroke: np.ndarray) -> float:
        """The largest turn between two neighbouring pieces of the line, in radians."""
        directions = np.arctan2(*np.diff(stroke)[::-1])
        return float(np.abs(np.diff(directions)).max())

    assert most_turned(sharp) > 1
    assert most_turned(smooth) < 0.6


def test_no_two_drawings_of_a_prototype_are_alike(rng: np.random.Generator) -> None:
    first, second = (draw_prototype("0,0 100,100", rng)[0] for _ in range(2))

    assert 0 < np.abs(first - second).max() < 20
