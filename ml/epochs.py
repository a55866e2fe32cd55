"""The drawings of one epoch: made afresh each time, every drawing in another hand, and new junk."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ml.augment import draw_varied, vary_pictures
from ml.ink import SIZE
from ml.junk import make_junk
from ml.prototypes import write
from ml.recipes import Examples, Material, Recipe
from ml.styles import restyle

Rng = np.random.Generator

PLAIN = 8  # one picture in so many is learned as it is


def make_epoch(material: Material, recipe: Recipe, rng: Rng, *, strength: float = 1.0, hard: bool = False) -> Examples:
    """One epoch of new variations, shuffled; x uint8 (n, 28, 28)."""
    pictures = _choose(len(material.pictures.y), recipe.pictures, rng)
    tracks = _choose(len(material.tracks.y), recipe.tracks, rng)
    plain = len(pictures) // PLAIN
    drawn = [
        material.pictures.x[pictures[:plain]],
        vary_pictures(material.pictures.x[pictures[plain:]], rng, strength=strength),
        _stack(_track(material, number, rng, strength) for number in tracks),
    ]
    junk = _stack(_junk(material, recipe.junk, rng, hard))
    prototypes = rng.integers(len(recipe.labels), size=recipe.prototypes)
    written = _stack(draw_varied(write(int(label), rng), rng, strength=strength) for label in prototypes)
    x = np.concatenate([*drawn, written, junk])
    other = np.full(recipe.junk, len(recipe.labels))
    y = np.concatenate([material.pictures.y[pictures], material.tracks.y[tracks], prototypes, other])
    order = rng.permutation(len(y))
    return Examples(x[order], y[order])


def _choose(available: int, wanted: int, rng: Rng) -> np.ndarray:
    """`wanted` indices, each as often as any other, up to one."""
    if not wanted:
        return np.zeros(0, np.int64)
    rounds = -(-wanted // available)
    return np.concatenate([rng.permutation(available) for _ in range(rounds)])[:wanted]


def _stack(rasters: Iterator[np.ndarray]) -> np.ndarray:
    made = list(rasters)
    return np.stack(made) if made else np.zeros((0, SIZE, SIZE), np.uint8)


def _track(material: Material, number: int, rng: Rng, strength: float) -> np.ndarray:
    ink = restyle(material.tracks.inks[number], int(material.tracks.y[number]), rng)
    return draw_varied(ink, rng, strength=strength)


def _junk(material: Material, count: int, rng: Rng, hard: bool) -> Iterator[np.ndarray]:
    digits = list(zip(material.tracks.inks, material.tracks.y.tolist(), strict=True))
    for kind in rng.random(count):
        if kind < 0.02:
            yield _almost_blank(rng)
        elif kind < 0.3 and len(material.junk_pictures):
            yield vary_pictures(material.junk_pictures[rng.integers(len(material.junk_pictures), size=1)], rng)[0]
        elif kind < 0.5 and material.junk_inks:
            yield draw_varied(material.junk_inks[rng.integers(len(material.junk_inks))], rng)
        else:
            yield draw_varied(make_junk(rng, digits, hard=hard), rng)


def _almost_blank(rng: Rng) -> np.ndarray:
    """Nothing, or specks and grain of a bad picture."""
    grain = rng.normal(0, rng.choice((0, 20, 90)), (SIZE, SIZE))
    return np.clip(grain - rng.uniform(0, 60), 0, 255).astype(np.uint8)
