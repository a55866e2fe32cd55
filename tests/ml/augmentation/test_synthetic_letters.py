"""Synthetic letters from prototypes."""

from __future__ import annotations

import numpy as np
import pytest

from ml.augmentation.synthetic_letters import PROTOTYPES, write_letter
from ml.data.loaders import LETTERS
from ml.preprocessing.ink import rasterise


def test_there_are_all_letters_and_no_others() -> None:
    assert sorted(PROTOTYPES) == sorted(LETTERS)
    assert len(LETTERS) == 52


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_can_be_written_within_its_box(letter: str) -> None:
    for seed in range(20):
        ink = write_letter(letter, np.random.default_rng(seed))
        points = np.concatenate(ink, axis=1)
        assert points.min() > -30
        assert points.max() < 130
        assert rasterise(ink).max() == 255


@pytest.mark.parametrize("letter", "ij")
def test_an_i_and_a_j_have_their_dot_above_the_stem(letter: str) -> None:
    for seed in range(20):
        stem, dot = write_letter(letter, np.random.default_rng(seed))[0::1][:2]
        assert dot[1].max() < stem[1].min() + 5


def test_letters_are_written_in_several_styles() -> None:
    rng = np.random.default_rng(0)

    strokes = {len(write_letter("a", rng)) for _ in range(40)}

    assert strokes == {1, 2}  # with one line, and with a bow and a stem
