"""Synthetic digits from prototypes."""

from __future__ import annotations

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import PROTOTYPES, write_digit
from ml.preprocessing.ink import rasterise


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


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


def test_each_writing_of_a_digit_is_different() -> None:
    generator = rng()

    assert len({rasterise(write_digit(4, generator)).tobytes() for _ in range(20)}) == 20
