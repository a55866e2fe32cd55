"""Draw prototypes: characters written down as points, a little different each time they are drawn.

A prototype is one way to write a character in a box of 100 x 100 with y pointing down: points `x,y` joined by a smooth
line, `!` after a point that is a corner, and `|` between strokes. A stroke of one point is a dot.
"""

from __future__ import annotations

import numpy as np

from ml.preprocessing.ink import Ink

Rng = np.random.Generator

POINT_DEVIATION = 3.5  # standard deviation by which each point is moved, in the box of 100
POINTS_PER_SEGMENT = 10  # drawn between two points of a prototype


def draw_prototype(prototype: str, rng: Rng) -> Ink:
    """The ink of a prototype with its points moved at random: strokes float64 (2, n)."""
    return [
        np.concatenate([_smooth_line(segment) for segment in _parse_stroke(stroke, rng)], axis=1)
        for stroke in prototype.split("|")
    ]


def _parse_stroke(stroke: str, rng: Rng) -> list[np.ndarray]:
    """The points (2, n) of each piece between two corners, moved at random. Neighbouring pieces share their corner."""
    pieces: list[list[np.ndarray]] = [[]]
    words = stroke.split()
    for word in words:
        point = np.array([float(number) for number in word.rstrip("!").split(",")]) + rng.normal(0, POINT_DEVIATION, 2)
        pieces[-1].append(point)
        if word.endswith("!"):
            pieces.append([point])
    return [np.array(piece).T for piece in pieces if len(piece) > 1 or len(words) == 1]


def _smooth_line(points: np.ndarray) -> np.ndarray:
    """A Catmull-Rom spline (Catmull and Rom 1974) through points (2, n): (2, (n - 1) * POINTS_PER_SEGMENT + 1)."""
    padded = np.concatenate([points[:, :1], points, points[:, -1:]], axis=1)  # (2, n + 2): the ends twice
    # Each segment runs from `start` to `end`; the points `before` and `after` give its direction at the ends.
    before, start, end, after = (padded[:, i : i + points.shape[1] - 1, None] for i in range(4))  # (2, n - 1, 1) each
    t = np.arange(POINTS_PER_SEGMENT) / POINTS_PER_SEGMENT  # along a segment, 0 to 1
    curve = start + 0.5 * t * (
        end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )  # (2, n - 1, POINTS_PER_SEGMENT)
    return np.concatenate([curve.reshape(2, -1), points[:, -1:]], axis=1)
