"""Trace the lines of small pictures: the strokes that would draw a picture again.

Data sets publish many drawings as pictures only. As strokes, they can be varied and drawn like the ink that people
send. Lines are thinned to the width of one sample (Zhang and Suen 1984) and followed from end to end. Where lines meet,
the straightest way is taken. Filled areas become lines.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ml.preprocessing.ink import HALF_INK, Ink

ENLARGED = 3  # samples per pixel and axis
SMOOTHED = 5  # points whose mean replaces each point: a line of samples is a staircase
TOLERANCE = 0.15  # pixels by which a traced line may pass a point that is left out
STRAIGHT = 5  # samples from which the direction of a line is taken
DIAGONAL = 0.1  # handicap of diagonal steps: equally straight ones go to a neighbour on a side
MOSAIC = 256  # pictures thinned at once

# The eight neighbours of a sample, clockwise from above, and the bit of each in the code of a neighbourhood.
NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
_BITS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)

Sample = tuple[int, int]


def trace_pictures(pictures: np.ndarray) -> list[Ink]:
    """The ink of each picture, uint8 (n, h, w), white on black, in pixels; a point in the middle where there is none.

    Strokes are float64 (2, m).
    """
    inks = []
    for start in range(0, len(pictures), MOSAIC):
        part = pictures[start : start + MOSAIC]
        size = (part.shape[2] * ENLARGED, part.shape[1] * ENLARGED)
        large = [cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC) > HALF_INK for picture in part]
        # A border of one sample keeps the pictures of the mosaic apart.
        tiles = np.pad(np.array(large, np.uint8), ((0, 0), (1, 1), (1, 1)))
        thin = thin_lines(tiles.reshape(-1, tiles.shape[2])).reshape(tiles.shape)
        inks += [_to_ink(tile) for tile in thin]
    return inks


def thin_lines(lines: np.ndarray) -> np.ndarray:
    """Lines, uint8 (h, w) of 0 and 1, made one sample wide."""
    thin = lines.copy()
    changed = True
    while changed:
        changed = False
        for removable in _REMOVABLE:
            codes = cv2.filter2D(thin, -1, _BITS, borderType=cv2.BORDER_CONSTANT)
            removed = cv2.LUT(codes, removable) & thin
            if removed.any():
                thin -= removed
                changed = True
    return thin


def _removable() -> tuple[np.ndarray, np.ndarray]:
    """Which neighbourhoods let a sample go in the two steps of Zhang and Suen: uint8 (256,) each."""
    around = (np.arange(256)[:, None] >> np.arange(8)) & 1  # (256, 8): the neighbours of each code
    count = around.sum(axis=1)
    starts = ((around == 0) & (np.roll(around, -1, axis=1) == 1)).sum(axis=1)  # of runs of ink around the sample
    edge = (count >= 2) & (count <= 6) & (starts == 1)
    up, right, down, left = around[:, [0, 2, 4, 6]].T == 1
    first = edge & ~(up & right & down) & ~(right & down & left)
    second = edge & ~(up & right & left) & ~(up & down & left)
    return first.astype(np.uint8), second.astype(np.uint8)


_REMOVABLE = _removable()


def _to_ink(thin: np.ndarray) -> Ink:
    lines = list(_follow(thin))
    strokes = [_smooth(line) for line in lines] or [np.array(thin.shape, np.float64)[::-1, None] / 2]
    # Back from samples inside of the border to pixels.
    return [(stroke - 0.5) / ENLARGED for stroke in strokes]


def _follow(thin: np.ndarray) -> Iterator[list[Sample]]:
    """The lines of a thinned picture, uint8 (h, w): samples (row, column) in the order of drawing."""
    codes = cv2.filter2D(thin, -1, _BITS, borderType=cv2.BORDER_CONSTANT)
    samples = list(zip(*(axis.tolist() for axis in np.nonzero(thin)), strict=True))
    neighbours = {sample: int(codes[sample]).bit_count() for sample in samples}
    left, followed = set(samples), set[Sample]()
    for start in sorted(samples, key=lambda sample: neighbours[sample] != 1):  # ends first: closed lines have none
        if start in left:
            line = _walk(start, left)
            # Diagonals may stay two samples wide. What runs beside a line is a part of it.
            if not all(_neighbours(sample) & followed for sample in line):
                yield line
            followed.update(line)


def _neighbours(sample: Sample) -> set[Sample]:
    return {(sample[0] + down, sample[1] + right) for down, right in NEIGHBOURS}


def _walk(start: Sample, left: set[Sample]) -> list[Sample]:
    """The line from `start`, as straight as it can be followed. Takes its samples out of `left`."""
    left.remove(start)
    line = [start]
    down, right = 0, 0  # the direction of the last steps
    while True:
        row, column = line[-1]
        steps = [step for step in NEIGHBOURS if (row + step[0], column + step[1]) in left]
        if not steps:
            return line
        step = max(steps, key=lambda step: step[0] * down + step[1] * right - DIAGONAL * (step[0] * step[1] != 0))
        left.remove(sample := (row + step[0], column + step[1]))
        line.append(sample)
        earlier = line[-STRAIGHT:][0]
        down, right = sample[0] - earlier[0], sample[1] - earlier[1]


def _smooth(line: list[Sample]) -> np.ndarray:
    """The line as a stroke in samples, float64 (2, m): without the steps of the samples and with few points."""
    points = np.array(line, np.float64).T[::-1]  # (2, n): x, y
    if len(line) < 3:
        return points
    around = np.pad(points, ((0, 0), (SMOOTHED // 2, SMOOTHED // 2)), "reflect", reflect_type="odd")  # the ends stay
    smooth = np.stack([np.convolve(axis, np.ones(SMOOTHED) / SMOOTHED, "valid") for axis in around], axis=1)
    fewer = cv2.approxPolyDP(smooth.astype(np.float32), TOLERANCE * ENLARGED, False)  # (m, 1, 2)
    return fewer[:, 0].T.astype(np.float64)
