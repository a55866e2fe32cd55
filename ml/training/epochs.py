"""The drawings of one epoch: made afresh each time, every drawing in another hand, and new junk."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ml.augmentation.augment import augment_ink, augment_rasters
from ml.augmentation.digit_styles import restyle_digit
from ml.augmentation.negatives import make_negative
from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import RasterSpec
from ml.recipes.base import Examples, Material, Recipe

Rng = np.random.Generator

MOVED = 0.75  # of the drawings lie beside their place, where a recipe moves them
SIZES = 0.03  # larger or smaller
WAYS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)  # from soft edges to hard ones
PLAIN = 8  # one picture in so many is learned as it is


def make_epoch(material: Material, recipe: Recipe, rng: Rng, *, strength: float = 1.0, hard: bool = False) -> Examples:
    """One epoch of new variations, shuffled; x uint8 (n, size, size)."""
    spec = recipe.raster
    pictures = _choose(len(material.pictures.y), recipe.pictures, rng)
    tracks = _choose(len(material.tracks.y), recipe.tracks, rng)
    plain = len(pictures) // PLAIN
    drawn = [
        material.pictures.x[pictures[:plain]],
        augment_rasters(material.pictures.x[pictures[plain:]], rng, strength=strength, spec=spec),
        _stack((_track(material, recipe, number, rng, strength) for number in tracks), spec),
    ]
    junk = _stack(_junk(material, recipe, rng, hard), spec)
    prototypes = rng.integers(len(recipe.labels), size=recipe.prototypes)
    written = _stack(
        (augment_ink(write_digit(int(label), rng), rng, spec, strength=strength) for label in prototypes), spec
    )
    x = np.concatenate([*drawn, written, junk])
    other = np.full(recipe.junk, len(recipe.labels))
    y = np.concatenate([material.pictures.y[pictures], material.tracks.y[tracks], prototypes, other])
    if recipe.mirror:
        _mirror_half(x, rng)
    if recipe.moved:
        _move(x, recipe.moved, rng)
    order = rng.permutation(len(y))
    return Examples(x[order], y[order])


def _mirror_half(x: np.ndarray, rng: Rng) -> None:
    chosen = rng.random(len(x)) < 0.5
    x[chosen] = x[chosen][:, :, ::-1]


def _move(x: np.ndarray, by: float, rng: Rng) -> None:
    """Most drawings up to `by` pixels beside their place, a little larger or smaller, with softer or harder edges."""
    side = x.shape[1]
    for place in np.flatnonzero(rng.random(len(x)) < MOVED):
        size = 1 + rng.uniform(-SIZES, SIZES)
        to = (side - 1) / 2 * (1 - size) + rng.uniform(-by, by, 2)
        matrix = np.array([[size, 0, to[0]], [0, size, to[1]]])
        x[place] = cv2.warpAffine(x[place], matrix, (side, side), flags=WAYS[int(rng.integers(len(WAYS)))])


def _choose(available: int, wanted: int, rng: Rng) -> np.ndarray:
    """`wanted` indices, each as often as any other, up to one."""
    if not wanted:
        return np.zeros(0, np.int64)
    rounds = -(-wanted // available)
    return np.concatenate([rng.permutation(available) for _ in range(rounds)])[:wanted]


def _stack(rasters: Iterator[np.ndarray], spec: RasterSpec) -> np.ndarray:
    made = list(rasters)
    return np.stack(made) if made else np.zeros((0, spec.size, spec.size), np.uint8)


def _track(material: Material, recipe: Recipe, number: int, rng: Rng, strength: float) -> np.ndarray:
    ink = material.tracks.inks[number]
    if material.latin:
        ink = restyle_digit(ink, int(material.tracks.y[number]), rng)
    return augment_ink(ink, rng, recipe.raster, strength=strength)


def _junk(material: Material, recipe: Recipe, rng: Rng, hard: bool) -> Iterator[np.ndarray]:
    spec, digits = recipe.raster, material.digits()
    for kind in rng.random(recipe.junk):
        if kind < 0.02:
            yield _almost_blank(rng, spec.size)
        elif kind < (0.3 if material.negative_inks else 0.5) and len(material.negative_rasters):
            chosen = rng.integers(len(material.negative_rasters), size=1)
            yield augment_rasters(material.negative_rasters[chosen], rng, spec=spec)[0]
        elif kind < 0.5 and material.negative_inks:
            yield augment_ink(material.negative_inks[rng.integers(len(material.negative_inks))], rng, spec)
        else:
            yield augment_ink(make_negative(rng, digits, hard=hard, skipped=material.skipped_negatives), rng, spec)


def _almost_blank(rng: Rng, size: int) -> np.ndarray:
    """Nothing, or specks and grain of a bad picture."""
    grain = rng.normal(0, rng.choice((0, 20, 90)), (size, size))
    return np.clip(grain - rng.uniform(0, 60), 0, 255).astype(np.uint8)
