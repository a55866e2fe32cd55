"""A few sample digits for notebooks and trials: from a data set, or synthetic without one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ml.augmentation.augment import distort_ink
from ml.augmentation.synthetic_digits import write_digit
from ml.data.loaders import Tracks, is_available, load_pen_tracks, select_rows

SYNTHETIC_WRITERS = 6


class SampleDigits(NamedTuple):
    """Digits as ink, and a sentence that says where they come from."""

    tracks: Tracks
    origin: str


def sample_digits(count: int, *, data: Path | None = None, seed: int = 0) -> SampleDigits:
    """`count` random digits of UCI's pen digits; synthetic ones if that data set is not available.

    `data` is the folder of data sets (see `ml.data.loaders.data_folder`). Downloads nothing.
    """
    rng = np.random.default_rng(seed)
    if is_available("pendigits", data):
        tracks = load_pen_tracks(data)
        chosen = rng.permutation(len(tracks.y))[:count]
        origin = f"{len(chosen):,} digits that 30 people wrote with a pen (UCI pen digits)."
        return SampleDigits(select_rows(tracks, chosen), origin)
    labels = rng.permutation(np.arange(count) % 10)
    inks = [distort_ink(write_digit(int(label), rng), rng) for label in labels]
    writers = np.array([f"nobody {number % SYNTHETIC_WRITERS}" for number in range(count)])
    origin = f"{count:,} synthetic digits (ml.augmentation.synthetic_digits): no data set is available."
    return SampleDigits(Tracks(inks, labels, writers), origin)
