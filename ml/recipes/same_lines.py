"""Find the same drawing in two sources that draw it with different lines."""

from __future__ import annotations

import cv2
import numpy as np

INK = 127  # grey level above which a pixel belongs to a line


def has_twin(pictures: np.ndarray, among: np.ndarray, *, below: float) -> np.ndarray:
    """Whether each raster, uint8 (n, h, w), is the same drawing as one `among` others, uint8 (m, h, w): bool (n,).

    The same drawing has a `line_distances` `below` this number of pixels.
    """
    if not len(pictures) or not len(among):
        return np.zeros(len(pictures), bool)
    twins: np.ndarray = line_distances(pictures, among).min(axis=1) < below
    return twins


def line_distances(pictures: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The mean distance in pixels of the ink of one raster to that of another, float32 (n, m).

    It is the larger one of both directions, known as chamfer distance (Barrow et al. 1977). Lines of different widths
    differ by less than a pixel.
    """
    forth = _inks(pictures) @ _fields(others).T
    back = _fields(pictures) @ _inks(others).T
    distances: np.ndarray = np.maximum(forth, back)
    return distances


def _inks(rasters: np.ndarray) -> np.ndarray:
    """The share of each pixel in the ink of a raster, float32 (n, pixels)."""
    ink = (rasters > INK).reshape(len(rasters), -1).astype(np.float32)
    shares: np.ndarray = ink / np.maximum(ink.sum(axis=1, keepdims=True), 1)
    return shares


def _fields(rasters: np.ndarray) -> np.ndarray:
    """The distance of each pixel to the nearest ink, float32 (n, pixels)."""
    fields = [cv2.distanceTransform((raster <= INK).astype(np.uint8), cv2.DIST_L2, 5) for raster in rasters]
    return np.stack(fields).reshape(len(rasters), -1)
