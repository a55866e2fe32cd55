"""What a network sees of one drawing while it is trained: a new variation in each epoch."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ml.data.loaders import Pictures, Tracks
from ml.preprocessing.ink import Ink, RasterSpec, rasterise
from ml.recipes import RECIPES
from ml.recipes.base import Material
from ml.training.epochs import make_epoch


class Variations(NamedTuple):
    """The rasters of one drawing in `count` epochs, each uint8 (count, size, size)."""

    plain: np.ndarray
    """Without variations: the same each time."""
    ink: np.ndarray
    """Varied as strokes."""
    picture: np.ndarray
    """Varied as a picture, as drawings without strokes are."""


def vary_drawing(ink: Ink, label: int, recognizer: str, spec: RasterSpec, *, count: int, seed: int = 0) -> Variations:
    """The drawing as base training of the recognizer varies it, by the code that makes its epochs.

    `label` is the index of what the drawing shows. A recognizer without a recipe of its own is trained as `train
    --from` does.
    """
    recipe = RECIPES.get(recognizer) or replace(RECIPES["digits"], mirror=False, moved=0.0)
    recipe = replace(recipe, raster=spec, pictures=0, tracks=0, prototypes=0, junk=0)
    plain = rasterise(ink, spec)
    labels, group = np.full(count, label), np.full(count, "nobody")
    material = Material(
        pictures=Pictures(np.stack([plain] * count), labels, group),
        tracks=Tracks([ink] * count, labels, group),
        negative_inks=[],
        negative_rasters=np.zeros((0, spec.size, spec.size), np.uint8),
        validation={},
        latin=recognizer == "digits",
    )
    rng = np.random.default_rng(seed)
    return Variations(
        plain=material.pictures.x,
        ink=make_epoch(material, replace(recipe, tracks=count), rng).x,
        picture=make_epoch(material, replace(recipe, pictures=count), rng).x,
    )
