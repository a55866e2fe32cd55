"""What recognizers are trained and measured with, and how: the nouns of training, and how pictures become them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ml.augmentation.negatives import make_negative
from ml.data.loaders import Pictures, Tracks
from ml.preprocessing.image import normalise_dataset_image
from ml.preprocessing.ink import DEFAULT_SPEC, Ink, RasterSpec, rasterise

SMALL, RESIDUAL = "small", "residual"  # networks, see `ml.training.network`
DISTILLED, AVERAGED = "taught", "averaged"  # ways of learning, see `ml.training.fit`
VALIDATION_NEGATIVES = 1_000


@dataclass(frozen=True)
class Examples:
    """Rasters to learn from or to measure with: x uint8 (n, size, size), y int64 (n,) places in the labels.

    In `y`, the number of labels stands for "other": junk.
    """

    x: np.ndarray
    y: np.ndarray
    writers: list[str] | None = None


@dataclass(frozen=True)
class Material:
    """What a recognizer is trained on, calibrated on (`validation`) and measured with (`tests`).

    `negative_rasters` are uint8 (n, size, size). Nothing of `tests` is looked at before the model is done.
    """

    pictures: Pictures
    tracks: Tracks
    negative_inks: list[Ink]
    negative_rasters: np.ndarray
    validation: dict[str, Examples]
    tests: dict[str, Examples] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """How many drawings each source gave, for the model card."""
    distinct_counts: np.ndarray | None = None
    """How many different drawings of each label are in pictures and tracks, int (labels,); None if all of them are."""

    latin: bool = False
    """Whether the strokes are Latin digits, whose writing styles and negatives are known (`ml.augmentation`)."""

    skipped_negatives: tuple[str, ...] = ()
    """Kinds of negatives that are never made (`ml.augmentation.negatives.NEGATIVE_KINDS`): a label looks like them."""

    def digits(self) -> list[tuple[Ink, int]]:
        """What junk may be made of: the tracks with their labels, if they are Latin digits; else nothing."""
        return list(zip(self.tracks.inks, self.tracks.y.tolist(), strict=True)) if self.latin else []


@dataclass(frozen=True)
class Recipe:
    """How a recognizer is trained. The counts are drawings in one epoch.

    `title` is what people call it; `prompt` is how they are asked to draw, with "{glyph}" or "{name}" in it.
    """

    labels: list[dict[str, str]]
    load: Callable[[Path | None], Material]
    sources: Sequence[str]
    notes: Sequence[str]
    epochs: int
    pictures: int
    tracks: int
    prototypes: int
    junk: int
    batch: int = 128
    learning_rate: float = 2e-3
    title: str = ""
    prompt: str = "Draw {name}"
    raster: RasterSpec = DEFAULT_SPEC
    network: str = SMALL
    learning: str = DISTILLED
    further: int = 0
    """Epochs of a last cycle, at half the rate; a training that goes on from a bundle is this cycle alone."""
    moved: float = 0.0
    """Pixels by which a drawing may lie beside its place: a picture of few pixels tells its place only so well."""
    mirror: bool = False
    """Whether a drawing in a mirror shows the same thing: a cat does, a 3 does not."""
    limits: Sequence[str] = ()
    """What this recognizer in particular must not be used for, for the model card."""
    load_to_replay: Callable[[Path | None], Material] | None = None
    """The same material sooner, without the tests that only the model card needs; else `load`."""

    def replay(self, data: Path | None) -> Material:
        """The material for fine-tuning and for a rehearsal pack."""
        return (self.load_to_replay or self.load)(data)

    @property
    def drawings(self) -> int:
        """In one epoch."""
        return self.pictures + self.tracks + self.prototypes + self.junk


def rasterise_tracks(tracks: Tracks, spec: RasterSpec = DEFAULT_SPEC) -> Examples:
    """The tracks as they are served, with their writers."""
    rasters = np.stack([rasterise(ink, spec) for ink in tracks.inks])
    return Examples(rasters, tracks.y, [str(name) for name in tracks.group])


def made_up_negatives(digits: Sequence[tuple[Ink, int]], other: int, spec: RasterSpec = DEFAULT_SPEC) -> Examples:
    """The same junk each time, some of it made of Latin `digits` (ink, label); `other` is its place in the classes."""
    rng = np.random.default_rng(0)
    rasters = np.stack([rasterise(make_negative(rng, digits), spec) for _ in range(VALIDATION_NEGATIVES)])
    return Examples(rasters, np.full(VALIDATION_NEGATIVES, other))


def normalise_pictures(pictures: np.ndarray, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """Pictures, white on black, as uploads of them are: uint8 (n, size, size); all black where nothing is seen."""
    rasters = np.zeros((len(pictures), spec.size, spec.size), np.uint8)
    for place, picture in enumerate(pictures):
        rasters[place] = normalise_dataset_image(picture, spec)
    return rasters
