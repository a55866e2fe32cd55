"""Draw shapes as people do: `draw_shape` gives a random outline the faults and the habits of a hand.

A hand starts anywhere on a closed line and goes either way; it misses the start by a gap or overshoots it, goes round
more than once, lifts the pen at corners, rounds corners, bows straight lines, shakes, draws a line twice, and sometimes
fills the shape with hatching. The network is trained on these drawings. Another generator makes drawings of the same
shapes for the tests: `ml.augmentation.shapes_for_tests`.
"""

from __future__ import annotations

import numpy as np

from ml.augmentation.shape_outlines import Line, draw_outline
from ml.preprocessing.ink import Ink

Rng = np.random.Generator

SPACING = 0.06  # between two points of a drawn line, in a box of 2
HATCHED = 0.025  # chance of a closed shape to be filled
RETRACED = 0.06  # chance of a whole shape to be drawn twice
ANGULAR_SPLIT, ROUND_SPLIT = 0.25, 0.07  # chance of a closed line to be drawn as several strokes


def draw_shape(label: str, rng: Rng) -> Ink:
    """The ink of a shape (a key of `OUTLINES`), different each time: strokes float64 (2, n) in a box of about 2."""
    lines = draw_outline(label, rng)
    if rng.random() < RETRACED and label not in ("spiral", "squiggle", "zigzag", "cloud"):
        lines = [*lines, *(Line(line.points + rng.normal(0, 0.035, line.points.shape), *line[1:]) for line in lines)]
    lines = _bent(lines, rng, min(abs(rng.normal(0, 0.035)), 0.06) * (0.4 if label == "line" else 1))
    shake = abs(rng.normal(0, 0.03 if rng.random() < 0.3 else 0.012))
    # The length that a corner is rounded over. Without corners, a zigzag would be a squiggle.
    corner = max(0.0, rng.normal(0.05, 0.07)) * (0.4 if label == "zigzag" else 1)
    strokes = [stroke for line in lines for stroke in _strokes_of(line, rng, corner)]
    if lines[0].closed and label != "moon" and rng.random() < HATCHED:
        strokes.append(_hatching(lines[0].points, rng))
    if rng.random() < 0.3:
        strokes = [stroke for row in rng.permutation(len(strokes)) for stroke in (strokes[row],)]
    return [_shaken(stroke, rng, shake) for stroke in strokes]


def _bent(lines: list[Line], rng: Rng, amount: float) -> list[Line]:
    """The lines after a smooth random displacement of the plane: the sum of three waves."""
    directions, phases = rng.normal(0, 2.2, (3, 2)), rng.uniform(0, 2 * np.pi, (3, 1))
    weights = rng.normal(0, amount, (2, 3))
    return [Line(line.points + weights @ np.sin(directions @ line.points + phases), *line[1:]) for line in lines]


def _strokes_of(line: Line, rng: Rng, corner: float) -> Ink:
    """The strokes that draw one line, in either direction."""
    points = line.points[:, ::-1] if rng.random() < 0.5 else line.points
    if not line.closed:
        path = _bow_edges(points, rng) if line.angular else _even(points)
        return [_round_corners(path, corner) if line.angular else path]
    count = points.shape[1]
    points = np.roll(points, -int(rng.integers(count)), axis=1)
    if rng.random() < (ANGULAR_SPLIT if line.angular else ROUND_SPLIT):
        return _in_pieces(points, line.angular, rng, corner)
    path = np.concatenate([points, points[:, :1]], axis=1)
    path = _bow_edges(path, rng) if line.angular else _even(path)
    path = _round_corners(path, corner, closed=True)
    if line.angular and rng.random() < 0.25:  # started in the middle of a side
        shift = int(rng.integers(path.shape[1]))
        path = np.concatenate([path[:, shift:], path[:, 1 : shift + 1]], axis=1)
    return [_miss_the_start(path, line.angular, rng)]


def _in_pieces(points: np.ndarray, angular: bool, rng: Rng, corner: float) -> Ink:
    """A closed line as two or more strokes that meet inexactly, at corners if there are any."""
    count = points.shape[1]
    most = count if angular and count <= 8 else 3
    cuts = np.sort(rng.choice(count, int(rng.integers(2, most + 1)), replace=False))
    strokes = []
    for start, end in zip(cuts, np.append(cuts[1:], cuts[0] + count), strict=True):
        piece = points[:, np.arange(start, end + 1) % count]
        if angular:
            piece = _round_corners(_bow_edges(_stretched(piece, rng), rng), corner)
        strokes.append((_even(piece) if not angular else piece) + rng.normal(0, 0.025, (2, 1)))
    return strokes


def _stretched(corners: np.ndarray, rng: Rng) -> np.ndarray:
    """Corners (2, n) whose first and last side are a little too long or too short."""
    moved = corners.copy()
    moved[:, 0] += (corners[:, 0] - corners[:, 1]) * np.clip(rng.normal(0.01, 0.06), -0.12, 0.25)
    moved[:, -1] += (corners[:, -1] - corners[:, -2]) * np.clip(rng.normal(0.01, 0.06), -0.12, 0.25)
    return moved


def _bow_edges(corners: np.ndarray, rng: Rng) -> np.ndarray:
    """Points (2, n) along the sides between corners (2, m); each side is bowed a little to one side."""
    pieces = []
    steady = 0.02 if rng.random() < 0.6 else 0.06
    for start, end in zip(corners.T[:-1], corners.T[1:], strict=True):
        side = end - start
        t = np.arange(0, 1, SPACING / max(float(np.hypot(*side)), SPACING))
        across = np.array([-side[1], side[0]])[:, None] * rng.normal(0, steady)
        pieces.append(start[:, None] + side[:, None] * t + across * (4 * t * (1 - t)))
    return np.concatenate([*pieces, corners[:, -1:]], axis=1)


def _even(points: np.ndarray) -> np.ndarray:
    """The line through points (2, n) with points at equal distances."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points)))])
    places = np.linspace(0, along[-1], max(2, round(along[-1] / SPACING)))
    return np.stack([np.interp(places, along, axis) for axis in points])


def _round_corners(path: np.ndarray, length: float, *, closed: bool = False) -> np.ndarray:
    """The path with each point replaced by the mean of those within `length`."""
    width = 2 * round(length / SPACING) + 1
    if width < 3 or path.shape[1] <= width:
        return path
    pad = ((0, 0), (width // 2, width // 2))
    padded = (
        np.pad(path[:, :-1], ((0, 0), (width // 2, width // 2 + 1)), "wrap")
        if closed
        else np.pad(path, pad, "reflect", reflect_type="odd")
    )
    return np.stack([np.convolve(axis, np.ones(width) / width, "valid") for axis in padded])


def _miss_the_start(path: np.ndarray, angular: bool, rng: Rng) -> np.ndarray:
    """A closed path, the last point being the first, with its end beside the start, before it, or beyond it."""
    count = path.shape[1]
    t = np.linspace(0, 1, count)
    path = path + rng.normal(0, 0.04, (2, 1)) * t**2  # the hand drifts away
    kind = rng.random()
    if kind < 0.25:  # a gap
        return path[:, : max(3, int(count * (1 - rng.uniform(0.01, 0.13))))]
    if kind < 0.5:  # beyond the start
        more = int(count * rng.uniform(0.02, 0.12)) + 1
    elif kind < 0.6 and not angular:  # once more around
        more = int(count * rng.uniform(0.3, 1.3))
    else:
        return path
    extra = path[:, np.arange(1, more + 1) % (count - 1)] + path[:, -1:] - path[:, :1]
    return np.concatenate([path, extra + rng.normal(0, 0.03, (2, 1)) * np.linspace(0, 1, more)], axis=1)


def _hatching(outline: np.ndarray, rng: Rng) -> np.ndarray:
    """One line to and fro across the inside of a closed outline (2, n)."""
    angle = rng.uniform(0, np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    frame = np.array([[cos, sin], [-sin, cos]])
    ring = frame @ np.concatenate([outline, outline[:, :1]], axis=1)
    levels = np.arange(ring[1].min() + 0.05, ring[1].max(), rng.uniform(0.06, 0.3))
    ends = []
    for number, level in enumerate(levels):
        above = ring[1] >= level
        sides = np.flatnonzero(above[:-1] != above[1:])
        if len(sides):
            share = (level - ring[1, sides]) / (ring[1, sides + 1] - ring[1, sides])
            x = ring[0, sides] + share * (ring[0, sides + 1] - ring[0, sides])
            pair = [(x.min(), level), (x.max(), level)]
            ends += pair if number % 2 else pair[::-1]
    points = np.array(ends or [(0.0, 0.0), (0.1, 0.0)]).T
    return frame.T @ (points * 0.94 + rng.normal(0, 0.02, points.shape))


def _shaken(stroke: np.ndarray, rng: Rng, amount: float) -> np.ndarray:
    """The stroke with a smooth random displacement and, in some drawings, the tremor of a mouse."""
    count = stroke.shape[1]
    knots = max(2, count // 6)
    places = np.linspace(0, count - 1, knots)
    moved = stroke + np.stack([np.interp(np.arange(count), places, rng.normal(0, amount, knots)) for _ in range(2)])
    return moved + rng.normal(0, amount / 3, stroke.shape) if rng.random() < 0.3 else moved
