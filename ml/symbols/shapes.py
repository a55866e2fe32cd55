"""Compare the shapes of symbols as a person would draw them: in any size, with any pen.

Each symbol is drawn, thinned to its centre lines (as `ml.preprocessing.trace` does), and its lines are fitted into a
box of 1 as ink is. Two symbols have one shape if

- they have the same number of parts and of holes,
- no point of the lines of one is far from the lines of the other: the mean of the farthest 3 % of the distances, in
  both directions, relative to the size of the symbol, is below LINES, and
- no point of the filled area of one is far from the area of the other (INK): a filled shape is no line.

The limits were chosen on sheets of pairs of glyphs, before any drawing was looked at: all pairs up to 0.066 have one
shape, and the first pairs above it, as the signs of copyright and copyleft (0.067), have not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from ml.preprocessing.trace import thin_lines
from ml.symbols.outline import Outline

LINES = 0.0665  # of the size of a symbol
INK = 0.055
FARTHEST = 0.03  # of the points
SLACK = 0.05  # by which filled areas may differ: half of the difference between a thick and a thin line
INK_POINTS = 400  # of the area of each symbol are compared
SIDE, MARGIN = 112, 6  # pixels of the pictures
GRID, BOX = 128, 112  # samples in which distances are measured
NARROW = 0.3  # symbols narrower than this count as so wide: of a vertical line, nothing would be near
DOT = 4  # pixels; lines shorter than this are a dot


def compare_shapes(outlines: Sequence[Outline]) -> np.ndarray:
    """Which symbols have one shape: bool (n, n)."""
    pictures = np.stack([outline.draw(SIDE, MARGIN) for outline in outlines])  # (n, SIDE, SIDE)
    lines = [_fit(_line_points(picture)) for picture in pictures]
    parts = np.array([_count_parts(picture) for picture in pictures])  # (n, 2)
    sizes = np.array([_size(points) for points in lines])
    line_distances = _distances([_to_grid(points) for points in lines], FARTHEST)
    line_distances /= np.maximum(sizes[:, np.newaxis], sizes)
    ink_distances = _distances([_ink_points(picture) for picture in pictures], 0.1) - SLACK
    same_parts = (parts[:, np.newaxis] == parts).all(axis=-1)
    same: np.ndarray = same_parts & (line_distances <= LINES) & (ink_distances <= INK)
    return same


def _line_points(picture: np.ndarray) -> np.ndarray:
    """The samples of the centre lines, float64 (k, 2); of a part that thinning leaves nothing of, its centre."""
    ink = (picture > 127).astype(np.uint8)
    thin = thin_lines(ink)
    count, parts, _, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    lost = [centres[part] for part in range(1, count) if not thin[parts == part].any()]
    return np.concatenate([np.argwhere(thin)[:, ::-1], np.array(lost).reshape(-1, 2)])


def _fit(points: np.ndarray) -> np.ndarray:
    """Points in a box whose longer side is 1, around 0."""
    low, high = points.min(axis=0), points.max(axis=0)
    longest = float((high - low).max())
    fitted: np.ndarray = (points - (low + high) / 2) * (1 / longest if longest > DOT else 0)
    return fitted


def _size(points: np.ndarray) -> float:
    width, height = np.ptp(points, axis=0)
    return float(np.clip(np.sqrt(width * height), NARROW, 1))


def _count_parts(picture: np.ndarray) -> tuple[int, int]:
    """The numbers of parts and of holes."""
    ink = (picture > 127).astype(np.uint8)
    parts, _ = cv2.connectedComponents(ink, connectivity=8)
    background, _ = cv2.connectedComponents(1 - ink, connectivity=4)
    return parts - 1, background - 2


def _to_grid(points: np.ndarray) -> np.ndarray:
    return np.clip(np.round(points * BOX + GRID / 2), 0, GRID - 1).astype(np.int64)


def _ink_points(picture: np.ndarray) -> np.ndarray:
    """Samples of the filled area in the grid: int64 (k, 2), always the same ones of a large area."""
    points = np.argwhere(picture > 127)[:, ::-1]
    if len(points) > INK_POINTS:
        points = points[np.random.default_rng(0).permutation(len(points))[:INK_POINTS]]
    return np.clip(points * BOX // (SIDE - 2 * MARGIN), 0, GRID - 1)


def _distances(points: Sequence[np.ndarray], share: float) -> np.ndarray:
    """The larger mean of the farthest `share` of the distances of one set of points to another, float64 (n, n)."""
    fields = np.stack([_distance_field(each) for each in points])  # (n, GRID * GRID)
    farthest = np.empty((len(points), len(points)))
    for row, each in enumerate(points):
        distances = fields[:, each[:, 1] * GRID + each[:, 0]]  # (n, k)
        count = max(1, round(share * len(each)))
        farthest[row] = np.partition(distances, len(each) - count, axis=1)[:, -count:].mean(axis=1)
    return np.maximum(farthest, farthest.T)


def _distance_field(points: np.ndarray) -> np.ndarray:
    empty = np.ones((GRID, GRID), np.uint8)
    empty[points[:, 1], points[:, 0]] = 0
    field: np.ndarray = cv2.distanceTransform(empty, cv2.DIST_L2, 5).ravel() / BOX
    return field


def join_groups(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The numbers from 0 to `count` in groups: both numbers of a pair are in one group. In order of the first ones."""
    group_of = list(range(count))
    for one, other in pairs:
        old, new = group_of[other], group_of[one]
        group_of = [new if group == old else group for group in group_of]
    groups: dict[int, list[int]] = {}
    for number, group in enumerate(group_of):
        groups.setdefault(group, []).append(number)
    return list(groups.values())
