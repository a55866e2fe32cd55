"""Recipe, Material and Examples: what a recognizer is trained on and tested with, and its training settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml.augmentation.augment import fit_picture
from ml.augmentation.negatives import make_negative
from ml.augmentation.synthetic_digits import write_digit
from ml.data.loaders import DIGIT_LOOKALIKES, Lookalikes, Pictures, Tracks, load_foreign_characters
from ml.preprocessing.image import normalise_dataset_image
from ml.preprocessing.ink import DEFAULT_SPEC, Ink, RasterSpec, rasterise
from ml.preprocessing.trace import trace_pictures

SMALL, RESIDUAL, PYRAMID = "small", "residual", "pyramid"  # networks, see `ml.training.network`
DISTILLED, AVERAGED = "taught", "averaged"  # training schedules, see `ml.training.fit`
VALIDATION_NEGATIVES = 1_000


@dataclass(frozen=True)
class Examples:
    """n rasters with their labels, to train on or to test with."""

    x: np.ndarray
    """uint8 (n, size, size)."""
    y: np.ndarray
    """int64 (n,): indices in the labels. The number of labels stands for "other": a negative example."""
    writers: list[str] | None = None
    """Who drew them, if known."""


@dataclass(frozen=True)
class Material:
    """The drawings that a recognizer is trained on, calibrated on and tested with."""

    pictures: Pictures
    """Training drawings as rasters, uint8 (n, size, size)."""
    tracks: Tracks
    """Training drawings as ink."""
    negative_inks: list[Ink]
    """Negative examples that people drew."""
    negative_rasters: np.ndarray
    """More negative examples, uint8 (n, size, size)."""
    validation: dict[str, Examples]
    """Drawings to calibrate on. They are not trained on."""
    tests: dict[str, Examples] = field(default_factory=dict)
    """Drawings to test with. Nothing is measured on them before the model is finished."""
    base_test: dict[str, Examples] = field(default_factory=dict)
    """Real test drawings by their source, from which the base test is chosen (`ml.evaluation.base_test`)."""
    counts: dict[str, int] = field(default_factory=dict)
    """The number of drawings of each source, for the model card."""
    distinct_counts: np.ndarray | None = None
    """int (labels,): different drawings of each label in pictures and tracks. None: all of them are different."""
    latin: bool = False
    """Whether the tracks are Latin digits: then writing styles are varied and negatives are made from them."""
    skipped_negatives: tuple[str, ...] = ()
    """Kinds of negatives that are never made (see `ml.augmentation.negatives.NEGATIVE_KINDS`): a label looks like
    them."""

    _traced: dict[int, Ink] = field(default_factory=dict, repr=False, compare=False)

    def trace(self, rows: np.ndarray) -> list[Ink]:
        """The ink of the pictures at `rows`, int (n,), traced once."""
        missing = [row for row in dict.fromkeys(rows.tolist()) if row not in self._traced]
        self._traced.update(zip(missing, trace_pictures(self.pictures.x[missing]), strict=True))
        return [self._traced[row] for row in rows.tolist()]

    def digits(self) -> list[tuple[Ink, int]]:
        """The digits (ink, label) that negatives can be made from: the tracks if they are Latin digits, else none."""
        return list(zip(self.tracks.inks, self.tracks.y.tolist(), strict=True)) if self.latin else []


@dataclass(frozen=True)
class Recipe:
    """How a recognizer is trained. `pictures`, `tracks`, `prototypes` and `junk` count drawings in one epoch."""

    labels: list[dict[str, Any]]
    """Each as `ml.bundles.labels` describes it, in the order of the model's outputs."""
    load: Callable[[Path | None], Material]
    """Loads the material from the folder of data sets."""
    sources: Sequence[str]
    """Names in `ml.data.sources.SOURCES`, for the model card."""
    notes: Sequence[str]
    """Remarks on the results, for the model card."""
    epochs: int
    pictures: int
    tracks: int
    prototypes: int
    """Synthetic drawings, made by `write`."""
    junk: int
    """Negative examples."""
    batch: int = 128
    learning_rate: float = 2e-3
    title: str = ""
    """The name that people see."""
    prompt: str = "Draw {name}"
    """How people are asked to draw, with {glyph} or {name} for the label."""
    raster: RasterSpec = DEFAULT_SPEC
    network: str = SMALL
    learning: str = DISTILLED
    """The training schedule."""
    further: int = 0
    """Epochs of a last cycle at half the learning rate. `train --onwards` from a bundle runs this cycle alone."""
    moved: float = 0.0
    """Pixels by which a drawing is shifted at random at most: pictures of few pixels are not centred more exactly."""
    full_minutes: int = 0
    """About how many minutes of processor time fine-tuning of all layers takes with 1,000 drawings."""
    mirror: bool = False
    """Whether drawings are mirrored at random: a mirrored cat is a cat, a mirrored 3 is no 3."""
    traced: float = 0.0
    """Share of the pictures whose lines are traced in each epoch, and then varied and drawn as ink is."""
    variation: float = 1.0
    """How strongly drawings are slanted, turned and bent: less where labels differ by a direction."""
    details: float = 0.0
    """Share of the ink whose details change (see `ml.augmentation.details`): only where no label depends on one."""
    negative_pictures: float = 0.5
    """Share of the negative examples that are pictures, where there are any. The others are made up."""
    unsure: float = 0.01
    """Share of the real validation drawings that may be answered "not sure"."""
    start_share: float = 0.25
    """Share of the weights that `train --onwards` continues from in its result."""
    varied: float = 1.0
    """Strength of the variations of drawings. Where proportions tell labels apart, as circle and ellipse, it is low."""
    glyphs: Path | None = None
    """A file with the shapes of the labels (`ml.bundles.glyphs`), which the bundle gets. None: it has none."""
    limits: Sequence[str] = ()
    """Uses that this recognizer is not fit for, for the model card."""
    write: Callable[[int, np.random.Generator], Ink] = write_digit
    """Makes the ink of a synthetic drawing of a label, given by its index."""
    examples_from: Sequence[str] = ()
    """Names in `ml.data.sources.SOURCES` of the drawings that people are shown as examples (`ml.evaluation.examples`).
    Empty where the drawings are made up."""
    load_to_replay: Callable[[Path | None], Material] | None = None
    """Loads the same material faster, without tests that only the model card needs. None: `load` does it."""

    def replay(self, data: Path | None) -> Material:
        """The material for fine-tuning and for a replay pack."""
        return (self.load_to_replay or self.load)(data)

    @property
    def drawings(self) -> int:
        """The number of drawings in one epoch."""
        return self.pictures + self.tracks + self.prototypes + self.junk


def rasterise_tracks(tracks: Tracks, spec: RasterSpec = DEFAULT_SPEC) -> Examples:
    """The tracks as rasters of `spec`, with their writers."""
    rasters = np.stack([rasterise(ink, spec) for ink in tracks.inks])
    return Examples(rasters, tracks.y, [str(name) for name in tracks.group])


def made_up_negatives(
    digits: Sequence[tuple[Ink, int]], other: int, spec: RasterSpec = DEFAULT_SPEC, *, skipped: Sequence[str] = ()
) -> Examples:
    """1,000 negative examples, the same each time, some of them made from Latin `digits` (ink, label).

    `other` is their class: the number of labels. `skipped` names kinds that are left out.
    """
    rng = np.random.default_rng(0)
    rasters = np.stack(
        [rasterise(make_negative(rng, digits, skipped=skipped), spec) for _ in range(VALIDATION_NEGATIVES)]
    )
    return as_negatives(rasters, other)


def normalise_pictures(pictures: np.ndarray, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """The rasters of pictures, uint8 (n, h, w), white on black, as if people had uploaded them: uint8 (n, size, size).

    All black where a picture shows no ink.
    """
    rasters = [normalise_dataset_image(picture, spec) for picture in pictures]
    return np.array(rasters, np.uint8).reshape(-1, spec.size, spec.size)


def foreign_negatives(
    data: Path | None, other: int, spec: RasterSpec = DEFAULT_SPEC, lookalikes: Lookalikes = DIGIT_LOOKALIKES
) -> tuple[np.ndarray, Examples]:
    """Characters of other alphabets as negative examples: rasters uint8 (n, size, size) to train on, and a test.

    None of the `lookalikes` (numbers of characters by alphabet) is among them.
    """
    train, test = (load_foreign_characters(part, data, lookalikes).x for part in ("train", "test"))
    return (
        np.stack([fit_picture(picture, spec) for picture in train]),
        as_negatives(normalise_pictures(test, spec), other),
    )


def word_negatives(
    drawings: Pictures, other: int, spec: RasterSpec, *, skipped: Sequence[str], each: int, tested: int
) -> tuple[np.ndarray, Examples]:
    """Drawings of things as negative examples: rasters uint8 (n, size, size) to train on, and a test.

    `group` of the drawings is their word. Up to `each` of half of the words, chosen by a hash, are trained on, and up
    to `tested` of each of the others are the test. `skipped` are words whose drawings look like a label.
    """
    none = np.zeros((0, *drawings.x.shape[1:]), np.uint8)
    parts = {True: [none], False: [none]}  # by whether a word is trained on
    for word in sorted(set(drawings.group.tolist()) - set(skipped)):
        trained = is_one_in(2, word)
        parts[trained].append(drawings.x[drawings.group == word][: each if trained else tested])
    train, test = (normalise_pictures(np.concatenate(parts[trained]), spec) for trained in (True, False))
    return train, as_negatives(test, other)


def as_negatives(rasters: np.ndarray, other: int) -> Examples:
    """Rasters with the class of negative examples, the number of labels."""
    return Examples(rasters, np.full(len(rasters), other))


def is_one_in(count: int, key: str) -> bool:
    """Whether the hash of `key` selects it, as it does for one key in `count`. Repeatable, in any order of keys."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % count == 0
