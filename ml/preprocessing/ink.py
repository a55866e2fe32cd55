"""Strokes: parse, check against the limits, normalise, rasterise.

Ink is the truth and pixels are derived from it by `rasterise`, the one renderer that training,
serving and review share. The recipe follows how MNIST was made (LeCun, Cortes, Burges): fit the
bounding box into 20x20 with the aspect kept, then centre by mass in 28x28. It is done in vector
space, so place, size, canvas and brush of a drawing cannot change its raster. How large raster,
box and pen are belongs to the recognizer: its `RasterSpec`, which its bundles carry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

# What is drawn here is too small to share: the threads that OpenCV would wake for it cost more than they draw.
cv2.setNumThreads(0)

PREPROCESS_VERSION = 1

SIZE = 28  # side of the raster, in pixels, where a recognizer says nothing else
BOX = 20  # side of the box that the ink is fitted into, in pixels
PEN = 2.2  # width of the pen, in pixels of the raster
MIN_SIZE, MAX_SIZE = 24, 64  # sides that a raster may have: the networks shrink it four times, and more would be slow
MIN_PEN = 0.5  # pixels
HALF_INK = 127  # of full ink, 255
SUPERSAMPLING = 8  # samples per pixel and axis before averaging

MAX_STROKES = 256
MAX_POINTS = 20_000
MAX_COORDINATE = 1e6
MIN_EXTENT = 1e-6  # what is smaller is a dot, and would be drawn from rounding errors

_FRACTION_BITS = 4  # OpenCV draws on a grid of 1/16 of a sample
_TIE_BREAK = 1e-4  # keeps rounding ties on one side, whatever the scale of the ink did to the last bit
_NUMBERS = {int, float}

Ink = list[np.ndarray]
"""One array per stroke, float64, shape (2, n) for x and y or (3, n) with t in milliseconds."""


@dataclass(frozen=True)
class RasterSpec:
    """How a recognizer sees ink: the side of its raster, of the box in it, and the width of the pen, in pixels.

    `centre` says what of the ink lies in the middle: its mass, as MNIST was made, or its box, as Quick, Draw! was.
    Raises ValueError for a side that is not from 24 to 64, or for a box, a pen or a centre that does not fit.
    """

    size: int = SIZE
    box: float = BOX
    pen: float = PEN
    centre: Literal["mass", "box"] = "mass"

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or not MIN_SIZE <= self.size <= MAX_SIZE:
            raise ValueError(f"A raster has a side of {MIN_SIZE} to {MAX_SIZE} whole pixels, not {self.size!r}.")
        if not MIN_PEN <= self.pen <= self.box / 2 <= self.size / 2:
            raise ValueError(
                f"A pen of {self.pen} and a box of {self.box} pixels do not fit a raster of {self.size}: "
                f"the box must fit into it, and at least two pens into the box, of {MIN_PEN} pixels or more."
            )
        if self.centre not in ("mass", "box"):
            raise ValueError(f"Ink is centred by its mass or by its box, not by {self.centre!r}.")

    @property
    def canvas(self) -> int:
        """The side of the sampled canvas that is averaged to the raster."""
        return self.size * SUPERSAMPLING

    @property
    def scale(self) -> float:
        """How many times as wide as the usual pen this one is."""
        return self.pen / PEN


DEFAULT_SPEC = RasterSpec()


class InkError(ValueError):
    """Ink that cannot be read. `code` is stable, `str(error)` says what is wrong and what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def parse_ink(data: object) -> Ink:
    """Turn decoded JSON `[[[x...], [y...], [t...]], ...]` into checked strokes.

    `t` may be left out, in all strokes or in some. Raises InkError for anything that is not that
    layout, is empty, holds a number that is not finite or beyond ±1e6, or exceeds the limits of
    256 strokes and 20,000 points. The limits are checked before any number is looked at.
    """
    if not isinstance(data, list):
        raise InkError("invalid_ink", "Ink must be a list of strokes: [[[x...], [y...], [t...]], ...].")
    if not data:
        raise InkError("empty_ink", "The ink has no strokes. Draw something first.")
    if len(data) > MAX_STROKES:
        raise InkError("too_many_strokes", f"The ink has {len(data)} strokes; at most {MAX_STROKES} are read.")
    for number, stroke in enumerate(data, 1):
        _check_layout(stroke, number)
    points = sum(len(stroke[0]) for stroke in data)
    if points > MAX_POINTS:
        raise InkError("too_many_points", f"The ink has {points} points; at most {MAX_POINTS} are read.")
    return [_to_array(stroke, number) for number, stroke in enumerate(data, 1)]


def _check_layout(stroke: object, number: int) -> None:
    if not isinstance(stroke, list) or len(stroke) not in (2, 3):
        raise InkError("invalid_ink", f"Stroke {number} must be [[x...], [y...]] or [[x...], [y...], [t...]].")
    if not all(isinstance(axis, list) for axis in stroke):
        raise InkError("invalid_ink", f"Stroke {number} must hold lists of numbers.")
    lengths = {len(axis) for axis in stroke}
    if len(lengths) != 1:
        raise InkError("invalid_ink", f"Stroke {number} must have as many x as y (and t, if given).")
    if lengths == {0}:
        raise InkError("invalid_ink", f"Stroke {number} has no points. Leave empty strokes out.")


def _to_array(stroke: list[list[float]], number: int) -> np.ndarray:
    for axis in stroke:
        if not _NUMBERS.issuperset(map(type, axis)):
            raise InkError("invalid_ink", f"Stroke {number} holds something that is not a number.")
    try:
        array = np.array(stroke, dtype=np.float64)
    except OverflowError:
        array = np.array([[math.inf]])
    if not np.isfinite(array).all():
        raise InkError("invalid_ink", f"Stroke {number} holds a number that is not finite.")
    if np.abs(array[:2]).max() > MAX_COORDINATE:
        raise InkError("invalid_ink", f"Stroke {number} has a coordinate beyond ±{MAX_COORDINATE:,.0f}.")
    return array


def rasterise(ink: Sequence[np.ndarray], spec: RasterSpec = DEFAULT_SPEC, *, pen: float | None = None) -> np.ndarray:
    """Draw ink as the network sees it: uint8 (size, size), white on black.

    `ink` holds at least one stroke of shape (2 or more, n). `pen` is the width of the line in
    pixels of the raster; only augmentation changes it.
    """
    pen = spec.pen if pen is None else pen
    canvas = np.zeros((spec.canvas, spec.canvas), np.uint8)
    lines = [_to_fixed_point(line) for line in _fit_to_box(ink, spec, pen)]
    width = max(1, math.floor(pen * SUPERSAMPLING + 0.5))  # halves up, as in the browser
    cv2.polylines(canvas, lines, False, 255, width, cv2.LINE_8, _FRACTION_BITS)
    return downsample(canvas, spec)


def downsample(canvas: np.ndarray, spec: RasterSpec) -> np.ndarray:
    """Centre ink and average it down: a sampled canvas, uint8, with the ink's box in its middle, to a raster.

    The last step of every raster, whether it comes from strokes or from a picture.
    """
    centred = canvas if spec.centre == "box" else _centre_by_mass(canvas)
    return cv2.resize(centred, (spec.size, spec.size), interpolation=cv2.INTER_AREA)


def ink_span(profile: np.ndarray, full: float = 1.0) -> tuple[float, float]:
    """Middle and length in pixels of ink that covers the first and the last pixel of its `profile`, (n,), in part."""
    start, end = 1 - float(profile[0]) / full, len(profile) - 1 + float(profile[-1]) / full
    return (start + end) / 2, end - start


def _fit_to_box(ink: Sequence[np.ndarray], spec: RasterSpec, pen: float) -> list[np.ndarray]:
    """Scale and move the strokes so that the drawn line fills the box; float64 (n, 2), in samples."""
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)
    low, high = points.min(axis=1), points.max(axis=1)
    extent = float((high - low).max())
    scale = (spec.box - pen) / extent if extent > MIN_EXTENT else 0.0
    middle = (low + high) / 2
    return [((stroke[:2].T - middle) * scale + spec.size / 2) * SUPERSAMPLING for stroke in ink]


def _to_fixed_point(line: np.ndarray) -> np.ndarray:
    # OpenCV puts (0, 0) at the centre of a sample, the fit puts it at the corner: hence the half.
    fixed = np.floor((line - 0.5) * (1 << _FRACTION_BITS) + 0.5 + _TIE_BREAK).astype(np.int32)
    return fixed if len(fixed) > 1 else np.repeat(fixed, 2, axis=0)  # a tap: a line of one point is not drawn


def _centre_by_mass(canvas: np.ndarray) -> np.ndarray:
    """Shift by whole samples so that the centre of mass is the centre, as far as the ink stays inside.

    Ink ends where it is half of full; what is fainter beyond (the soft edges of pictures) may be cut off.
    """
    side = canvas.shape[0]
    left, top, width, height = cv2.boundingRect((canvas > HALF_INK).astype(np.uint8))
    if not width:
        return canvas
    crop = canvas[top : top + height, left : left + width]
    dx = _shift(left + _centre_of_mass(crop, 0), left, width, side)
    dy = _shift(top + _centre_of_mass(crop, 1), top, height, side)
    moved = np.zeros_like(canvas)
    rows, columns = (slice(max(0, by), side + min(0, by)) for by in (dy, dx))
    from_rows, from_columns = (slice(max(0, -by), side - max(0, by)) for by in (dy, dx))
    moved[rows, columns] = canvas[from_rows, from_columns]
    return moved


def _centre_of_mass(crop: np.ndarray, axis: int) -> float:
    """Where the mass of the ink lies along x (axis 0) or y (axis 1), from whole numbers, so exactly."""
    sums = cv2.reduce(crop, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel().astype(np.int64)
    return int(sums @ np.arange(len(sums))) / int(sums.sum())


def _shift(mass: float, start: int, length: int, side: int) -> int:
    wanted = math.floor((side - 1) / 2 - mass + 0.5 + _TIE_BREAK)
    return min(max(wanted, -start), side - start - length)
