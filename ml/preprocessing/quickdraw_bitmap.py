"""Draw ink as Google drew the bitmaps of the Quick, Draw! data set."""

from __future__ import annotations

import cv2
import numpy as np

from ml.preprocessing.ink import Ink

BITMAP_SIZE = 28  # pixels
# Google drew on a canvas of 304 units, the longest side of the ink 255 and the line 16 units, and reduced it to 28
# pixels. Google did not publish this: we found it by comparing drawings that are published as strokes and as bitmaps.
CANVAS, LONGEST_SIDE, LINE_WIDTH = 304, 255, 16
SUPERSAMPLING = 16  # samples per pixel and axis
FRACTION_BITS = 4  # OpenCV takes coordinates as whole numbers of 1/16 of a sample


def draw_bitmap(ink: Ink) -> np.ndarray:
    """The bitmap of ink: uint8 (28, 28), white on black, with the bounding box of the ink in its centre."""
    side = BITMAP_SIZE * SUPERSAMPLING
    unit = side / CANVAS  # samples per unit
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)  # (2, all points)
    low, high = points.min(axis=1), points.max(axis=1)
    scale = LONGEST_SIDE * unit / max(float((high - low).max()), 1e-9)
    # - 0.5: for OpenCV, (0, 0) is the centre of a sample.
    lines = [((stroke[:2].T - (low + high) / 2) * scale + side / 2 - 0.5) * (1 << FRACTION_BITS) for stroke in ink]
    # A single point is given twice: OpenCV does not draw a line of one point.
    lines = [np.round(line if len(line) > 1 else np.repeat(line, 2, axis=0)).astype(np.int32) for line in lines]
    canvas = np.zeros((side, side), np.uint8)
    cv2.polylines(canvas, lines, False, 255, round(LINE_WIDTH * unit), cv2.LINE_AA, FRACTION_BITS)
    return cv2.resize(canvas, (BITMAP_SIZE, BITMAP_SIZE), interpolation=cv2.INTER_AREA)
