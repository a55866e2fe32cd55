"""What a fine-tuning learns from: drawings that somebody approved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ml.augmentation.augment import augment_ink, augment_rasters
from ml.preprocessing.ink import Ink, RasterSpec

Rng = np.random.Generator

ProgressCallback = Callable[[dict[str, Any]], None]
"""Told how far a training is: {"step", "epoch", "epochs", "loss", "seconds_left"}. It may raise to stop it."""


class ApprovedDrawingsError(ValueError):
    """Drawings that nothing can be taught with; the text says what is wrong with them."""


class ApprovedDrawings(NamedTuple):
    """n approved drawings."""

    rasters: np.ndarray
    """uint8 (n, size, size), as they are served."""
    inks: list[Ink | None]
    """Their strokes; None for a picture."""
    labels: np.ndarray
    """int64 (n,): places in the bundle's labels."""
    weights: np.ndarray | None = None
    """float (n,): how much each counts; all the same where it is None."""
    authors: np.ndarray | None = None
    """int (n,): who drew it, any number from 0, where nobody reviewed it; -1 where it was reviewed. None: all were."""


def check_drawings(lesson: ApprovedDrawings, labels: int, size: int) -> None:
    """Raise ApprovedDrawingsError unless the arrays fit together and fit `labels` and a raster of `size` pixels."""
    count = len(lesson.labels)
    if lesson.rasters.dtype != np.uint8 or lesson.rasters.shape != (count, size, size) or len(lesson.inks) != count:
        raise ApprovedDrawingsError(
            f"{count} labels do not fit rasters of {lesson.rasters.dtype} {lesson.rasters.shape} "
            f"and {len(lesson.inks)} inks; a raster is uint8 ({size}, {size})."
        )
    for name, part in (("weights", lesson.weights), ("authors", lesson.authors)):
        if part is not None and part.shape != (count,):
            raise ApprovedDrawingsError(f"The {name} of {count} drawings have the shape {part.shape}.")
    if count and not (lesson.labels.min() >= 0 and lesson.labels.max() < labels):
        raise ApprovedDrawingsError(
            f"Labels must be from 0 to {labels - 1}, not {lesson.labels.min()} to {lesson.labels.max()}."
        )


def select_drawings(lesson: ApprovedDrawings, chosen: np.ndarray) -> ApprovedDrawings:
    """The drawings where `chosen`, bool (n,), is true."""
    return ApprovedDrawings(
        lesson.rasters[chosen],
        [ink for ink, taken in zip(lesson.inks, chosen, strict=True) if taken],
        lesson.labels[chosen],
        None if lesson.weights is None else lesson.weights[chosen],
        None if lesson.authors is None else lesson.authors[chosen],
    )


def weights_of(lesson: ApprovedDrawings) -> np.ndarray:
    """float64 (n,)."""
    return np.ones(len(lesson.labels)) if lesson.weights is None else lesson.weights.astype(np.float64)


def make_variants(lesson: ApprovedDrawings, rng: Rng, spec: RasterSpec, *, strength: float) -> np.ndarray:
    """Each drawing once more as another hand might have made it: uint8 (n, size, size)."""
    varied = np.empty_like(lesson.rasters)
    pictures = np.array([ink is None for ink in lesson.inks], bool)
    varied[pictures] = augment_rasters(lesson.rasters[pictures], rng, strength=strength, spec=spec)
    for place, ink in enumerate(lesson.inks):
        if ink is not None:
            varied[place] = augment_ink(ink, rng, spec, strength=strength)
    return varied
