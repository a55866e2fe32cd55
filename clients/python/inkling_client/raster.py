"""Draw ink as the raster that a model takes, sample by sample as the site does. Needs NumPy: `inkling-client[device]`.

    raster.rasterise(ink, **model["raster"])  # `model` is what the site says at /api/v1/recognizers/<slug>/model

docs/raster.md of Inkling explains each step. All arithmetic on lines is done in whole numbers of 1/65536 of a sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

PREPROCESS_VERSION = 1
"""The version of the recipe. A model of another `preprocess_version` needs another client."""

SAMPLES = 8  # per pixel and axis
GRID = 16  # points lie on a grid of 1/16 of a sample
TIE_BREAK = 1e-4  # of a step of the grid: a coordinate between two steps is rounded to the same side everywhere
SMALLEST_EXTENT = 1e-6  # smaller ink is a dot
ONE = 1 << 16  # one sample
HALF = ONE // 2

Whole = npt.NDArray[np.int64]
Spans = tuple[Whole, Whole, Whole]
"""Rows of the canvas, and the first and the last sample of each that is ink."""


def rasterise(
    ink: Sequence[Sequence[Sequence[float]]], *, size: int = 28, box: float = 20, pen: float = 2.2, centre: str = "mass"
) -> npt.NDArray[np.uint8]:
    """The raster of ink: uint8 (size, size), 255 where the ink covers a pixel wholly, 0 where it does not.

    `ink` is a list of strokes, each `[[x, ...], [y, ...]]` or with a third list that is not used. `size` is the side of
    the raster in pixels, `box` the side of the box that the ink fills, `pen` the width of the line; `centre` says what
    lies in the middle, the "mass" of the ink or its "box". Raises ValueError for ink without points.
    """
    strokes = [np.array(stroke[:2], np.float64).T for stroke in ink]  # (n, 2) each
    if not strokes or not all(len(stroke) for stroke in strokes):
        raise ValueError("The ink has no strokes, or a stroke without points. Draw something first.")
    width = max(1, math.floor(pen * SAMPLES + 0.5))  # of the line, in samples
    lines = _fit(strokes, size, box, pen)
    discs = np.unique((np.concatenate(lines) + HALF) // ONE, axis=0)  # (n, 2)
    segments = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines])  # (n, 2, 2)
    bars = _bars(segments, width)
    side = size * SAMPLES
    canvas = _canvas(side, [_disc_spans(discs, (width + 1) // 2), *_edge_spans(bars, side), _bar_spans(bars)])
    return _average(_centre_by_mass(canvas) if centre == "mass" else canvas)


def as_input(raster: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """A raster (size, size) as the input of the model: float32 (1, size, size, 1) from 0 to 1."""
    return (raster.astype(np.float32) / np.float32(255))[np.newaxis, ..., np.newaxis]


def _fit(strokes: list[npt.NDArray[np.float64]], size: int, box: float, pen: float) -> list[Whole]:
    """The strokes in the box, whose sides the outside of the line touches: (n, 2) each, in 1/65536 of a sample."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    scale = (box - pen) / extent if extent > SMALLEST_EXTENT else 0.0
    middle = (low + high) / 2
    placed = [((stroke - middle) * scale + size / 2) * SAMPLES for stroke in strokes]
    # A sample's centre has whole coordinates, its corner not: therefore - 0.5. The other 0.5 makes floor() round.
    return [np.floor((line - 0.5) * GRID + 0.5 + TIE_BREAK).astype(np.int64) * (ONE // GRID) for line in placed]


def _bars(segments: Whole, width: int) -> Whole:
    """The four corners of the bar along each segment, in their order around it: (n, 4, 2)."""
    segments = segments[(segments[:, 0] != segments[:, 1]).any(axis=1)]
    start, end = segments[:, 0], segments[:, 1]
    along = (end - start) / ONE
    reach = (width + width % 2) * HALF / np.sqrt((along**2).sum(axis=1, keepdims=True))
    across = np.rint(np.stack([along[:, 1], -along[:, 0]], axis=1) * reach).astype(np.int64)
    return np.stack([start + across, start - across, end - across, end + across], axis=1)


def _disc_spans(centres: Whole, radius: int) -> Spans:
    """Discs around samples (n, 2)."""
    reach = np.array(_disc(radius))  # (2 * radius + 1,)
    rows = centres[:, 1:] + np.arange(-radius, radius + 1)
    return rows.ravel(), (centres[:, :1] - reach).ravel(), (centres[:, :1] + reach).ravel()


def _disc(radius: int) -> list[int]:
    """How far a disc reaches to either side in each of its rows, by the midpoint algorithm."""
    reach = [0] * (2 * radius + 1)
    long, short, error = radius, 0, 0
    while long >= short:
        for row, beside in ((short, long), (long, short)):
            for at in (radius - row, radius + row):
                reach[at] = max(reach[at], beside)
        error += 2 * short + 1
        short += 1
        if error > 0:
            error -= 2 * long - 1
            long -= 1
    return reach


def _edge_spans(bars: Whole, side: int) -> Iterator[Spans]:
    """The edges of the bars as lines of one sample: one for each whole step along the longer axis, and the end."""
    start, end = _clip(np.roll(bars, 1, axis=1).reshape(-1, 2), bars.reshape(-1, 2), side * ONE - 1)
    extent = np.abs(end - start)
    for axis in (0, 1):  # the longer one
        longer = extent[:, 0] > extent[:, 1] if axis == 0 else extent[:, 0] <= extent[:, 1]
        a, b = start[longer], end[longer]
        backwards = (a[:, axis] > b[:, axis])[:, np.newaxis]
        a, b = np.where(backwards, b, a), np.where(backwards, a, b)
        beside = 1 - axis
        slope = _divide((b[:, beside] - a[:, beside]) * ONE, (b[:, axis] - a[:, axis]) | 1)
        edge, step = _count((b[:, axis] - a[:, axis]) // ONE + 1)
        points = np.empty((len(edge), 2), np.int64)
        points[:, axis] = (a[edge, axis] + HALF) // ONE + step
        points[:, beside] = (a[edge, beside] + HALF + slope[edge] * step) // ONE
        for x, y in (points.T, ((b + HALF) // ONE).T):
            yield y, x, x


def _clip(start: Whole, end: Whole, limit: int) -> tuple[Whole, Whole]:
    """The parts of lines (n, 2) from 0 to `limit`. Only a box as large as the raster needs it."""
    for axis in (1, 0):
        low, high = np.minimum(start, end)[:, axis], np.maximum(start, end)[:, axis]
        start, end = (points[(high >= 0) & (low <= limit)] for points in (start, end))
        if (low >= 0).all() and (high <= limit).all():
            continue
        for here, there in ((start, end), (end, start)):
            past = (here[:, axis] < 0) | (here[:, axis] > limit)
            a, b = here[past], there[past]
            bound = np.clip(a[:, axis], 0, limit)
            change = (bound - a[:, axis]).astype(np.float64) * (b - a)[:, 1 - axis] / (b - a)[:, axis]
            here[past, 1 - axis] += change.astype(np.int64)  # rounded towards zero
            here[past, axis] = bound
    return start, end


def _bar_spans(bars: Whole) -> Spans:
    """The inside of the bars, from the row of the highest corner to the one above the lowest corner."""
    rows = (bars[:, :, 1] + HALF) // ONE  # (n, 4) rows of the corners
    first = rows.min(axis=1)
    bar, step = _count(rows.max(axis=1) - first)
    top = bars[:, :, 1].argmin(axis=1)
    sides = [_side(bars, rows, top, way) for way in (1, -1)]
    left, right = np.minimum(*sides), np.maximum(*sides)
    return first[bar] + step, (left + HALF) // ONE, (right + HALF) // ONE


def _side(bars: Whole, rows: Whole, top: Whole, way: int) -> Whole:
    """x of one side of each bar in each of its rows, from the top corner down: around by +1 or by -1."""
    everyone = np.arange(len(bars))
    row = rows[everyone, top]
    starts, slopes, counts = (np.empty((len(bars), 3), np.int64) for _ in range(3))
    for edge in range(3):
        here, there = (top + way * edge) % 4, (top + way * (edge + 1)) % 4
        count = np.maximum(rows[everyone, there] - row, 0)  # an edge that goes down by no row is left out
        starts[:, edge] = bars[everyone, here, 0]
        change = bars[everyone, there, 0] - bars[everyone, here, 0]
        slopes[:, edge] = _divide(2 * change + count, 2 * np.maximum(count, 1))
        counts[:, edge] = count
        row = row + count
    which, step = _count(counts.ravel())
    x: Whole = starts.ravel()[which] + slopes.ravel()[which] * step
    return x


def _divide(a: Whole, b: Whole) -> Whole:
    """a / b without the fraction: rounded towards zero. b is positive."""
    return np.where(a < 0, -(-a // b), a // b)


def _count(counts: Whole) -> tuple[Whole, Whole]:
    """For counts (3, 0, 2): which (0, 0, 0, 2, 2), and 0, 1, 2, 0, 1."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)


def _canvas(side: int, spans: list[Spans]) -> npt.NDArray[np.bool_]:
    """A canvas (side, side) with these spans. What lies outside of it is left out."""
    rows, left, right = (np.concatenate(part) for part in zip(*spans, strict=True))
    inside = (rows >= 0) & (rows < side) & (right >= 0) & (left < side)
    starts = (rows * (side + 1) + np.maximum(left, 0))[inside]
    ends = (rows * (side + 1) + np.minimum(right, side - 1) + 1)[inside]
    length = side * (side + 1)
    changes = np.bincount(starts, minlength=length) - np.bincount(ends, minlength=length)
    return (np.cumsum(changes) > 0).reshape(side, side + 1)[:, :side]


def _centre_by_mass(canvas: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Move the ink by whole samples so that its centre of mass is in the centre, as far as all ink stays inside."""
    side = len(canvas)
    for axis in (0, 1):
        sums = np.count_nonzero(canvas, axis=1 - axis)
        (used,) = np.nonzero(sums)
        first, last = int(used[0]), int(used[-1])
        within = sums[first : last + 1]
        mass = first + int(within @ np.arange(len(within))) / int(within.sum())
        wanted = math.floor((side - 1) / 2 - mass + 0.5 + TIE_BREAK)
        canvas = np.roll(canvas, min(max(wanted, -first), side - 1 - last), axis)
    return canvas


def _average(canvas: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The share of ink among the 8 x 8 samples of each pixel, 255 for all."""
    size = len(canvas) // SAMPLES
    inked = canvas.reshape(size, SAMPLES, size, SAMPLES).sum(axis=(1, 3))
    greys: npt.NDArray[np.uint8] = np.floor(inked * 255 / SAMPLES**2 + 0.5).astype(np.uint8)
    return greys
