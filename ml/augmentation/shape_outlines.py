"""Outlines of shapes before a hand draws them: a random circle, star or arrow, as people proportion it.

`draw_outline` returns lines; `ml.augmentation.synthetic_shapes` draws them with the faults of a hand. The labels keep
apart what people keep apart: a circle is at most 1.25 times as wide as high, an ellipse at least 1.38 times; the same
for square and rectangle (1.2 and 1.35). A square that is turned by about 45 degrees is a diamond.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

Rng = np.random.Generator

ARC = np.pi / 32  # radians between two points of a curve


class Line(NamedTuple):
    """One line of an outline."""

    points: np.ndarray
    """float64 (2, n), y pointing down, in a box of about -1 to 1. A closed line does not repeat its first point."""
    closed: bool
    angular: bool
    """Whether the points are corners that straight lines join. Otherwise they follow a curve."""


def draw_outline(label: str, rng: Rng) -> list[Line]:
    """A random outline of the shape `label`, a key of OUTLINES."""
    return OUTLINES[label](rng)


def turn(points: np.ndarray, angle: float) -> np.ndarray:
    """The points (2, n) turned about the origin by `angle` in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]]) @ points


def _angle(rng: Rng, degrees: float, free: float) -> float:
    """A turn in radians: about 0 with this standard deviation, or any with the chance `free`."""
    return float(rng.uniform(0, 2 * np.pi) if rng.random() < free else np.deg2rad(rng.normal(0, degrees)))


def _polar(angles: np.ndarray, radii: np.ndarray | float) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)]) * radii


# Round shapes


def _round(rng: Rng, ratio: float, angle: float) -> list[Line]:
    """A closed round line, `ratio` times as long as it is wide, a little uneven."""
    angles = np.arange(0, 2 * np.pi, ARC)
    radii = np.ones_like(angles)
    for waves in (1, 2, 3, 4):
        radii += rng.normal(0, 0.035 / waves) * np.cos(waves * angles + rng.uniform(0, 2 * np.pi))
    points = _polar(angles, radii) * np.array([[1.0], [1 / ratio]])
    return [Line(turn(points, angle), True, False)]


def circle(rng: Rng) -> list[Line]:
    return _round(rng, float(np.exp(min(abs(rng.normal(0, 0.09)), 0.22))), rng.uniform(0, np.pi))


def ellipse(rng: Rng) -> list[Line]:
    upright = np.pi / 2 if rng.random() < 0.35 else 0.0
    return _round(rng, rng.uniform(1.38, 2.9), upright + _angle(rng, 8, 0.3))


def cloud(rng: Rng) -> list[Line]:
    """Bulges along an ellipse, sometimes on a flat base, sometimes with rain below."""
    count = int(rng.integers(5, 14))
    ratio, depth = rng.uniform(1.1, 2.6), rng.uniform(0.55, 1.25)
    ends = np.cumsum(rng.uniform(0.5, 1.3, count))
    ends = np.concatenate([[0.0], ends]) / ends[-1] * 2 * np.pi
    flat = rng.random() < 0.3
    pieces = []
    for start, end in pairwise(ends):
        steps = np.linspace(0, 1, 10, endpoint=False)
        angles = start + (end - start) * steps
        radii = 1 + depth * (end - start) / 2 * np.sin(np.pi * steps) ** rng.uniform(0.5, 1)
        if flat and np.sin((start + end) / 2) > 0.15:  # the base
            radii = np.ones_like(steps)
        pieces.append(_polar(angles, radii * rng.uniform(0.92, 1.08)))
    points = np.concatenate(pieces, axis=1)
    points[1] /= ratio
    if flat:
        points[1] = np.minimum(points[1], 0.45 / ratio)
    lines = [Line(turn(points, _angle(rng, 6, 0.05)), True, False)]
    if rng.random() < 0.05:
        drops = [np.array([[x, x - 0.05], [1.0, 1.2]]) for x in np.linspace(-0.6, 0.6, int(rng.integers(3, 7)))]
        lines += [Line(drop / np.array([[1], [ratio**0.5]]), False, True) for drop in drops]
    return lines


def moon(rng: Rng) -> list[Line]:
    """A crescent; one in eight is a full moon with craters."""
    if rng.random() < 0.12:
        lines = circle(rng)
        for _ in range(int(rng.integers(1, 8))):
            crater = _polar(np.arange(0, 2 * np.pi, 0.5), rng.uniform(0.02, 0.22))
            lines.append(Line(crater + _polar(rng.uniform(0, 6.3, 1), rng.uniform(0, 0.65)), True, False))
        return lines
    half = rng.uniform(0.33, 0.82) * np.pi  # from the middle of the back to a tip
    outer = np.arange(-half, half, ARC)
    back = _polar(outer, 1.0)
    tip = abs(np.sin(half))
    depth = rng.uniform(0.05, 0.85)  # of the hollow, as a share of the way from the tips to the back
    hollow = np.cos(half) + depth * (1 - np.cos(half)) * 0.9
    # The inner line is a part of an ellipse from tip to tip.
    inner = np.linspace(np.pi / 2, -np.pi / 2, 24)[1:-1]
    front = np.stack([np.cos(half) + (hollow - np.cos(half)) * np.cos(inner), tip * np.sin(inner)])
    points = np.concatenate([back, front], axis=1) * np.array([[rng.uniform(0.7, 1.15)], [1.0]])
    base = np.pi if rng.random() < 0.5 else 0.0
    return [Line(turn(points, base + _angle(rng, 22, 0.2)), True, False)]


def heart(rng: Rng) -> list[Line]:
    """Two lobes and a tip: two cubic curves, mirrored; drawn as one line or as two halves."""
    dip, lobe, wide = rng.uniform(-0.72, -0.1), rng.uniform(-1.7, -1.05), rng.uniform(0.9, 1.6)
    belly = rng.uniform(-0.1, 0.45)
    half = _cubic((0.0, dip), (0.25 * wide, lobe), (1.25 * wide, lobe * 0.75), (wide * 0.78, belly - 0.25))
    rest = _cubic((wide * 0.78, belly - 0.25), (wide * 0.6, belly + 0.05), (0.2, 0.75), (0.0, 1.0))
    right = np.concatenate([half[:, :-1], rest], axis=1)
    left = (right * np.array([[-rng.uniform(0.85, 1.15)], [1.0]]))[:, ::-1]
    angle = _angle(rng, 9, 0.06)
    if rng.random() < 0.2:
        return [Line(turn(side, angle), False, False) for side in (right, left[:, ::-1])]
    return [Line(turn(np.concatenate([right[:, :-1], left[:, :-1]], axis=1), angle), True, False)]


def _cubic(*corners: tuple[float, float]) -> np.ndarray:
    """A Bezier curve of four control points, (2, 20)."""
    t = np.linspace(0, 1, 20)
    a, b, c, d = (np.array(corner)[:, None] for corner in corners)
    return a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t**2 * (1 - t) + d * t**3


# Shapes with corners


def _box(rng: Rng, ratio: float, angle: float, uneven: float) -> list[Line]:
    corners = np.array([[-1.0, 1, 1, -1], [-1, -1, 1, 1]]) / np.array([[1.0], [ratio]])
    corners += rng.normal(0, uneven, (2, 4)) / np.array([[1.0], [ratio**0.5]])
    corners[0] += rng.normal(0, 0.06) * corners[1]  # slanted
    return [Line(turn(corners, angle), True, True)]


def square(rng: Rng) -> list[Line]:
    upright = np.pi / 2 if rng.random() < 0.5 else 0.0
    angle = upright + np.deg2rad(np.clip(rng.normal(0, 7), -22, 22))
    return _box(rng, float(np.exp(min(abs(rng.normal(0, 0.08)), 0.18))), angle, 0.06)


def rectangle(rng: Rng) -> list[Line]:
    upright = np.pi / 2 if rng.random() < 0.4 else 0.0
    return _box(rng, rng.uniform(1.35, 3.6), upright + _angle(rng, 5, 0.2), 0.045)


def diamond(rng: Rng) -> list[Line]:
    """A rhombus on its tip."""
    ratio = rng.uniform(0.95, 2.3)
    corners = np.array([[0.0, 1, 0, -1], [-ratio, 0, ratio, 0]]) / ratio
    corners += rng.normal(0, 0.05, (2, 4))
    corners[1, [1, 3]] += rng.normal(0, 0.08)
    quarter = np.pi / 2 if rng.random() < 0.25 else 0.0
    return [Line(turn(corners, quarter + np.deg2rad(np.clip(rng.normal(0, 7), -18, 18))), True, True)]


def triangle(rng: Rng) -> list[Line]:
    kind = rng.random()
    if kind < 0.55:
        corners = np.array([[0.0, 1, -1], [-rng.uniform(0.8, 2.4), 0, 0]])
    elif kind < 0.75:
        corners = np.array([[-1.0, 1, -1], [-rng.uniform(0.6, 1.8), 0, 0]]) * rng.choice((-1, 1), (2, 1))
    else:
        corners = np.array([[rng.uniform(-1.1, 1.1), 1, -1], [-rng.uniform(0.7, 2), 0, 0]])
    corners -= corners.mean(axis=1, keepdims=True)
    corners += rng.normal(0, 0.07, (2, 3))
    upside_down = np.pi if rng.random() < 0.15 else 0.0
    return [Line(turn(corners, upside_down + _angle(rng, 6, 0.2)), True, True)]


def _polygon(count: int) -> Callable[[Rng], list[Line]]:
    def polygon(rng: Rng) -> list[Line]:
        step = 2 * np.pi / count
        angles = np.arange(count) * step + np.clip(rng.normal(0, 0.11, count), -0.25, 0.25) * step
        corners = _polar(angles, np.clip(rng.normal(1, 0.06, count), 0.84, 1.16))
        # Most have a flat base; a pentagon stands on it with a corner on top.
        corners = turn(corners, np.pi / 2 - step / 2 + _angle(rng, 5, 0.3))
        corners *= np.exp(np.clip(rng.normal(0, 0.11, (2, 1)), -0.25, 0.25))
        return [Line(corners, True, True)]

    return polygon


def star(rng: Rng) -> list[Line]:
    """Five points in one line that crosses itself, or as an outline; fewer of them with four to eight points."""
    kind, angle = rng.random(), _angle(rng, 9, 0.15)
    if kind < 0.07:  # two triangles
        one = _polar(np.arange(3) * 2 * np.pi / 3 - np.pi / 2, 1.0)
        two = -one * np.exp(rng.normal(0, 0.08, (2, 1))) + rng.normal(0, 0.07, (2, 1))
        return [Line(turn(part + rng.normal(0, 0.05, (2, 3)), angle), True, True) for part in (one, two)]
    if kind < 0.5:
        around = np.arange(5) * 2 % 5 * 2 * np.pi / 5 - np.pi / 2
        corners = _polar(around, rng.normal(1, 0.09, 5)) + rng.normal(0, 0.07, (2, 5))
    else:
        count = 5 if kind < 0.9 else int(rng.choice((4, 6, 7, 8)))
        radii = np.where(np.arange(2 * count) % 2, rng.uniform(0.3, 0.58), 1.0) * rng.normal(1, 0.08, 2 * count)
        corners = _polar(np.arange(2 * count) * np.pi / count - np.pi / 2, radii)
    corners *= np.exp(rng.normal(0, 0.1, (2, 1)))
    return [Line(turn(corners, angle), True, True)]


def cross(rng: Rng) -> list[Line]:
    """Two lines: upright, as an x, or with a long stem; some as an outline."""
    long = rng.uniform(1.2, 1.9) if rng.random() < 0.3 else np.exp(rng.normal(0, 0.15))  # of the stem
    high = rng.uniform(-0.55, -0.1) * long if long > 1.2 else rng.normal(0, 0.07)  # of the crossing
    diagonal = np.pi / 4 if long < 1.2 and rng.random() < 0.5 else 0.0
    angle = diagonal + _angle(rng, 6, 0.05)
    if rng.random() < 0.15:
        half = rng.uniform(0.18, 0.36)
        x, y = (1.0, half), (long, half)
        right = np.array([[y[1], x[1], x[0], x[0], x[1], x[1]], [-y[0], -y[1], -y[1], y[1], y[1], y[0]]])
        right[1, 1:5] += high / 2
        right[0, 0] = right[0, 5] = half
        left = right[:, ::-1] * np.array([[-1.0], [1.0]])
        return [Line(turn(np.concatenate([right, left], axis=1) + rng.normal(0, 0.03, (2, 12)), angle), True, True)]
    stem = np.array([[0.0, 0.0], [-long, long]]) + rng.normal(0, 0.06, (2, 2))
    bar = np.array([[-1.0, 1.0], [high, high]]) + rng.normal(0, 0.06, (2, 2))
    return [Line(turn(line, angle), False, True) for line in (stem, bar)]


# Open lines


def line(rng: Rng) -> list[Line]:
    angle = rng.choice((0.0, 0.0, np.pi / 2, rng.uniform(0, np.pi))) + np.deg2rad(rng.normal(0, 5))
    return [Line(turn(_bowed(rng.normal(0, 0.025)), angle), False, False)]


def _bowed(bow: float) -> np.ndarray:
    """A line from -1 to 1 whose middle is off by `bow`: (2, 21)."""
    x = np.linspace(-1, 1, 21)
    return np.stack([x, bow * (1 - x**2)])


def arrow(rng: Rng) -> list[Line]:
    """A shaft with a head: open, as one line with the shaft, closed, or the whole arrow as an outline."""
    angle = _angle(rng, 8, 0.5) + float(rng.choice((0, 0, 0.5, 1, 1.5))) * np.pi
    long, spread = rng.uniform(0.25, 0.8), np.deg2rad(rng.uniform(22, 58))
    if rng.random() < 0.14:  # outline
        neck, half, wide = rng.uniform(-0.1, 0.5), rng.uniform(0.12, 0.3), rng.uniform(0.45, 0.85)
        corners = np.array([[-1, neck, neck, 1, neck, neck, -1], [-half, -half, -wide, 0, wide, half, half]])
        return [Line(turn(corners + rng.normal(0, 0.04, (2, 7)), angle), True, True)]
    bow = rng.normal(0, 0.35 if rng.random() < 0.15 else 0.05)
    shaft = _bowed(bow)
    end = shaft[:, -1:]
    back = np.arctan2(2 * bow, -1.0) + rng.normal(0, 0.08)  # from the tip backwards along the shaft
    sides = [end + _polar(np.array([back + sign * spread]), long * rng.uniform(0.85, 1.15)) for sign in (-1, 1)]
    kind = rng.random()
    if kind < 0.2:  # one line: shaft, one side, back to the tip, the other side
        pieces = [_corner_line(shaft, np.concatenate([sides[0], end, sides[1]], axis=1))]
    else:
        head = np.concatenate([sides[0], end + rng.normal(0, 0.05, (2, 1)), sides[1]], axis=1)
        pieces = [Line(shaft, False, False)]
        if kind < 0.65:
            pieces.append(Line(head, False, True))
        elif kind < 0.85:
            pieces += [Line(np.concatenate([end, side], axis=1), False, True) for side in sides]
        else:
            pieces.append(Line(head, True, True))
    return [Line(turn(piece.points, angle), piece.closed, piece.angular) for piece in pieces]


def _corner_line(curve: np.ndarray, corners: np.ndarray) -> Line:
    """A curve (2, n) that continues with straight lines between corners (2, m)."""
    every = np.concatenate([curve[:, ::5], corners], axis=1)
    return Line(every, False, True)


def zigzag(rng: Rng) -> list[Line]:
    count = int(rng.integers(4, 7) if rng.random() < 0.45 else rng.integers(6, 18)) + 1
    along = np.cumsum(rng.uniform(0.6, 1.4, count)) if rng.random() < 0.6 else np.arange(count, dtype=float)
    along *= rng.uniform(0.25, 1.2)
    across = np.where(np.arange(count) % 2, 1.0, -1.0) * (rng.uniform(0.55, 1.3, count) if rng.random() < 0.6 else 1.0)
    across += np.linspace(0, rng.normal(0, 0.6), count)
    points = np.stack([along, across]) + rng.normal(0, 0.06, (2, count))
    upright = np.pi / 2 if rng.random() < 0.35 else 0.0
    return [Line(turn(_to_box(points), upright + _angle(rng, 12, 0.2)), False, True)]


def spiral(rng: Rng) -> list[Line]:
    rounds = rng.uniform(1.7, 3) if rng.random() < 0.4 else rng.uniform(2.5, 6)
    angles = np.arange(0, rounds * 2 * np.pi, ARC * 2)
    radii = np.linspace(rng.uniform(0, 0.12), 1, angles.size) ** rng.uniform(0.75, 1.3)
    drift = np.cumsum(rng.normal(0, 0.008, (2, angles.size)), axis=1)
    points = _polar(angles * rng.choice((-1, 1)), radii) * np.array([[1.0], [rng.uniform(0.65, 1)]]) + drift
    return [Line(turn(points, rng.uniform(0, 2 * np.pi)), False, False)]


def squiggle(rng: Rng) -> list[Line]:
    """A wave, regular or not, a row of loops, or a line that wanders smoothly."""
    kind = rng.random()
    if kind < 0.3:
        periods = rng.uniform(1.2, 3) if rng.random() < 0.5 else rng.uniform(2, 9)
        t = np.arange(0, periods * 2 * np.pi, 0.25)
        heights = np.interp(t, np.linspace(0, t[-1], 8), rng.uniform(0.5, 1.3, 8))
        points = np.stack([t * rng.uniform(0.15, 0.7), heights * np.sin(t + rng.uniform(0, 6.3))])
    elif kind < 0.6:
        points = _rounded_zigzag(rng)
    elif kind < 0.8:
        t = np.arange(0, rng.uniform(2, 9) * 2 * np.pi, 0.25)
        points = np.stack([t * rng.uniform(0.1, 0.5) - np.sin(t), -np.cos(t) * rng.uniform(0.7, 1.4)])
    else:
        count = int(rng.integers(50, 110))
        knots = int(rng.integers(5, 12))
        bends = np.interp(np.arange(count), np.linspace(0, count, knots), rng.normal(0, 0.3, knots))
        points = np.cumsum(_polar(np.cumsum(bends), 1.0), axis=1)
    upright = np.pi / 2 if rng.random() < 0.2 else 0.0
    return [Line(turn(_to_box(points), upright + _angle(rng, 14, 0.2)), False, False)]


def _rounded_zigzag(rng: Rng) -> np.ndarray:
    """A line up and down as far and as often as it comes, with round turns: (2, n)."""
    count = int(rng.integers(4, 14))
    along = np.cumsum(rng.uniform(0.3, 1.5, count)) * rng.uniform(0.4, 1.2)
    across = np.where(np.arange(count) % 2, 1.0, -1.0) * rng.uniform(0.2, 1.3, count) + rng.normal(0, 0.3, count)
    places, width = np.arange(0, count - 1, 1 / 14), int(rng.choice((5, 7, 9, 11)))  # points of a side, of a turn
    points = np.stack([np.interp(places, np.arange(count), axis) for axis in (along, across)])
    padded = np.pad(points, ((0, 0), (width // 2, width // 2)), "reflect", reflect_type="odd")
    return np.stack([np.convolve(axis, np.ones(width) / width, "valid") for axis in padded])


def _to_box(points: np.ndarray) -> np.ndarray:
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    return 2 * (points - (low + high) / 2) / max(float((high - low).max()), 1e-9)


OUTLINES: dict[str, Callable[[Rng], list[Line]]] = {
    "circle": circle, "ellipse": ellipse, "square": square, "rectangle": rectangle, "triangle": triangle,
    "diamond": diamond, "star": star, "pentagon": _polygon(5), "hexagon": _polygon(6), "octagon": _polygon(8),
    "line": line, "arrow": arrow, "zigzag": zigzag, "spiral": spiral, "squiggle": squiggle, "heart": heart,
    "cross": cross, "cloud": cloud, "moon": moon,
}  # fmt: skip
