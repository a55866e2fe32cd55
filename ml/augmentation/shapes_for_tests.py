"""Shapes by another generator than the one that the network is trained on: for tests of shapes without real drawings.

It shares nothing with `ml.augmentation.synthetic_shapes`. Closed shapes are areas (inequalities in x and y, from the
textbook) whose picture is warped by an elastic field (Simard, Steinkraus, Platt 2003) and whose border is followed.
Open ones are the track of a turtle (Papert 1980) that goes and turns a little inexactly. Few points are left of either,
as Quick, Draw! leaves few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from ml.preprocessing.ink import Ink

Rng = np.random.Generator
Steps = Sequence[tuple[float, float]]
"""Moves of a turtle: how far it goes, then by how many degrees it turns."""

SIDE = 160  # pixels of the picture of an area
REACH = 1.6  # from its centre to its border
UNIT = 60  # pixels that a turtle goes in a move of 1
TOLERANCE = 1.2  # pixels that a point may be beside the line to be left out


def draw_test_shape(label: str, rng: Rng) -> Ink:
    """The ink of a shape by its label: strokes float64 (2, n)."""
    return TRACKS[label](rng) if label in TRACKS else _border(AREAS[label], rng)


# Areas

_AXIS = np.linspace(-REACH, REACH, SIDE)
Area = Callable[[np.ndarray, np.ndarray, Rng], np.ndarray]
"""From x and y of all pixels to bool, whether they are inside."""


def _border(area: Area, rng: Rng) -> Ink:
    x, y = np.meshgrid(_AXIS, _AXIS)
    angle = rng.normal(0, 0.12)
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    strength, smooth = rng.uniform(0.3, 1.0), rng.uniform(14, 30)
    x, y = (axis + _elastic(rng, smooth) * 0.1 * strength for axis in (x, y))
    mask = area(x, y, rng).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    border = max(contours, key=len)[:, 0].T.astype(np.float64)  # (2, n)
    start, length = int(rng.integers(border.shape[1])), border.shape[1]
    end = int(length * rng.uniform(0.94, 1.04))
    path = border[:, (start + np.arange(end)) % length]
    path += np.linspace(0, 1, end) * rng.normal(0, 2.5, (2, 1))
    line = np.stack([np.convolve(np.pad(axis, 2, "edge"), np.ones(5) / 5, "valid") for axis in path])
    return [_few_points(line)]


def _elastic(rng: Rng, smooth: float) -> np.ndarray:
    """A smooth random field of standard deviation 1, (side, side)."""
    field = cv2.GaussianBlur(rng.uniform(-1, 1, (SIDE, SIDE)), (0, 0), smooth, borderType=cv2.BORDER_REFLECT)
    return field / max(float(field.std()), 1e-9)


def _few_points(path: np.ndarray) -> np.ndarray:
    few = cv2.approxPolyDP(path.T.astype(np.float32), TOLERANCE, False)
    return few[:, 0].T.astype(np.float64)


def _halfplanes(x: np.ndarray, y: np.ndarray, angles: np.ndarray, radii: np.ndarray) -> np.ndarray:
    return np.all([x * np.cos(a) + y * np.sin(a) < r for a, r in zip(angles, radii, strict=True)], axis=0)


def _regular(count: int) -> Area:
    def area(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
        angles = np.arange(count) * 2 * np.pi / count + np.pi / 2 + rng.normal(0, 0.08) + rng.normal(0, 0.04, count)
        return _halfplanes(x, y, angles, rng.normal(0.9, 0.03, count))

    return area


def _ellipse(low: float, high: float) -> Area:
    def area(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
        ratio = rng.uniform(low, high)
        a, b = (1.0, ratio) if rng.random() < 0.5 else (ratio, 1.0)
        return (x * a) ** 2 + (y * b) ** 2 < 1.4

    return area


def _superellipse(low: float, high: float) -> Area:
    def area(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
        ratio, power = rng.uniform(low, high), rng.uniform(8, 40)
        a, b = (1.0, ratio) if rng.random() < 0.5 else (ratio, 1.0)
        return np.abs(x * a) ** power + np.abs(y * b) ** power < 1

    return area


def _diamond(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
    return np.abs(x) * rng.uniform(1, 2) + np.abs(y) < 1.2


def _heart(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
    x, y = x * rng.uniform(0.9, 1.3), -y  # the sextic with y pointing up
    return (x**2 + y**2 - 1) ** 3 - x**2 * y**3 < 0


def _star(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
    """The points that lie inside of at least four of the five lines of a pentagram."""
    angles = np.arange(5) * 2 * np.pi / 5 + np.pi / 2
    inside = sum((x * np.cos(a) + y * np.sin(a) < 0.45).astype(int) for a in angles)
    return (inside >= 4) & (x**2 + y**2 < 2.2)


def _cloud(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
    """Discs along an ellipse."""
    area = (x / 0.9) ** 2 + (y / 0.45) ** 2 < 1
    count = int(rng.integers(6, 11))
    for angle in (np.arange(count) + rng.uniform(-0.25, 0.25, count)) * 2 * np.pi / count:
        area |= (x - 0.85 * np.cos(angle)) ** 2 + (y - 0.45 * np.sin(angle)) ** 2 < rng.uniform(0.26, 0.36) ** 2
    return np.asarray(area)


def _moon(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
    """A disc without another disc."""
    side = rng.choice((-1, 1))
    return (x**2 + y**2 < 1.2) & ((x - side * rng.uniform(0.45, 0.8)) ** 2 + y**2 > rng.uniform(0.85, 1.2))


AREAS: dict[str, Area] = {
    "circle": _ellipse(0.93, 1.07), "ellipse": _ellipse(1.5, 2.6), "square": _superellipse(0.95, 1.06),
    "rectangle": _superellipse(1.5, 3), "diamond": _diamond, "triangle": _regular(3), "pentagon": _regular(5),
    "hexagon": _regular(6), "octagon": _regular(8), "heart": _heart, "star": _star, "cloud": _cloud, "moon": _moon,
}  # fmt: skip


# Tracks of a turtle


def _walk(steps: Steps, rng: Rng, *, angle: float = 0.0, start: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """The track (2, n) of moves; the turtle errs by 3 % and 2 degrees in each, and its course by 0.6 degrees a step."""
    points, heading = [np.array(start)], np.deg2rad(angle)
    for length, degrees in steps:
        length *= rng.normal(1, 0.03)
        for _ in range(count := max(1, round(length * 12))):
            heading += np.deg2rad(rng.normal(0, 0.6))
            points.append(points[-1] + length / count * np.array([np.cos(heading), np.sin(heading)]))
        heading += np.deg2rad(degrees + rng.normal(0, 2 if degrees else 0))
    return _few_points(np.array(points).T * UNIT)


def _line(rng: Rng) -> Ink:
    return [_walk([(2, 0)], rng, angle=rng.uniform(0, 360))]


def _arrow(rng: Rng) -> Ink:
    angle, spread, head = rng.uniform(0, 360), rng.uniform(140, 155), rng.uniform(0.4, 0.7)
    shaft = _walk([(2, 0)], rng, angle=angle)
    tip = (shaft[0, -1] / UNIT, shaft[1, -1] / UNIT)
    sides = [_walk([(head, 0)], rng, angle=angle + turned, start=tip) for turned in (spread, -spread)]
    return [shaft, np.concatenate([sides[0][:, ::-1], sides[1]], axis=1)] if rng.random() < 0.5 else [shaft, *sides]


def _cross(rng: Rng) -> Ink:
    angle, long = rng.choice((0.0, 45.0)) + rng.normal(0, 5), rng.uniform(0.8, 1.4)
    bars = []
    for degrees, length in ((angle, 1.0), (angle + 90, long)):
        start = -length * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]) + rng.normal(0, 0.05, 2)
        bars.append(_walk([(2 * length, 0)], rng, angle=degrees, start=(float(start[0]), float(start[1]))))
    return bars


def _zigzag(rng: Rng) -> Ink:
    turn, length = rng.uniform(95, 150), rng.uniform(0.4, 0.9)
    sides = [(length, turn if number % 2 else -turn) for number in range(int(rng.integers(5, 12)))]
    return [_walk(sides, rng, angle=turn / 2 + rng.normal(0, 10) + rng.choice((0, 90)))]


def _spiral(rng: Rng) -> Ink:
    rounds, side = rng.uniform(2, 5), rng.choice((-1, 1))
    return [_walk([(0.02 + 0.012 * n, 20 * side) for n in range(int(rounds * 18))], rng, angle=rng.uniform(0, 360))]


def _squiggle(rng: Rng) -> Ink:
    count, bend = int(rng.integers(40, 120)), rng.uniform(12, 22)
    course = [(0.1, bend * np.cos(2 * np.pi * n / 20)) for n in range(count)]
    return [_walk(course, rng, angle=rng.choice((0, 0, 90)) + rng.normal(0, 8) - 3 * bend)]


TRACKS: dict[str, Callable[[Rng], Ink]] = {
    "line": _line, "arrow": _arrow, "cross": _cross, "zigzag": _zigzag, "spiral": _spiral, "squiggle": _squiggle,
}  # fmt: skip
