"""Convert a grey image to the raster that the same drawing in ink would get.

Photos of paper, saved canvases and pictures of data sets all become the same kind of raster, white on black: find the
ink (`ml.preprocessing.find_ink`), drop specks, scale what is left into the box and centre it, by the rules that
`ml.preprocessing.ink` has for strokes.
"""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np

from ml.preprocessing.decode_image import shrink
from ml.preprocessing.drawn_image import mean_line_width, scaled_size, thicken_lines
from ml.preprocessing.find_ink import find_ink
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import DEFAULT_SPEC, HALF_INK, SUPERSAMPLING, RasterSpec, downsample, ink_span

# Shares of full ink, which is 1.
FAINT_INK = 0.1  # fainter pixels do not join two parts of a drawing
PEAK_INK = 0.3  # every line has a pixel at least as strong; a part without one is a shadow
WEAKEST_LINE = 0.3  # the faintest line that is brought to full strength
MIN_REDUCED = 3.0  # fine samples: the width of lines that would be lost when they are made smaller
LINE_EDGE = 0.5  # where a line ends

SPECK_SHARE = 0.03  # a part with less ink than this share of the largest part is dirt
DOT_THICKNESS = 0.7  # of the lines' thickness; a small part of a drawn image that is thinner is dirt
# The longer side of a line is far longer than its width. Two samples more than `mean_line_width` are 0.67 of the
# side of a disc, and 0.47 of that of a diamond: both are dots.
DOT_WIDTH = 0.42
DOT_SIDE = 3  # pixels; something this small has no recognisable form, so it is a dot too
MARGIN = 2  # pixels of background around ink before it is resampled, so that its edges fade out

FINE = 2  # fine samples per sample and axis; where the edge of a line is moved, a whole sample is too coarse
PEN_EXCESS = 0.8  # samples by which lines that OpenCV draws (see `rasterise`) are wider than the pen, on average
ENLARGED = 2.0 * FINE  # from this many fine samples per pixel on, the edges of an image are kept soft
EDGE_CONTRAST = 2.0  # makes enlarged edges as soft as those of rasters drawn from strokes
# Widths of a line in pixels of the default raster, measured on MNIST. Other lines are made as wide as the nearer one.
THINNEST_PEN, THICKEST_PEN = 2.2, 4.0

Polarity = Literal["auto", "light_on_dark", "dark_on_light"]


def normalise_image(pixels: np.ndarray, spec: RasterSpec = DEFAULT_SPEC, *, polarity: Polarity = "auto") -> np.ndarray:
    """The raster of a grey image, uint8 (h, w) of any size: uint8 (size, size), white on black.

    `polarity` says whether the ink is lighter or darker than its background, if that is known. Raises ImageError
    `blank_image` if no ink is found, and ValueError if `pixels` is no grey image.
    """
    return fit_ink(extract_ink(pixels, polarity=polarity), spec)


def normalise_dataset_image(picture: np.ndarray, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """The raster of a data set's picture, uint8 (h, w), white on black; all black if it shows no ink."""
    try:
        return normalise_image(picture, spec, polarity="light_on_dark")
    except ImageError:
        return np.zeros((spec.size, spec.size), np.uint8)


def extract_ink(pixels: np.ndarray, *, polarity: Polarity = "auto") -> np.ndarray:
    """The ink of a grey image, uint8 (h, w), cropped to its bounding box: float32 (h', w') from 0 to 1.

    Raises what `normalise_image` raises.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or not pixels.size:
        raise ValueError(f"A grey image must be uint8 (h, w), not {pixels.dtype} {pixels.shape}.")
    light = {"auto": None, "light_on_dark": True, "dark_on_light": False}[polarity]
    ink, drawn = find_ink(shrink(pixels), light=light)
    if ink is None:
        raise ImageError("blank_image", "No drawing was found in the image. Use a darker pen or more light.")
    ink, (left, top, width, height) = _drop_specks(ink, drawn=drawn)
    return ink[top : top + height, left : left + width]


def _drop_specks(ink: np.ndarray, *, drawn: bool) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """Ink (h, w) without its small stray parts, and the box (left, top, width, height) around the rest.

    In a drawn image, a small part as thick as the lines is a dot of the pen (an eye of a face) and stays.
    """
    count, parts = cv2.connectedComponents((ink > FAINT_INK).astype(np.uint8))  # (h, w): numbered parts
    weights = np.bincount(parts.ravel(), weights=ink.ravel(), minlength=count)  # (parts,): the ink of each
    weights[0] = 0  # part 0 is the background
    strong = np.zeros(count, bool)
    strong[parts[ink > PEAK_INK]] = True
    large = weights >= SPECK_SHARE * weights.max()
    if drawn:
        large[parts[_as_thick_as_lines(ink)]] = True
    kept = strong & large
    box = cv2.boundingRect(kept[parts].astype(np.uint8))
    kept[0] = True  # the background holds the faintest edges of all parts
    return ink * kept[parts], (box[0], box[1], box[2], box[3])


def _as_thick_as_lines(ink: np.ndarray) -> np.ndarray:
    """Where ink (h, w) is at least nearly as far from its edge as in the middle of its lines: bool (h, w)."""
    distance = cv2.distanceTransform((ink > LINE_EDGE).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    middle = (distance > 0) & (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8)))
    return distance >= DOT_THICKNESS * np.median(distance[middle]) if middle.any() else middle


def fit_ink(ink: np.ndarray, spec: RasterSpec = DEFAULT_SPEC) -> np.ndarray:
    """The raster of cropped ink, float32 (h, w) from 0 to 1: uint8 (size, size), white on black.

    Ink that already has the right size is not resampled, so a picture of MNIST or Quick, Draw! keeps its pixels.
    """
    side = max(ink.shape)
    if spec.centre == "box" and spec.box - 1 <= side <= spec.size:
        top, left = (_start_by_box(ink.max(axis=axis), spec.size) for axis in (1, 0))
    elif spec.centre == "mass" and spec.box - 1 <= side <= math.ceil(spec.box):
        profiles = (ink.sum(axis=axis, dtype=np.float64) for axis in (1, 0))
        centres = [np.arange(len(each)) @ each / each.sum() for each in profiles]  # of mass, y and x
        top, left = (_start_by_mass(c, length, spec.size) for c, length in zip(centres, ink.shape, strict=True))
    else:
        return downsample(_draw_into_box(ink, spec), spec)
    raster = np.zeros((spec.size, spec.size), np.uint8)
    raster[top : top + ink.shape[0], left : left + ink.shape[1]] = np.rint(ink * 255)
    return raster


def _start_by_box(profile: np.ndarray, size: int) -> int:
    """The first row or column of ink, so that the centre of its box is in the centre of the raster."""
    middle, _length = ink_span(profile)
    return min(max(round(size / 2 - middle), 0), size - len(profile))


def _start_by_mass(centre: float, length: int, size: int) -> int:
    """The first row or column of ink, so that its centre of mass is in the centre of the raster."""
    return min(max(int(np.floor(size / 2 - centre + 0.5)), 0), size - length)


def _draw_into_box(ink: np.ndarray, spec: RasterSpec) -> np.ndarray:
    """Draw ink (h, w) into the box of the canvas: uint8 (size * 8, size * 8).

    Lines thinner or thicker than those of pens get the width of the nearest pen. A dot becomes the dot that a tap with
    the pen leaves. Small images keep their grey edges: they say where between two pixels a line ends.
    """
    fine = FINE * spec.canvas  # side in fine samples; all lengths below are in fine samples
    side = FINE * (spec.box * SUPERSAMPLING + PEN_EXCESS)
    canvas = _resample(ink, side, fine)
    lines = _threshold(canvas)
    extent = max(cv2.boundingRect(lines)[2:])  # less than `side`, because soft edges end beyond the line
    width = mean_line_width(lines)
    if width + 2 > DOT_WIDTH * extent or max(ink.shape) <= DOT_SIDE:
        dot = FINE * (spec.pen * SUPERSAMPLING + PEN_EXCESS)
        return _reduce(_resample(ink, dot * side / extent, fine), spec)
    thinnest, thickest = (
        FINE * (pen * spec.scale * SUPERSAMPLING + PEN_EXCESS) for pen in (THINNEST_PEN, THICKEST_PEN)
    )
    pen = min(max(width, thinnest), thickest)
    # The scale at which the drawing fills the box once its lines have the width of the pen.
    scale = side / extent if pen == width else (side - pen) / (extent - width)
    if abs(scale - 1) >= 0.002:
        canvas = _resample(ink, side * scale, fine)
    if pen != width:
        canvas = _widen_lines(_threshold(canvas), pen - width * scale)
    return _reduce(canvas, spec)


def _reduce(canvas: np.ndarray, spec: RasterSpec) -> np.ndarray:
    """Centre the bounding box of ink on a fine canvas, and average it to a canvas of `size * 8` samples a side."""
    left, top, width, height = cv2.boundingRect(_threshold(canvas))
    side = len(canvas)
    right, down = (side - width + 1) // 2 - left, (side - height + 1) // 2 - top
    move = np.array([[1, 0, right], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(canvas, move, (side, side), flags=cv2.INTER_NEAREST)
    return cv2.resize(moved, (spec.canvas, spec.canvas), interpolation=cv2.INTER_AREA)


def _resample(ink: np.ndarray, longest: float, side: int) -> np.ndarray:
    """Scale ink so that its longer side has `longest` samples, in the centre of a canvas: uint8 (side, side)."""
    scale = longest / max(ink.shape)
    # Divide by the strongest ink nearby: lines get the same strength everywhere, so a faint piece does not break one.
    even = ink / np.maximum(cv2.dilate(ink, np.ones((3, 3), np.uint8)), WEAKEST_LINE)
    grey = cv2.copyMakeBorder(even, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT)
    size = scaled_size(grey.shape[1], grey.shape[0], scale)
    large, grey = grey, cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if scale < 1 and not (grey > LINE_EDGE).any():  # one column of pixels, for example
        grey = cv2.resize(thicken_lines(large, MIN_REDUCED / scale), size, interpolation=cv2.INTER_AREA)
    if scale < ENLARGED:  # the image has enough pixels of its own: hard edges
        grey = np.where(grey > LINE_EDGE, 255, 0)
    else:  # enlarged: soft edges
        grey = np.rint(np.clip((grey - LINE_EDGE) * EDGE_CONTRAST + 0.5, 0, 1) * 255)
    # Crop where the result is larger than the canvas, pad where it is smaller.
    spare = [side - length for length in grey.shape]
    first_row, first_column = (max(0, -room // 2) for room in spare)
    grey = grey[first_row : first_row + side, first_column : first_column + side]
    top, left = (max(0, room // 2) for room in spare)
    canvas = np.zeros((side, side), np.uint8)
    canvas[top : top + grey.shape[0], left : left + grey.shape[1]] = grey
    return canvas


def _threshold(canvas: np.ndarray) -> np.ndarray:
    """The canvas in black and white: uint8, 0 or 255."""
    return np.where(canvas > HALF_INK, 255, 0).astype(np.uint8)


def _widen_lines(canvas: np.ndarray, by: float) -> np.ndarray:
    """Make lines (0 or 255) wider by this many samples, or narrower if `by` is negative."""
    if by > 0:  # take in the background that is near enough to a line
        distance = cv2.distanceTransform(255 - canvas, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return np.where(distance <= by / 2 + 0.5, 255, 0).astype(np.uint8)
    distance = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(distance > -by / 2, 255, 0).astype(np.uint8)
