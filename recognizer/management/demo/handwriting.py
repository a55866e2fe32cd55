"""Synthetic digits: upright ones, and narrow ones that lean so far that the shipped model misreads most of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ml.augmentation.digit_styles import restyle_digit
from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import Ink

LabelledInk = tuple[str, list[Any]]  # the label, and the ink as the API takes it

# Narrow digits that lean far to the right, as in hurried writing on a slanted tablet. They are rare in data sets, and
# training on some of these writers helps with the others.
LEAN = (1.6, 1.8)  # horizontal shift from bottom to top, as a share of the height
WIDTH = (0.5, 0.7)  # as a share of the width of an upright digit
VARIATION = 0.02  # from one digit of a writer to the next


def upright_writer(*, seed: int = 2) -> Iterator[LabelledInk]:
    """Labelled digits without end, in random order, that the shipped model reads."""
    return _digits(np.random.default_rng(seed), np.eye(2))


def leaning_writers(count: int, *, seed: int = 2) -> list[Iterator[LabelledInk]]:
    """`count` writers. Each yields labelled digits without end, in random order, with an own slant and width."""
    writers = [np.random.default_rng([seed, number]) for number in range(count)]
    return [_digits(rng, np.array([[rng.uniform(*WIDTH), -rng.uniform(*LEAN)], [0, 1]])) for rng in writers]


def _digits(rng: np.random.Generator, style: np.ndarray) -> Iterator[LabelledInk]:
    """Digits whose points are multiplied by `style`, float (2, 2), which varies a little."""
    while True:
        for label in map(int, rng.permutation(10)):
            ink = restyle_digit(write_digit(label, rng), label, rng)
            now = style + rng.normal(0, VARIATION, (2, 2))
            yield str(label), _as_json([now @ stroke[:2] for stroke in ink])


def _as_json(ink: Ink) -> list[Any]:
    return [np.round(stroke[:2], 1).tolist() for stroke in ink]
