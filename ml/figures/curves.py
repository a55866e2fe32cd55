"""Fit round figures: circle, ellipse, spiral, squiggle, cloud."""

from __future__ import annotations

import cv2
import numpy as np

from ml.figures.least_squares import minimise
from ml.figures.outline import Outline, resample
from ml.preprocessing.ink import Ink

NARROWEST = 0.02  # half of the shorter axis of an ellipse, as a share of the size of the ink
SQUIGGLE_STEP = 0.05  # between the points of a squiggle, as a share of the size of the ink
RING = 72  # directions in which the outline of a cloud is looked for
BULGE = 0.03  # depth of a notch between two bulges of a cloud
MAX_TURNS = 60


def fit_circle(strokes: Ink, points: np.ndarray) -> Outline:
    """The circle with the smallest squared distances (Gander, Golub, Strebel 1994), started from Kasa's (1976)."""
    centre, radius = circle_of(points)
    ellipse = (centre, radius, radius, 0.0)
    return Outline([], places={"centre": centre}, lengths={"radius": radius}, ellipses=[ellipse])


def circle_of(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (2,) and radius. Raises ValueError if points (2, n) lie on a line."""
    rows = np.concatenate([2 * points, np.ones((1, points.shape[1]))]).T
    (x, y, rest), _, rank, _ = np.linalg.lstsq(rows, (points**2).sum(axis=0), rcond=1e-9)
    if rank < 3:
        raise ValueError("a circle needs three points that are not on a line")
    start = np.array([x, y, np.sqrt(max(rest + x * x + y * y, 1e-12))])

    def off(values: np.ndarray) -> np.ndarray:
        return np.hypot(*(points - values[:2, None])) - values[2]

    found = minimise(off, start)
    if not 0 < found[2] < 100:
        raise ValueError("the points are nearly on a line")
    return found[:2], float(found[2])


def fit_ellipse(strokes: Ink, points: np.ndarray) -> Outline:
    """The ellipse with the smallest squared distances (Ahn, Rauh, Warnecke 2001), started from the direct fit of
    Fitzgibbon, Pilu and Fisher (1999)."""
    if points.shape[1] < 5:
        raise ValueError("an ellipse needs five points")
    (x, y), (wide, high), degrees = cv2.fitEllipseDirect(points.T.astype(np.float32))
    start = np.array([x, y, wide / 2, high / 2, np.deg2rad(degrees)])
    if not np.isfinite(start).all() or not NARROWEST / 4 < start[2:4].min() <= start[2:4].max() < 2:
        start = _moments(points)

    def off(values: np.ndarray) -> np.ndarray:
        """First order distances (Sampson 1982) from the ellipse."""
        a, b = np.maximum(np.abs(values[2:4]), NARROWEST)
        cos, sin = np.cos(values[4]), np.sin(values[4])
        u, v = np.array([[cos, sin], [-sin, cos]]) @ (points - values[:2, None])
        level = np.hypot(u / a, v / b)
        slope = np.hypot(u / a**2, v / b**2)
        return (level - 1) * level / np.maximum(slope, 1e-9)

    found = minimise(off, start)
    a, b = (float(max(abs(axis), NARROWEST)) for axis in found[2:4])
    angle = float(found[4]) if a >= b else float(found[4]) + np.pi / 2
    a, b = max(a, b), min(a, b)
    if a > 2:
        raise ValueError("the points are nearly on a line")
    angle = (angle + np.pi / 2) % np.pi - np.pi / 2
    return Outline(
        [],
        places={"centre": found[:2]},
        lengths={"axes": [2 * a, 2 * b]},
        numbers={"angle": np.rad2deg(angle)},
        ellipses=[(found[:2], a, b, angle)],
    )


def _moments(points: np.ndarray) -> np.ndarray:
    """An ellipse with the spread of the points (2, n): centre, half axes and angle (5,)."""
    centre = points.mean(axis=1)
    spread, axes = np.linalg.eigh(np.cov(points))
    a, b = np.sqrt(np.maximum(2 * spread[::-1], NARROWEST**2))
    return np.array([*centre, a, b, np.arctan2(axes[1, 1], axes[0, 1])])


def fit_spiral(strokes: Ink, points: np.ndarray) -> Outline:
    """An Archimedean spiral: the distance from the centre grows evenly with the angle (least squares)."""
    path = resample(np.concatenate(strokes, axis=1), 160)
    if path.shape[1] < 8:
        raise ValueError("a spiral needs a line")
    starts = [path[:, 0], path[:, -1], points.mean(axis=1)]
    tries = []
    for start in starts:
        centre = minimise(lambda place: _spiral_of(path, place)[0], start, rounds=12)
        off = _spiral_of(path, centre)[0]
        tries.append((float((off**2).mean()), centre))
    _, centre = min(tries, key=lambda pair: pair[0])
    _, (inner, growth), angles = _spiral_of(path, centre)
    if abs(angles[-1] - angles[0]) > MAX_TURNS * 2 * np.pi:
        raise ValueError("the line turns too often")
    if growth * (angles[-1] - angles[0]) < 0:  # drawn from the outside: the spiral is told from the inside
        angles = angles[::-1]
    t = np.linspace(angles[0], angles[-1], max(9, int(abs(angles[-1] - angles[0]) / 0.4)))
    radii = np.maximum(inner + growth * t, 0)
    curve = centre[:, None] + radii * np.stack([np.cos(t), np.sin(t)])
    turns = (t[-1] - t[0]) / (2 * np.pi)
    return Outline(
        [curve],
        smooth=True,
        places={"centre": centre},
        lengths={"inner_radius": float(radii[0]), "outer_radius": float(radii[-1])},
        numbers={"turns": abs(turns), "start_angle": np.rad2deg(t[0]) % 360, "clockwise": float(turns > 0)},
    )


def _spiral_of(path: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distances of a path (2, n) from the spiral about `centre` in each direction, its inner radius and growth
    (2,), and the angles (n,)."""
    x, y = path - centre[:, None]
    angles, radii = np.unwrap(np.arctan2(y, x)), np.hypot(x, y)
    rows = np.stack([np.ones_like(angles), angles], axis=1)
    line = np.linalg.lstsq(rows, radii, rcond=None)[0]
    return radii - rows @ line, line, angles


def fit_squiggle(strokes: Ink, points: np.ndarray) -> Outline:
    """The same lines without their shaking: points at equal distances, smoothed, with a curve through them."""
    paths = []
    for stroke in strokes:
        length = float(np.hypot(*np.diff(stroke)).sum())
        even = resample(stroke, min(400, max(4, round(length / SQUIGGLE_STEP))))
        if even.shape[1] > 3:
            inner = (even[:, :-2] + 2 * even[:, 1:-1] + even[:, 2:]) / 4
            paths.append(np.concatenate([even[:, :1], inner, even[:, -1:]], axis=1))
    if not paths:
        raise ValueError("the ink has no line")
    ends = np.stack([paths[0][:, 0], paths[-1][:, -1]], axis=1)
    return Outline(paths, smooth=True, places={"ends": ends})


def fit_cloud(strokes: Ink, points: np.ndarray) -> Outline:
    """Round bulges between the notches of the outline, as seen from the middle."""
    low, high = points.min(axis=1), points.max(axis=1)
    centre, half = (low + high) / 2, np.maximum((high - low) / 2, 0.02)
    even = resample(np.concatenate(strokes, axis=1), 6 * RING)
    x, y = (even - centre[:, None]) / half[:, None]
    sectors = ((np.arctan2(y, x) / (2 * np.pi) + 1) * RING).astype(int) % RING
    radii = np.zeros(RING)
    np.maximum.at(radii, sectors, np.hypot(x, y))
    seen = np.flatnonzero(radii)
    if len(seen) < RING // 4:
        raise ValueError("the ink is no closed line")
    radii = np.interp(np.arange(RING), seen, radii[seen], period=RING)
    notches = _notches(radii)
    angles = (notches + 0.5) * 2 * np.pi / RING
    corners = np.stack([np.cos(angles), np.sin(angles)]) * radii[notches]
    arcs = []
    for index, start in enumerate(notches):
        end = notches[(index + 1) % len(notches)]
        span = np.arange(start, end + (RING if end <= start else 0) + 1) % RING
        top = span[int(radii[span].argmax())]
        apex = np.array([np.cos((top + 0.5) * 2 * np.pi / RING), np.sin((top + 0.5) * 2 * np.pi / RING)]) * radii[top]
        arcs.append(_bulge(corners[:, index], apex, corners[:, (index + 1) % len(notches)]))
    outline = np.concatenate(arcs, axis=1) * half[:, None] + centre[:, None]
    return Outline(
        [outline],
        closed=True,
        places={"centre": centre, "notches": corners * half[:, None] + centre[:, None]},
        lengths={"width": 2 * float(half[0]), "height": 2 * float(half[1])},
        numbers={"bulges": len(notches)},
    )


def _notches(radii: np.ndarray) -> np.ndarray:
    """The directions (n,) of the notches of a closed outline, at least three."""
    smooth = (np.roll(radii, 1) + 2 * radii + np.roll(radii, -1)) / 4
    places = [
        place
        for place in range(RING)
        if smooth[place] == min(smooth[(place + np.arange(-3, 4)) % RING])
        and smooth[place] < max(smooth[(place + np.arange(-6, 7)) % RING]) - BULGE
    ]
    # Two lowest directions beside each other are one notch; the last is beside the first.
    places = [place for number, place in enumerate(places) if (place - places[number - 1]) % RING > 2]
    return np.array(places) if len(places) > 2 else np.arange(0, RING, RING // 6)


def _bulge(start: np.ndarray, apex: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Points (2, 8) of half an ellipse from `start` over the height of `apex` to before `end`."""
    middle, half = (start + end) / 2, (end - start) / 2
    out = apex - middle
    t = np.linspace(np.pi, 0, 9)[:-1]
    return middle[:, None] + np.outer(half, np.cos(t)) + np.outer(out, np.sin(t))
