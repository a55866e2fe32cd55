"""A few digits to look at and to try things on: from the data at hand, or else made up."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ml.augmentation.augment import distort_ink
from ml.augmentation.synthetic_digits import write_digit
from ml.data.loaders import Tracks, is_available, load_pen_tracks, select_rows

PEOPLE = 6  # that the made-up digits are shared out to
DIGITS = 10


class SampleDigits(NamedTuple):
    """Digits in ink, and a sentence that says where they come from."""

    tracks: Tracks
    origin: str


def sample_digits(count: int, *, data: Path | None = None, seed: int = 0) -> SampleDigits:
    """`count` digits by lot of those that 30 people wrote on a tablet; made up where that data set is not at hand.

    `data` is the folder of data sets (else `INKLING_DATA`, else the cache); nothing is downloaded.
    """
    rng = np.random.default_rng(seed)
    if not is_available("pendigits", data):
        return SampleDigits(
            _made_up(count, rng), f"{count:,} digits of our own making (ml.prototypes): no data set is at hand."
        )
    tracks = load_pen_tracks(data)
    chosen = rng.permutation(len(tracks.y))[:count]
    return SampleDigits(
        select_rows(tracks, chosen), f"{len(chosen):,} digits that 30 people wrote with a pen (UCI pen digits)."
    )


def _made_up(count: int, rng: np.random.Generator) -> Tracks:
    labels = rng.permutation(np.arange(count) % DIGITS)
    inks = [distort_ink(write_digit(int(label), rng), rng) for label in labels]
    return Tracks(inks, labels, np.array([f"nobody {number % PEOPLE}" for number in range(count)]))
