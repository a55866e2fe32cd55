"""Ink as Google drew the bitmaps of Quick, Draw!, and so what any small picture of ink looks like."""

from __future__ import annotations

import cv2
import numpy as np

from ml.preprocessing.ink import Ink

BITMAP = 28  # side of a Quick, Draw! bitmap, in pixels
SHEET, DRAWN, LINE = 304, 255, 16  # what it shrinks: the sheet, the longest side and the line
_FINE = 16  # samples per pixel and axis


def draw_bitmap(ink: Ink) -> np.ndarray:
    """The ink as Google drew the bitmaps of Quick, Draw!: uint8 (28, 28), white on black.

    On a sheet of 304 the longest side is 255 and the line 16; the sheet is shrunk to 28 (found by laying drawings
    that are published in both forms on each other).
    """
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)
    low, high = points.min(axis=1), points.max(axis=1)
    unit = BITMAP * _FINE / SHEET
    scale = DRAWN * unit / max(float((high - low).max()), 1e-9)
    middle = BITMAP * _FINE / 2
    places = [((stroke[:2].T - (low + high) / 2) * scale + middle - 0.5) * 16 for stroke in ink]
    lines = [np.round(line if len(line) > 1 else np.repeat(line, 2, axis=0)).astype(np.int32) for line in places]
    canvas = np.zeros((BITMAP * _FINE, BITMAP * _FINE), np.uint8)
    cv2.polylines(canvas, lines, False, 255, round(LINE * unit), cv2.LINE_AA, 4)
    return cv2.resize(canvas, (BITMAP, BITMAP), interpolation=cv2.INTER_AREA)
