"""Pictures: decode what comes from outside, and turn a picture into the raster that ink becomes.

A photo of paper, a canvas saved as PNG and a picture of a data set all end as the same raster,
white on black: the ink is found (`ml.preprocessing.find_ink`), specks are dropped, and what is left is fitted
into the same box and centred by the same rule as strokes are (`ml.preprocessing.ink`).
"""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np

from ml.preprocessing.decode_image import scaled_size, shrink
from ml.preprocessing.find_ink import find_ink
from ml.preprocessing.image_limits import (
    ImageError,
)
from ml.preprocessing.ink import DEFAULT_SPEC, HALF_INK, SUPERSAMPLING, RasterSpec, downsample, ink_span

FAINT = 0.1  # of full ink; what is fainter is no part of a line
SPECK = 0.03  # of the largest part's ink; smaller parts are dirt
SOLID = 0.42  # of its length is the width of something that is no line but a dot (a disc: 0.67, a diamond: 0.47)
TINY = 3  # pixels; what is no longer has no form
PEAK = 0.3  # of full ink is reached somewhere in every line
MARGIN = 2  # pixels of background around ink that is resampled
LEAST = 0.3  # of full ink; the faintest line that is brought to full strength
EDGE = 0.5  # of full ink, where a line ends
CONTRAST = 2.0  # of the edges of what is enlarged: as soft as lines drawn by the renderer are, no softer
ENLARGED = 2.0  # samples per pixel of a picture, from which on its edges are kept soft
THINNEST, THICKEST = 2.2, 4.0  # pixels of the usual raster; the range of the pens that MNIST was written with


Polarity = Literal["auto", "light_on_dark", "dark_on_light"]


# Normalising


def normalise_image(pixels: np.ndarray, spec: RasterSpec = DEFAULT_SPEC, *, polarity: Polarity = "auto") -> np.ndarray:
    """Turn a grey picture, uint8 (h, w) of any size, into the raster: uint8 (size, size), white on black.

    `polarity` says what is ink where that is known, as for the data sets' white on black. Raises
    ImageError `blank_image` if there is no ink to be found.
    """
    return fit_ink(extract_ink(pixels, polarity=polarity), spec)


def normalise_dataset_image(picture: np.ndarray, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """The raster of a data set's picture, which is white on black; all black where nothing is to be seen in it."""
    try:
        return normalise_image(picture, spec, polarity="light_on_dark")
    except ImageError:
        return np.zeros((spec.size, spec.size), np.uint8)


def extract_ink(pixels: np.ndarray, *, polarity: Polarity = "auto") -> np.ndarray:
    """The ink of a grey picture, cut out of it: float32 (h, w) from 0 to 1. Raises what `normalise_image` raises."""
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or not pixels.size:
        raise ValueError(f"A picture must be uint8 (h, w), not {pixels.dtype} {pixels.shape}.")
    light = {"auto": None, "light_on_dark": True, "dark_on_light": False}[polarity]
    ink = find_ink(shrink(pixels), light=light)
    if ink is None:
        raise ImageError("blank_image", "There is no drawing to be seen in the image. Use a darker pen or more light.")
    ink, (left, top, width, height) = _drop_specks(ink)
    return ink[top : top + height, left : left + width]


def fit_ink(ink: np.ndarray, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """Cut-out ink, float32 (h, w) from 0 to 1, as the raster: uint8 (size, size), white on black."""
    if spec.centre == "box" and spec.box - 1 <= max(ink.shape) <= spec.size:
        return _lay(ink, spec)
    if spec.centre == "mass" and spec.box - 1 <= max(ink.shape) <= math.ceil(spec.box):
        return _place(ink, spec)
    return downsample(_fit(ink, spec), spec)


def _drop_specks(ink: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """Ink without its small stray parts, and the box (left, top, width, height) around what is left."""
    count, parts = cv2.connectedComponents((ink > FAINT).astype(np.uint8))
    weights = np.bincount(parts.ravel(), weights=ink.ravel(), minlength=count)
    weights[0] = 0
    kept = weights >= SPECK * weights.max()
    strong = np.zeros(count, bool)
    strong[parts[ink > PEAK]] = True  # a part without it is a shadow
    kept &= strong
    left, top, width, height = cv2.boundingRect(kept[parts].astype(np.uint8))
    kept[0] = True  # the faintest edges, which belong to nobody
    return ink * kept[parts], (left, top, width, height)


def _place(ink: np.ndarray, spec: RasterSpec) -> np.ndarray:
    """Centre ink that already has the right size without resampling it, as MNIST was centred."""
    height, width = ink.shape
    moments = cv2.moments(ink)
    left = _corner(moments["m10"] / moments["m00"], width, spec.size)
    top = _corner(moments["m01"] / moments["m00"], height, spec.size)
    raster = np.zeros((spec.size, spec.size), np.uint8)
    raster[top : top + height, left : left + width] = np.rint(ink * 255)
    return raster


def _lay(ink: np.ndarray, spec: RasterSpec) -> np.ndarray:
    """Put ink that already has the right size with its box in the middle, on whole pixels, as Quick, Draw! was made."""
    top, left = (_start(ink.max(axis=axis), spec.size) for axis in (1, 0))
    raster = np.zeros((spec.size, spec.size), np.uint8)
    raster[top : top + ink.shape[0], left : left + ink.shape[1]] = np.rint(ink * 255)
    return raster


def _start(profile: np.ndarray, size: int) -> int:
    """Where ink starts so that its middle is the raster's."""
    middle, _length = ink_span(profile)
    return min(max(round(size / 2 - middle), 0), size - len(profile))


def _corner(mass: float, length: int, size: int) -> int:
    return min(max(int(np.floor(size / 2 - mass + 0.5)), 0), size - length)


def _fit(ink: np.ndarray, spec: RasterSpec) -> np.ndarray:
    """Draw ink 0 to 1 into the box of the sampled canvas, uint8.

    Of small pictures the greys at the edges are kept: they say where between two pixels a line ends.
    Lines thinner or thicker than those of pens get the width of the nearest pen; a dot becomes the dot
    that a tap leaves.
    """
    side = float(spec.box * SUPERSAMPLING)
    canvas = _sample(ink, side, spec.canvas)
    extent = max(cv2.boundingRect(_cut(canvas))[2:])  # less than the side, for soft edges end beyond the line
    width = _line_width(canvas)
    if width > SOLID * extent or max(ink.shape) <= TINY:
        return _sample(ink, spec.pen * SUPERSAMPLING * side / extent, spec.canvas)
    unit = spec.scale * SUPERSAMPLING
    pen = min(max(width, THINNEST * unit), THICKEST * unit)
    # So that the box is full when the lines have their width.
    scale = side / extent if pen == width else (side - pen) / (extent - width)
    if abs(scale - 1) >= 0.01:
        canvas = _sample(ink, side * scale, spec.canvas)
    return canvas if pen == width else _widen(_cut(canvas), pen - width * scale)


def _sample(ink: np.ndarray, longest: float, side: int) -> np.ndarray:
    """Scale ink so that its longer side has `longest` samples, in the middle of a canvas of `side`, uint8."""
    scale = longest / max(ink.shape)
    grey = cv2.copyMakeBorder(_even(ink), MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT)  # so that edges taper
    size = scaled_size(grey.shape[1], grey.shape[0], scale)
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    spare = [side - length for length in grey.shape]
    cut = [slice(max(0, -room // 2), max(0, -room // 2) + side) for room in spare]
    grey = grey[cut[0], cut[1]]
    top, left = (max(0, room // 2) for room in spare)
    canvas = np.zeros((side, side), np.uint8)
    canvas[top : top + grey.shape[0], left : left + grey.shape[1]] = _edged(grey, scale)
    return canvas


def _edged(grey: np.ndarray, scale: float) -> np.ndarray:
    """0 to 255: soft edges for what was enlarged, hard ones for what had enough pixels of its own."""
    if scale < ENLARGED:
        return np.where(grey > EDGE, 255, 0)
    return np.rint(np.clip((grey - EDGE) * CONTRAST + 0.5, 0, 1) * 255)


def _cut(canvas: np.ndarray) -> np.ndarray:
    """0 or 255."""
    return np.where(canvas > HALF_INK, 255, 0).astype(np.uint8)


def _even(ink: np.ndarray) -> np.ndarray:
    """Lines of the same strength everywhere, so that a faint piece of a line does not break it."""
    return ink / np.maximum(cv2.dilate(ink, np.ones((3, 3), np.uint8)), LEAST)


def _line_width(canvas: np.ndarray) -> float:
    """The mean width of the lines in samples: inside a line the distance to its edge is a quarter of it on average."""
    distance = cv2.distanceTransform(_cut(canvas), cv2.DIST_L2, cv2.DIST_MASK_5)
    return 4 * float(distance[distance > 0].mean()) if distance.any() else 0.0


def _widen(canvas: np.ndarray, by: float) -> np.ndarray:
    """Make lines wider, or narrower where `by` is negative, by that many samples."""
    if by > 0:
        distance = cv2.distanceTransform(255 - canvas, cv2.DIST_L2, cv2.DIST_MASK_5)
        return np.where(distance <= by / 2, 255, 0).astype(np.uint8)
    distance = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.where(distance > -by / 2, 255, 0).astype(np.uint8)
