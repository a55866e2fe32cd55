"""Digits in different handwritings: recorded pen tracks if available, otherwise synthetic digits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.augmentation.digit_styles import restyle_digit
from ml.augmentation.synthetic_digits import write_digit
from ml.data.loaders import SOURCES, first_by_hash, load_pen_tracks, split_by_group
from ml.preprocessing.ink import Ink

LabelledInk = tuple[str, list[Any]]  # the label, and the ink as the API takes it

# Narrow digits that lean far to the right, as people write them in a hurry. They are rare in data sets, so the shipped
# model is often wrong about them, and training on some of these users helps with the others.
LEAN = (1.1, 1.3)  # horizontal shift from bottom to top, as a share of the height
WIDTH = (0.5, 0.7)  # as a share of the width of an upright digit
VARIATION = 0.02  # from one digit of a user to the next


def digit_writers(count: int, *, seed: int = 2) -> list[Iterator[LabelledInk]]:
    """`count` writers. Each yields labelled digits without end, in random order."""
    recorded = _recorded(count, seed)
    return recorded or [_synthetic(np.random.default_rng([seed, number])) for number in range(count)]


def _recorded(count: int, seed: int) -> list[Iterator[LabelledInk]]:
    """Writers of Pendigits in INKLING_DATA, first those unknown to the shipped model; none without the data."""
    folder = os.environ.get("INKLING_DATA")
    if not folder or not all((Path(folder) / path).is_file() for path in SOURCES["pendigits"].files):
        return []
    tracks = load_pen_tracks(Path(folder))
    writers = first_by_hash(set(map(str, tracks.group)), count)
    return [_replay(split_by_group(tracks, [writer])[0], np.random.default_rng(seed)) for writer in writers]


def _replay(tracks: Any, rng: np.random.Generator) -> Iterator[LabelledInk]:
    while True:
        for index in rng.permutation(len(tracks.y)):
            yield str(tracks.y[index]), _as_json(tracks.inks[index])


def _synthetic(rng: np.random.Generator) -> Iterator[LabelledInk]:
    """Synthetic digits, each writer with an own slant and width that vary a little."""
    own = np.array([[rng.uniform(*WIDTH), -rng.uniform(*LEAN)], [0, 1]])
    while True:
        for label in map(int, rng.permutation(10)):
            ink = restyle_digit(write_digit(label, rng), label, rng)
            now = own + rng.normal(0, VARIATION, (2, 2))
            yield str(label), _as_json([now @ stroke[:2] for stroke in ink])


def _as_json(ink: Ink) -> list[Any]:
    return [np.round(stroke[:2], 1).tolist() for stroke in ink]
