"""Approved drawings, which fine-tuning trains on: check, select and vary them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ml.augmentation.augment import augment_ink, augment_rasters
from ml.preprocessing.ink import Ink, RasterSpec

Rng = np.random.Generator

ProgressCallback = Callable[[dict[str, Any]], None]
"""Is called with the progress of a training: {"step", "epoch", "epochs", "loss", "seconds_left"}. It may raise an
exception to stop the training."""


class ApprovedDrawingsError(ValueError):
    """Drawings that cannot be trained on. The text says what is wrong with them."""


class ApprovedDrawings(NamedTuple):
    """n approved drawings."""

    rasters: np.ndarray
    """uint8 (n, size, size), as they are served."""
    inks: list[Ink | None]
    """Their strokes; None for an image."""
    labels: np.ndarray
    """int64 (n,): indices in the labels of the bundle."""
    weights: np.ndarray | None = None
    """float (n,): how much each drawing counts. None: all count the same."""
    authors: np.ndarray | None = None
    """int (n,): a number from 0 for the author of each drawing. None: not known."""
    unreviewed: np.ndarray | None = None
    """bool (n,): which drawings were accepted without a reviewer. None: all were reviewed."""


def check_drawings(drawings: ApprovedDrawings, labels: int, size: int) -> None:
    """Raise ApprovedDrawingsError unless the arrays fit together and fit `labels` and a raster of `size` pixels."""
    count = len(drawings.labels)
    rasters, inks = drawings.rasters, len(drawings.inks)
    if rasters.dtype != np.uint8 or rasters.shape != (count, size, size) or inks != count:
        raise ApprovedDrawingsError(
            f"{count} labels need as many inks and rasters of uint8 ({size}, {size}), not {inks} inks and rasters of "
            f"{rasters.dtype} {rasters.shape}."
        )
    for name, part in (
        ("weights", drawings.weights),
        ("authors", drawings.authors),
        ("marks of unreviewed drawings", drawings.unreviewed),
    ):
        if part is not None and part.shape != (count,):
            raise ApprovedDrawingsError(f"The {name} of {count} drawings have the shape {part.shape}.")
    if count and not (drawings.labels.min() >= 0 and drawings.labels.max() < labels):
        raise ApprovedDrawingsError(
            f"Labels must be from 0 to {labels - 1}, not {drawings.labels.min()} to {drawings.labels.max()}."
        )


def select_drawings(drawings: ApprovedDrawings, chosen: np.ndarray) -> ApprovedDrawings:
    """The drawings where `chosen`, bool (n,), is true."""
    return ApprovedDrawings(
        drawings.rasters[chosen],
        [ink for ink, taken in zip(drawings.inks, chosen, strict=True) if taken],
        drawings.labels[chosen],
        None if drawings.weights is None else drawings.weights[chosen],
        None if drawings.authors is None else drawings.authors[chosen],
        None if drawings.unreviewed is None else drawings.unreviewed[chosen],
    )


def weights_of(drawings: ApprovedDrawings) -> np.ndarray:
    """The weight of each drawing, float64 (n,); 1 if none are given."""
    return np.ones(len(drawings.labels)) if drawings.weights is None else drawings.weights.astype(np.float64)


def make_variants(drawings: ApprovedDrawings, rng: Rng, spec: RasterSpec, *, strength: float) -> np.ndarray:
    """One variation of each drawing (see `ml.augmentation.augment`): uint8 (n, size, size)."""
    variants = np.empty_like(drawings.rasters)
    images = np.array([ink is None for ink in drawings.inks], bool)
    variants[images] = augment_rasters(drawings.rasters[images], rng, strength=strength, spec=spec)
    for index, ink in enumerate(drawings.inks):
        if ink is not None:
            variants[index] = augment_ink(ink, rng, spec, strength=strength)
    return variants
