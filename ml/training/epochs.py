"""Make the examples of one training epoch: every drawing varied anew, plus new negative examples."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ml.augmentation.augment import augment_ink, augment_rasters
from ml.augmentation.details import change_details
from ml.augmentation.digit_styles import restyle_digit
from ml.augmentation.negatives import make_negative
from ml.preprocessing.ink import Ink, RasterSpec
from ml.preprocessing.trace import trace_pictures
from ml.recipes.base import Examples, Material, Recipe

Rng = np.random.Generator

MOVED_SHARE = 0.75  # of the drawings are moved, in recipes with `moved`
SCALE_RANGE = 0.03  # moved drawings are also scaled by up to 3 % in both directions
INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)  # from soft edges to hard ones
UNCHANGED_EVERY = 8  # one picture in 8 is used as it is, so that the network sees the real data too

# The kinds of negative examples, as limits of one random number from 0 to 1.
BLANK_BELOW = 0.02
# Below `Recipe.negative_pictures`, negative pictures. Negative strokes, if there are any, have this share of that part:
INKS_SHARE = 0.4


def make_epoch(material: Material, recipe: Recipe, rng: Rng, *, strength: float = 1.0, hard: bool = False) -> Examples:
    """Return one epoch of new variations, shuffled: x uint8 (n, size, size), y int64 (n,).

    `strength` scales all variations, 1 being the full one. `hard` adds negatives that look more like digits.
    """
    spec, strength = recipe.raster, strength * recipe.varied
    picture_rows = _choose_rows(len(material.pictures.y), recipe.pictures, rng)
    track_rows = _choose_rows(len(material.tracks.y), recipe.tracks, rng)
    unchanged = len(picture_rows) // UNCHANGED_EVERY
    drawn = [
        material.pictures.x[picture_rows[:unchanged]],
        _vary_pictures(material, recipe, picture_rows[unchanged:], rng, strength),
        _stack((_vary_track(material, recipe, row, rng, strength) for row in track_rows), spec),
    ]
    # The order of the random draws is part of the result: negatives come before the synthetic drawings.
    negatives = _stack(_make_negatives(material, recipe, rng, hard), spec)
    synthetic_labels = rng.integers(len(recipe.labels), size=recipe.prototypes)
    synthetic = _stack(
        (augment_ink(recipe.write(int(label), rng), rng, spec, strength=strength) for label in synthetic_labels), spec
    )
    x = np.concatenate([*drawn, synthetic, negatives])
    other = np.full(recipe.junk, len(recipe.labels))  # the class after the last label
    y = np.concatenate([material.pictures.y[picture_rows], material.tracks.y[track_rows], synthetic_labels, other])
    if recipe.mirror:
        mirrored = rng.random(len(x)) < 0.5
        x[mirrored] = x[mirrored][:, :, ::-1]
    if recipe.moved:
        _move(x, recipe.moved, rng)
    order = rng.permutation(len(y))
    return Examples(x[order], y[order])


def _move(x: np.ndarray, max_shift: float, rng: Rng) -> None:
    """Shift most rasters by up to `max_shift` pixels, scale them a little, change the hardness of edges; in place."""
    side = x.shape[1]
    for row in np.flatnonzero(rng.random(len(x)) < MOVED_SHARE):
        scale = 1 + rng.uniform(-SCALE_RANGE, SCALE_RANGE)
        offset = (side - 1) / 2 * (1 - scale) + rng.uniform(-max_shift, max_shift, 2)  # scaled about the centre
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
        interpolation = INTERPOLATIONS[int(rng.integers(len(INTERPOLATIONS)))]
        x[row] = cv2.warpAffine(x[row], matrix, (side, side), flags=interpolation)


def _choose_rows(available: int, wanted: int, rng: Rng) -> np.ndarray:
    """`wanted` row numbers in random order, each used equally often, give or take one."""
    if not wanted:
        return np.zeros(0, np.int64)
    rounds = -(-wanted // available)
    return np.concatenate([rng.permutation(available) for _ in range(rounds)])[:wanted]


def _stack(rasters: Iterator[np.ndarray], spec: RasterSpec) -> np.ndarray:
    return np.array(list(rasters), np.uint8).reshape(-1, spec.size, spec.size)  # also where there are none


def _vary_pictures(material: Material, recipe: Recipe, rows: np.ndarray, rng: Rng, strength: float) -> np.ndarray:
    """Variations of the pictures at `rows`, uint8 (n, size, size): some of them as ink, the others as pictures."""
    traced = int(len(rows) * recipe.traced)  # the rows are in random order
    drawn = (_vary_ink(material, recipe, ink, rng, strength) for ink in material.trace(rows[:traced]))
    varied = augment_rasters(material.pictures.x[rows[traced:]], rng, strength=strength, spec=recipe.raster)
    return np.concatenate([_stack(drawn, recipe.raster), varied])


def _vary_ink(material: Material, recipe: Recipe, ink: Ink, rng: Rng, strength: float) -> np.ndarray:
    if recipe.details and rng.random() < recipe.details:
        ink = change_details(ink, material.tracks.inks[rng.integers(len(material.tracks.inks))], rng)
    return augment_ink(ink, rng, recipe.raster, strength=strength)


def _vary_track(material: Material, recipe: Recipe, row: int, rng: Rng, strength: float) -> np.ndarray:
    ink = material.tracks.inks[row]
    if material.latin:  # a 1 with or without a flag, a 7 with or without a bar
        ink = restyle_digit(ink, int(material.tracks.y[row]), rng)
    return _vary_ink(material, recipe, ink, rng, strength)


def _make_negatives(material: Material, recipe: Recipe, rng: Rng, hard: bool) -> Iterator[np.ndarray]:
    spec, digits = recipe.raster, material.digits()
    pictures_below = recipe.negative_pictures * (1 - INKS_SHARE if material.negative_inks else 1)
    for kind in rng.random(recipe.junk):
        if kind < BLANK_BELOW:
            # An empty raster, or the specks and grain of a bad photo.
            grain = rng.normal(0, rng.choice((0, 20, 90)), (spec.size, spec.size))
            yield np.clip(grain - rng.uniform(0, 60), 0, 255).astype(np.uint8)
        elif kind < pictures_below and len(material.negative_rasters):
            chosen = material.negative_rasters[rng.integers(len(material.negative_rasters), size=1)]
            if recipe.traced and rng.random() < recipe.traced:
                yield _vary_ink(material, recipe, trace_pictures(chosen)[0], rng, 1.0)
            else:
                yield augment_rasters(chosen, rng, spec=spec)[0]
        elif kind < recipe.negative_pictures and material.negative_inks:
            yield augment_ink(material.negative_inks[rng.integers(len(material.negative_inks))], rng, spec)
        else:
            yield augment_ink(make_negative(rng, digits, hard=hard, skipped=material.skipped_negatives), rng, spec)
