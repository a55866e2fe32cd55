"""Ink: read strokes from JSON, check them, and draw them as the raster that a network sees.

Strokes are the source of truth. `rasterise` derives pixels from them, and it is the only renderer: training, serving
and review use it, and the browser has the same one in JavaScript.

The method follows MNIST (LeCun, Cortes and Burges): scale the bounding box of the ink into 20 x 20 pixels, keep its
proportions, and put its centre of mass into the centre of a raster of 28 x 28. MNIST did this with pixels. Here it is
done with the coordinates of the strokes, so the raster does not depend on where and how large somebody drew. Each
recognizer may have its own raster size, box, pen and centring: see `RasterSpec`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

# The rasters are so small that starting OpenCV's threads takes longer than drawing.
cv2.setNumThreads(0)

# Raise it when a pixel of a raster drawn from strokes changes: a model needs the rasters it was trained on.
PREPROCESS_VERSION = 1

# The default raster is the one of MNIST. All lengths are in pixels of the raster.
SIZE = 28  # side of the raster
BOX = 20  # side of the box that the ink is scaled into
PEN = 2.2  # width of the line
MIN_SIZE, MAX_SIZE = 24, 64  # the networks halve a raster up to three times; a larger one would be slow
MIN_PEN = 0.5
HALF_INK = 127  # grey level where ink ends: half of 255
SUPERSAMPLING = 8  # samples per pixel and axis; their mean is the grey level of the pixel

MAX_STROKES = 256
MAX_POINTS = 20_000
MAX_COORDINATE = 1e6
MIN_EXTENT = 1e-6  # smaller ink is drawn as a dot: scaling it up would only enlarge rounding errors

# OpenCV takes fixed-point coordinates: whole numbers of 1/16 of a sample.
_FRACTION_BITS = 4
# Ink that was moved or scaled differs in the last bits of its coordinates. Where a coordinate lies exactly between two
# grid points, this small addition makes it round to the same side every time.
_TIE_BREAK = 1e-4

Ink = list[np.ndarray]
"""One array per stroke, float64: shape (2, n) with the rows x and y, or (3, n) with a third row t in milliseconds."""


@dataclass(frozen=True)
class RasterSpec:
    """The raster of a recognizer. All lengths are in pixels.

    `size` is the side of the raster and `box` the side of the box that the ink is scaled into. `pen` is the width of
    the line. `centre` says which point of the ink is put into the centre of the raster: "mass", its centre of mass, as
    in MNIST, or "box", the centre of its bounding box, as in Google's Quick, Draw! bitmaps.

    Raises ValueError if `size` is not a whole number from 24 to 64, or if box, pen or centre do not fit it.
    """

    size: int = SIZE
    box: float = BOX
    pen: float = PEN
    centre: Literal["mass", "box"] = "mass"

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or not MIN_SIZE <= self.size <= MAX_SIZE:
            raise ValueError(
                f"The raster size must be a whole number from {MIN_SIZE} to {MAX_SIZE}, not {self.size!r}."
            )
        if not MIN_PEN <= self.pen <= self.box / 2 <= self.size / 2:
            raise ValueError(
                f"A box of {self.box} and a pen of {self.pen} pixels do not fit a raster of {self.size} pixels. The "
                f"box must not be larger than the raster, and the pen must be from {MIN_PEN} to half of the box."
            )
        if self.centre not in ("mass", "box"):
            raise ValueError(f"The centre of a raster must be 'mass' or 'box', not {self.centre!r}.")

    @property
    def canvas(self) -> int:
        """The side in samples of the canvas that is drawn on before it is averaged to the raster."""
        return self.size * SUPERSAMPLING

    @property
    def scale(self) -> float:
        """The width of the pen relative to the default pen."""
        return self.pen / PEN


DEFAULT_SPEC = RasterSpec()


class InkError(ValueError):
    """Ink that cannot be used. `code` is stable; the text says what is wrong and what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


# Reading ink


def parse_ink(data: object) -> Ink:
    """Convert decoded JSON `[[[x...], [y...], [t...]], ...]` to checked strokes.

    Each stroke may leave out `t`. Raises InkError `invalid_ink` for any other structure, and for a number that is not
    finite or a coordinate beyond ±1,000,000; `empty_ink` for no strokes; `too_many_strokes` above 256 strokes and
    `too_many_points` above 20,000 points. These limits are checked before the numbers are read.
    """
    if not isinstance(data, list):
        raise InkError("invalid_ink", "Ink must be a list of strokes: [[[x...], [y...], [t...]], ...].")
    if not data:
        raise InkError("empty_ink", "The ink has no strokes. Draw something first.")
    if len(data) > MAX_STROKES:
        raise InkError("too_many_strokes", f"The ink has {len(data)} strokes; the limit is {MAX_STROKES}.")
    for number, stroke in enumerate(data, 1):
        _check_layout(stroke, number)
    points = sum(len(stroke[0]) for stroke in data)
    if points > MAX_POINTS:
        raise InkError("too_many_points", f"The ink has {points} points; the limit is {MAX_POINTS}.")
    return [_to_array(stroke, number) for number, stroke in enumerate(data, 1)]


def _check_layout(stroke: object, number: int) -> None:
    if not isinstance(stroke, list) or len(stroke) not in (2, 3):
        raise InkError("invalid_ink", f"Stroke {number} must be [[x...], [y...]] or [[x...], [y...], [t...]].")
    if not all(isinstance(axis, list) for axis in stroke):
        raise InkError("invalid_ink", f"Stroke {number} must contain lists of numbers.")
    lengths = {len(axis) for axis in stroke}
    if len(lengths) != 1:
        raise InkError("invalid_ink", f"Stroke {number} must have the same number of x and y values (and t, if given).")
    if lengths == {0}:
        raise InkError("invalid_ink", f"Stroke {number} has no points. Leave out empty strokes.")


def _to_array(stroke: list[list[float]], number: int) -> np.ndarray:
    for axis in stroke:
        if not {int, float}.issuperset(map(type, axis)):  # by type: True is an int for isinstance
            raise InkError("invalid_ink", f"Stroke {number} contains a value that is not a number.")
    try:
        array = np.array(stroke, dtype=np.float64)  # (2 or 3, n)
    except OverflowError:  # a whole number of hundreds of digits
        array = np.array([[math.inf]])
    if not np.isfinite(array).all():
        raise InkError("invalid_ink", f"Stroke {number} contains a number that is not finite.")
    if np.abs(array[:2]).max() > MAX_COORDINATE:
        raise InkError("invalid_ink", f"Stroke {number} has a coordinate beyond ±{MAX_COORDINATE:,.0f}.")
    return array


# Drawing ink


def rasterise(ink: Sequence[np.ndarray], spec: RasterSpec = DEFAULT_SPEC, *, pen: float | None = None) -> np.ndarray:
    """The raster of ink: uint8 (size, size), white ink on black.

    `ink` has at least one stroke of shape (2 or more, n); only x and y are used. `pen` is the width of the line in
    pixels of the raster if it is not the one of `spec`: data augmentation varies it.
    """
    pen = spec.pen if pen is None else pen
    canvas = np.zeros((spec.canvas, spec.canvas), np.uint8)  # 8 x 8 samples for each pixel
    lines = [_to_fixed_point(line) for line in _fit_to_box(ink, spec, pen)]
    # Rounds halves up, as JavaScript does; round() of Python rounds them to the even number.
    width = max(1, math.floor(pen * SUPERSAMPLING + 0.5))
    cv2.polylines(canvas, lines, False, 255, width, cv2.LINE_8, _FRACTION_BITS)
    return downsample(canvas, spec)


def _fit_to_box(ink: Sequence[np.ndarray], spec: RasterSpec, pen: float) -> list[np.ndarray]:
    """The strokes scaled and moved so that the drawn line fills the box: float64 (n, 2) each, in samples."""
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)  # (2, all points)
    low, high = points.min(axis=1), points.max(axis=1)  # (2,) each
    extent = float((high - low).max())
    # Half of the pen lies outside of the points on either side, so the points themselves get a box smaller by the pen.
    scale = (spec.box - pen) / extent if extent > MIN_EXTENT else 0.0
    middle = (low + high) / 2
    return [((stroke[:2].T - middle) * scale + spec.size / 2) * SUPERSAMPLING for stroke in ink]


def _to_fixed_point(line: np.ndarray) -> np.ndarray:
    """Coordinates in samples, float64 (n, 2), as OpenCV's fixed-point numbers, int32 (n, 2)."""
    # For OpenCV (0, 0) is the centre of a sample, here it is the corner of it: therefore - 0.5. The other 0.5 makes
    # floor() round.
    fixed = np.floor((line - 0.5) * (1 << _FRACTION_BITS) + 0.5 + _TIE_BREAK).astype(np.int32)
    # OpenCV does not draw a line of a single point. With the point twice it draws a dot.
    return fixed if len(fixed) > 1 else np.repeat(fixed, 2, axis=0)


def downsample(canvas: np.ndarray, spec: RasterSpec) -> np.ndarray:
    """Centre the ink on a canvas and average the canvas to a raster.

    `canvas` is uint8 (size * 8, size * 8) with the bounding box of the ink in its centre; returns uint8 (size, size).
    This is the last step of every raster, from strokes and from images.
    """
    centred = canvas if spec.centre == "box" else _centre_by_mass(canvas)
    return cv2.resize(centred, (spec.size, spec.size), interpolation=cv2.INTER_AREA)  # the mean of 8 x 8 samples


def _centre_by_mass(canvas: np.ndarray) -> np.ndarray:
    """Move the ink by whole samples so that its centre of mass is in the centre, as far as all ink stays inside.

    Samples fainter than half of full ink (the soft edges of images) do not count as ink and may be cut off.
    """
    side = canvas.shape[0]
    left, top, width, height = cv2.boundingRect((canvas > HALF_INK).astype(np.uint8))
    if not width:
        return canvas
    crop = canvas[top : top + height, left : left + width]
    dx = _limited_shift(left + _centre_of_mass(crop, 0), left, width, side)
    dy = _limited_shift(top + _centre_of_mass(crop, 1), top, height, side)
    moved = np.zeros_like(canvas)
    rows, columns = (slice(max(0, by), side + min(0, by)) for by in (dy, dx))
    from_rows, from_columns = (slice(max(0, -by), side - max(0, by)) for by in (dy, dx))
    moved[rows, columns] = canvas[from_rows, from_columns]
    return moved


def _centre_of_mass(crop: np.ndarray, axis: int) -> float:
    """The centre of mass along x (axis 0) or y (axis 1). Sums whole numbers, so that every platform gets the same."""
    sums = cv2.reduce(crop, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel().astype(np.int64)  # (width,) or (height,)
    return int(sums @ np.arange(len(sums))) / int(sums.sum())


def _limited_shift(mass: float, start: int, length: int, side: int) -> int:
    """The shift that moves `mass` to the centre, limited so that ink from `start` to `start + length` stays inside."""
    wanted = math.floor((side - 1) / 2 - mass + 0.5 + _TIE_BREAK)
    return min(max(wanted, -start), side - start - length)


def ink_span(profile: np.ndarray, full: float = 1.0) -> tuple[float, float]:
    """The centre and the length in pixels of ink along one axis, more exact than whole pixels.

    `profile` (n,) is the strongest ink in each column or row, up to `full`. The first and the last pixel are only
    partly covered: a pixel of half ink counts as half a pixel.
    """
    start, end = 1 - float(profile[0]) / full, len(profile) - 1 + float(profile[-1]) / full
    return (start + end) / 2, end - start
