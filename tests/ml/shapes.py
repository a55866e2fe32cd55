"""A recognizer without digits: three shapes without glyphs, with their own raster and prompts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ml.augmentation.augment import augment_ink
from ml.augmentation.negatives import scribble
from ml.bundles.build import export_bundle
from ml.bundles.bundle import Bundle, with_history
from ml.data.approved import ApprovedDrawings
from ml.data.loaders import Pictures, Tracks
from ml.embeddings import replay_pack
from ml.preprocessing.ink import Ink, RasterSpec, rasterise
from ml.recipes.base import Examples, Material, Recipe
from tests.ml.tiny import HISTORY, tiny_network

if TYPE_CHECKING:
    import keras

SPEC = RasterSpec(size=24, box=21.5, pen=1.6)
LABELS = [
    {"slug": "ring", "glyph": "", "name": "ring", "prompt": "a ring"},
    {"slug": "corner", "glyph": "", "name": "corner", "prompt": "a corner"},
    {"slug": "wave", "glyph": "", "name": "wave", "prompt": "a wave"},
]
WORDS = {"recognizer": "shapes", "title": "Shapes", "prompt": "Draw {name}"}
OTHER = len(LABELS)

Rng = np.random.Generator


def ink(label: int, rng: Rng) -> Ink:
    """A shape of this label, each time a little different; strokes float64 (2, n)."""
    along = np.linspace(0, 1, 24)
    drawn = [
        np.stack([np.cos(6.2 * along), np.sin(6.2 * along)]),
        np.stack([np.interp(along, [0, 0.5, 1], [-1, -1, 1]), np.interp(along, [0, 0.5, 1], [-1, 1, 1])]),
        np.stack([2 * along - 1, 0.5 * np.sin(9.4 * along)]),
    ][label]
    return [drawn * 100 * rng.uniform(0.8, 1.2, (2, 1)) + rng.normal(0, 3, drawn.shape)]


def hooked_ring(rng: Rng) -> Ink:
    """A ring in a style that the base was not trained on: a tall, open hook."""
    along = np.linspace(0, 1, 24)
    hook = np.stack([np.interp(along, [0, 0.3, 1], [30, -30, 30]), np.interp(along, [0, 0.3, 1], [-100, -100, 100])])
    return [hook + rng.normal(0, 4, hook.shape)]


def jagged_ring(rng: Rng) -> Ink:
    """A ring that looks almost like a negative example."""
    jagged = np.array([[60.0, 90, 75, 110, 95, 140], [60, 75, 100, 105, 130, 140]])
    return [jagged + rng.normal(0, 3, jagged.shape)]


def inks(count: int, seed: int) -> tuple[list[Ink], np.ndarray]:
    """The three shapes in turn, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % OTHER
    return [ink(int(label), rng) for label in labels], labels


def approved_drawings(count: int, seed: int, *, hooked: int = 0, jagged: int = 0) -> ApprovedDrawings:
    """The three shapes in turn, then `hooked` and `jagged` rings in the new styles."""
    drawn, labels = inks(count, seed)
    rng = np.random.default_rng(seed)
    drawn = [*drawn, *(hooked_ring(rng) for _ in range(hooked)), *(jagged_ring(rng) for _ in range(jagged))]
    labels = np.concatenate([labels, np.zeros(hooked + jagged, np.int64)])
    return ApprovedDrawings(np.stack([rasterise(each, SPEC) for each in drawn]), list(drawn), labels)


def examples(count: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    drawn, labels = inks(count, seed)
    return Examples(np.stack([augment_ink(each, rng, SPEC, strength=0.5) for each in drawn]), labels)


def junk(count: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    return Examples(np.stack([rasterise(scribble(rng), SPEC) for _ in range(count)]), np.full(count, OTHER))


@cache
def material() -> Material:
    pictures, (tracks, labels) = examples(90, 1), inks(60, 2)
    rng = np.random.default_rng(3)
    return Material(
        pictures=Pictures(pictures.x, pictures.y, np.array([""] * 90)),
        tracks=Tracks(tracks, labels, np.array(["somebody"] * 60)),
        negative_inks=[scribble(rng) for _ in range(300)],
        negative_rasters=junk(10, 4).x,
        validation={"shapes": examples(60, 5), "scribbles": junk(40, 6)},
        tests={"scribbles, kept out": junk(40, 7), "shapes": examples(300, 8)},
    )


def recipe(known: Material) -> Recipe:
    return Recipe(
        labels=LABELS,
        load=lambda data: known,
        title=WORDS["title"],
        prompt=WORDS["prompt"],
        raster=SPEC,
        sources=("our own",),
        notes=(),
        epochs=1,
        pictures=200,
        tracks=150,
        prototypes=0,
        junk=120,
        batch=16,
    )


@cache
def untrained() -> Bundle:
    """A network that was not trained."""
    return _export(tiny_network(OTHER + 1, SPEC.size))


def small_material(known: Material) -> Material:
    """Seven drawings of each label and no negatives, as from a folder of one's own drawings."""
    few = examples(21, 1)
    return replace(
        known,
        pictures=Pictures(few.x, few.y, np.array([""] * 21)),
        tracks=Tracks([], np.zeros(0, np.int64), np.zeros(0, str)),
        negative_inks=[],
        negative_rasters=known.negative_rasters[:0],
    )


@cache
def base() -> Bundle:
    """A small network, trained a little, exported in 8 bits like the shipped ones, with its replay pack."""
    study, other = examples(450, 10), junk(240, 11)
    model = tiny_network(OTHER + 1, SPEC.size)
    model.compile("adam", {"probabilities": "sparse_categorical_crossentropy", "embedding": None})
    x = np.concatenate([study.x, other.x])[..., None].astype(np.float32) / 255
    model.fit(x, {"probabilities": np.concatenate([study.y, other.y])}, epochs=6, batch_size=32, verbose=0)
    return replay_pack.add_replay_pack(_export(model), material())


def _export(model: keras.Model) -> Bundle:
    bundle = export_bundle(
        model,
        **WORDS,
        labels=LABELS,
        raster=SPEC,
        unsure_below=0.5,
        probe=examples(12, 9).x,
        metrics={},
        training={"sources": ["our own"], "seed": 1},
        quantise=True,
    )
    return with_history(bundle, HISTORY)
