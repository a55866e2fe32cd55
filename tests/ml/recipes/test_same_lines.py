"""The same drawing is found in another form, and another drawing is not."""

from __future__ import annotations

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import RasterSpec, rasterise
from ml.recipes.same_lines import has_twin, line_distances

SPEC = RasterSpec(size=32, box=30, pen=1.5, centre="box")
THICK = RasterSpec(size=32, box=30, pen=2.6, centre="box")


@pytest.fixture(scope="module")
def inks() -> list[list[np.ndarray]]:
    rng = np.random.default_rng(4)
    return [write_digit(digit, rng) for digit in (2, 3, 5, 8)]


def test_a_drawing_with_another_pen_is_the_same(inks: list[list[np.ndarray]]) -> None:
    thin, thick = (np.stack([rasterise(ink, spec) for ink in inks]) for spec in (SPEC, THICK))
    distances = line_distances(thick, thin)
    assert distances.shape == (4, 4)
    assert distances.diagonal().max() < 0.6
    assert distances[~np.eye(4, dtype=bool)].min() > 0.6
    assert has_twin(thick, thin, below=0.6).all()
    assert not has_twin(thick[:1], thin[1:], below=0.6).any()


def test_without_drawings_there_are_no_twins(inks: list[list[np.ndarray]]) -> None:
    drawn = np.stack([rasterise(ink, SPEC) for ink in inks])
    assert has_twin(drawn, drawn[:0], below=1).tolist() == [False] * 4
    assert has_twin(drawn[:0], drawn, below=1).tolist() == []
