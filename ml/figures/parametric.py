"""Fit figures of few parameters: polygons, star, arrow, cross, heart, moon.

Each figure is a template: lines that a few numbers determine. The numbers are chosen so that the distances of the ink
from the lines, and of the lines from the ink, have the smallest sum of squares (orthogonal distance fitting: Ahn,
Rauh, Warnecke 2001). Distances above `FAR` count less (Huber 1964), so that a gap, an overshot corner or hatching does
not move the figure. Several starts are tried, since the method finds the minimum next to its start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from ml.figures.curves import circle_of
from ml.figures.least_squares import minimise
from ml.figures.outline import Outline, distances, resample
from ml.preprocessing.ink import Ink

Template = Callable[[np.ndarray], list[np.ndarray]]
"""From the values (k,) to lines (2, n)."""

FULL_MOON = 0.03  # mean distance of the hull from a circle up to which a moon is full
FAR = 0.06  # from which a distance counts less, as a share of the size of the ink
REFINED = 2  # starts that are followed, of all
SIDES = 40  # points along the template whose distance from the ink counts
COVERAGE = 0.7  # weight of those distances
SLIM = 0.01  # least half width of anything


def _fit(points: np.ndarray, template: Template, starts: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
    """The best values, and the mean of the squared distances."""

    def off(values: np.ndarray) -> np.ndarray:
        lines = template(values)
        far = distances(points, lines)
        each = max(2, SIDES // len(lines))
        spread = np.concatenate([resample(line, each) for line in lines], axis=1)
        near = np.sqrt(((spread[:, :, None] - points[:, None, :]) ** 2).sum(axis=0).min(axis=1))
        scaled = COVERAGE * np.sqrt(len(far) / len(near))
        return np.concatenate([_huber(far), scaled * _huber(near)])

    tries = sorted((float((off(start) ** 2).sum()), number) for number, start in enumerate(starts))
    found = [minimise(off, starts[number], rounds=12) for _, number in tries[:REFINED]]
    sums = [float((off(values) ** 2).mean()) for values in found]
    best = int(np.argmin(sums))
    return found[best], sums[best]


def _huber(far: np.ndarray) -> np.ndarray:
    """Distances whose squares grow linearly from `FAR` on."""
    return np.where(far < FAR, far, np.sqrt(np.maximum(2 * FAR * far - FAR**2, 0)))


def _turned(points: np.ndarray, angle: float, centre: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]]) @ points + centre[:, None]


def _closed(corners: np.ndarray) -> np.ndarray:
    return np.concatenate([corners, corners[:, :1]], axis=1)


def _extent(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle and half the size of the box around points (2, n): (2,) each."""
    low, high = points.min(axis=1), points.max(axis=1)
    return (low + high) / 2, np.maximum((high - low) / 2, SLIM)


def _polygon(corners: np.ndarray, **more: object) -> Outline:
    return Outline([corners], closed=True, places={"corners": corners}, **more)  # type: ignore[arg-type]


def _half_turn(angle: float, period: float) -> float:
    """The angle in degrees, the same figure, nearest to 0; it repeats after `period` radians."""
    return float(np.rad2deg((angle + period / 2) % period - period / 2))


# Four corners and three


def _box_corners(values: np.ndarray) -> np.ndarray:
    """Corners (2, 4) of a box: centre, half width, half height, angle."""
    wide, high = np.maximum(np.abs(values[2:4]), SLIM)
    return _turned(np.array([[-wide, wide, wide, -wide], [-high, -high, high, high]]), values[4], values[:2])


def _box_starts(points: np.ndarray) -> list[np.ndarray]:
    (x, y), (wide, high), degrees = cv2.minAreaRect(points.T.astype(np.float32))
    centre, half = _extent(points)
    smallest = np.array([x, y, max(wide / 2, SLIM), max(high / 2, SLIM), np.deg2rad(degrees)])
    return [smallest, np.array([*centre, *half, 0.0])]


def fit_rectangle(strokes: Ink, points: np.ndarray) -> Outline:
    values, _ = _fit(points, lambda values: [_closed(_box_corners(values))], _box_starts(points))
    if abs(values[2]) < abs(values[3]):  # the first side is the longer one
        values = np.array([*values[:2], values[3], values[2], values[4] + np.pi / 2])
    sides = [2 * float(max(abs(half), SLIM)) for half in values[2:4]]
    centre, angle = values[:2], _half_turn(values[4], np.pi)
    outline = _polygon(_box_corners(values), lengths={"sides": sides}, numbers={"angle": angle})
    return _with_centre(outline, centre)


def fit_square(strokes: Ink, points: np.ndarray) -> Outline:
    def square(values: np.ndarray) -> np.ndarray:
        return np.array([*values[:3], values[2], values[3]])

    starts = [np.array([*start[:2], start[2:4].mean(), start[4]]) for start in _box_starts(points)]
    values, _ = _fit(points, lambda values: [_closed(_box_corners(square(values)))], starts)
    lengths: dict[str, float | list[float]] = {"side": 2 * float(max(abs(values[2]), SLIM))}
    numbers = {"angle": _half_turn(values[3], np.pi / 2)}
    return _with_centre(_polygon(_box_corners(square(values)), lengths=lengths, numbers=numbers), values[:2])


def fit_diamond(strokes: Ink, points: np.ndarray) -> Outline:
    """A rhombus: centre, half diagonals, angle."""

    def corners(values: np.ndarray) -> np.ndarray:
        a, b = np.maximum(np.abs(values[2:4]), SLIM)
        return _turned(np.array([[a, 0, -a, 0], [0, b, 0, -b]]), values[4], values[:2])

    box = _box_starts(points)[0]
    centre, half = _extent(points)
    long = float(np.hypot(box[2], box[3]))
    starts = [np.array([*centre, *half, angle]) for angle in (0.0, 0.3, -0.3)]
    starts.append(np.array([*box[:2], long, long, box[4] + np.pi / 4]))
    values, _ = _fit(points, lambda values: [_closed(corners(values))], starts)
    diagonals = [2 * float(max(abs(half), SLIM)) for half in values[2:4]]
    numbers = {"angle": _half_turn(values[4], np.pi)}
    return _with_centre(_polygon(corners(values), lengths={"diagonals": diagonals}, numbers=numbers), values[:2])


def fit_triangle(strokes: Ink, points: np.ndarray) -> Outline:
    far = _far_apart(points)
    middle = far.mean(axis=1, keepdims=True)
    starts = [(middle + (far - middle) * scale).ravel() for scale in (1.0, 1.15)]
    values, _ = _fit(points, lambda values: [_closed(values.reshape(2, 3))], starts)
    return _polygon(values.reshape(2, 3))


def _far_apart(points: np.ndarray) -> np.ndarray:
    """Three points (2, 3) far from each other: one far from the middle, one far from that, one far from both."""
    away = points - points.mean(axis=1, keepdims=True)
    one = points[:, int(np.hypot(*away).argmax())]
    two = points[:, int(np.hypot(*(points - one[:, None])).argmax())]
    side = two - one
    across = np.abs(side[0] * (points[1] - one[1]) - side[1] * (points[0] - one[0]))
    return np.stack([one, two, points[:, int(across.argmax())]], axis=1)


# Regular polygons and stars


def _ring(values: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Points at equal angles: centre, horizontal and vertical radius, angle of the first; `radii` (n,) are shares."""
    angles = values[4] + np.arange(len(radii)) * 2 * np.pi / len(radii)
    wide, high = np.maximum(np.abs(values[2:4]), SLIM)
    return values[:2, None] + np.stack([wide * np.cos(angles), high * np.sin(angles)]) * radii


def _ring_starts(points: np.ndarray, count: int, *rest: float) -> list[np.ndarray]:
    centre, half = _extent(points)
    steps = np.arange(4) / 4 * 2 * np.pi / count - np.pi / 2
    return [np.array([*centre, *half, step, *rest]) for step in steps]


def _fit_regular(points: np.ndarray, count: int) -> Outline:
    """A regular polygon, stretched as the drawing is."""
    ones = np.ones(count)
    values, _ = _fit(points, lambda values: [_closed(_ring(values, ones))], _ring_starts(points, count))
    return _with_centre(_polygon(_ring(values, ones)), values[:2])


def fit_pentagon(strokes: Ink, points: np.ndarray) -> Outline:
    return _fit_regular(points, 5)


def fit_hexagon(strokes: Ink, points: np.ndarray) -> Outline:
    return _fit_regular(points, 6)


def fit_octagon(strokes: Ink, points: np.ndarray) -> Outline:
    return _fit_regular(points, 8)


def fit_star(strokes: Ink, points: np.ndarray) -> Outline:
    """A star of four to eight points, as an outline or in lines that cross; whichever fits better."""
    hull = cv2.convexHull(points.T.astype(np.float32))
    tips = min(max(len(cv2.approxPolyDP(hull, 0.1, True)), 4), 8)
    found = [_fit_outlined_star(points, count) for count in {5, tips}]
    found += [_fit_crossed_star(points, count) for count in {5, tips} & {5, 6}]
    return min(found, key=lambda pair: pair[0])[1]


def _fit_outlined_star(points: np.ndarray, count: int) -> tuple[float, Outline]:
    def corners(values: np.ndarray) -> np.ndarray:
        inner = float(np.clip(values[5], 0.1, 0.95))
        return _ring(values, np.where(np.arange(2 * count) % 2, inner, 1.0))

    values, error = _fit(points, lambda values: [_closed(corners(values))], _ring_starts(points, count, 0.45))
    return error, _star(corners(values), values, count, crossed=False)


def _fit_crossed_star(points: np.ndarray, count: int) -> tuple[float, Outline]:
    ones = np.ones(count)

    def lines(values: np.ndarray) -> list[np.ndarray]:
        ring = _ring(values, ones)
        return [ring[:, ::2], ring[:, 1::2]] if count == 6 else [ring[:, np.arange(5) * 2 % 5]]

    values, error = _fit(points, lambda values: [_closed(line) for line in lines(values)], _ring_starts(points, count))
    outline = _star(_ring(values, ones), values, count, crossed=True)
    return error, Outline(lines(values), True, places=outline.places, numbers=outline.numbers)


def _star(corners: np.ndarray, values: np.ndarray, count: int, *, crossed: bool) -> Outline:
    outline = _polygon(corners, numbers={"points": count, "crossed": float(crossed)})
    return _with_centre(outline, values[:2])


def _with_centre(outline: Outline, centre: np.ndarray) -> Outline:
    places = {"centre": centre, **outline.places}
    return Outline(outline.paths, outline.closed, places=places, lengths=outline.lengths, numbers=outline.numbers)


# Arrow and cross


def fit_arrow(strokes: Ink, points: np.ndarray) -> Outline:
    """A shaft, straight or bent, with an open head; or the outline of a whole arrow if that fits better."""
    ends = _long_axis(points)
    ways = [ends, ends[:, ::-1]]
    starts = [np.array([*way[:, 0], *way[:, 1], 0.35, 0.6, bow]) for way in ways for bow in (0.0, 0.25, -0.25)]
    values, error = _fit(points, _arrow_lines, starts)
    block_starts = [np.array([*way[:, 0], *way[:, 1], 0.4, 0.1, 0.25]) for way in ways]
    block, block_error = _fit(points, lambda values: [_closed(_block_arrow(values))], block_starts)
    if block_error < 0.7 * error:
        corners = _block_arrow(block)
        return Outline(
            [corners],
            closed=True,
            places={"tail": block[:2], "tip": block[2:4], "corners": corners},
            numbers={"outlined": 1.0},
        )
    lines = _arrow_lines(values)
    return Outline(
        lines,
        places={"tail": values[:2], "tip": values[2:4], "head": lines[1][:, [0, 2]], "middle": lines[0][:, 4]},
        numbers={"outlined": 0.0},
    )


def _long_axis(points: np.ndarray) -> np.ndarray:
    """The ends (2, 2) of the ink along its longest direction."""
    centre = points.mean(axis=1, keepdims=True)
    direction = np.linalg.svd((points - centre).T, full_matrices=False)[2][0]
    along = direction @ (points - centre)
    return centre + np.outer(direction, [along.min(), along.max()])


def _arrow_lines(values: np.ndarray) -> list[np.ndarray]:
    """Shaft (2, 9) and head (2, 3): tail, tip, length of the head's sides, their angle, bow of the shaft."""
    tail, tip, bow = values[:2, None], values[2:4, None], values[6]
    side = tip - tail
    t = np.linspace(0, 1, 9)
    shaft = tail + side * t + bow * np.array([-side[1], side[0]]) * (4 * t * (1 - t))
    back = shaft[:, 6] - shaft[:, 8]
    course = np.arctan2(back[1], back[0])
    spread = float(np.clip(values[5], 0.15, 1.4))
    turns = course + np.array([spread, -spread])
    sides = tip + max(abs(values[4]), SLIM) * np.stack([np.cos(turns), np.sin(turns)])
    return [shaft, np.stack([sides[:, 0], values[2:4], sides[:, 1]], axis=1)]


def _block_arrow(values: np.ndarray) -> np.ndarray:
    """Seven corners (2, 7): tail, tip, length of the head, half the width of the shaft and of the head."""
    tail, tip = values[:2], values[2:4]
    long = max(float(np.hypot(*(tip - tail))), SLIM)
    head = float(np.clip(abs(values[4]), SLIM, 0.9 * long))
    half = max(abs(float(values[5])), SLIM)
    wide = max(abs(float(values[6])), half + SLIM)
    corners = np.array(
        [[0, long - head, long - head, long, long - head, long - head, 0], [-half, -half, -wide, 0, wide, half, half]]
    )
    return _turned(corners, float(np.arctan2(tip[1] - tail[1], tip[0] - tail[0])), tail)


def fit_cross(strokes: Ink, points: np.ndarray) -> Outline:
    """Two lines at a right angle, or the outline of two bars if that fits better."""
    centre, half = _extent(points)
    starts = []
    for angle, reach in ((0.0, half), (np.pi / 4, half * 1.4), (0.3, half), (-0.3, half)):
        for high in (0.0, -0.4):
            arms = (reach[0], reach[0], reach[1] * (1 + high), reach[1] * (1 - high))
            starts.append(np.array([centre[0], centre[1] + high * half[1], angle, *arms]))
    values, error = _fit(points, _cross_lines, starts)
    wide, wide_error = _fit(
        points, lambda values: [_closed(_wide_cross(values))], [np.append(start, 0.15) for start in starts]
    )
    numbers = {"angle": _half_turn(values[2], np.pi / 2), "outlined": 0.0}
    if wide_error < 0.7 * error:
        corners, numbers = _wide_cross(wide), {"angle": _half_turn(wide[2], np.pi / 2), "outlined": 1.0}
        places = {"centre": wide[:2], "corners": corners}
        return Outline([corners], closed=True, places=places, numbers=numbers)
    bars = _cross_lines(values)
    return Outline(bars, places={"centre": values[:2], "bar": bars[0], "stem": bars[1]}, numbers=numbers)


def _cross_lines(values: np.ndarray) -> list[np.ndarray]:
    """Two lines (2, 2): the crossing, the angle of the first, the four arms."""
    left, right, up, down = np.maximum(np.abs(values[3:7]), SLIM)
    bars = np.array([[-left, right, 0, 0], [0, 0, -up, down]])
    ends = _turned(bars, values[2], values[:2])
    return [ends[:, :2], ends[:, 2:]]


def _wide_cross(values: np.ndarray) -> np.ndarray:
    """Twelve corners (2, 12): as `_cross_lines`, then half the width of the bars."""
    arms = np.maximum(np.abs(values[3:7]), 2 * SLIM)
    half = float(np.clip(abs(values[7]), SLIM, arms.min() * 0.9))
    left, right, up, down = arms
    x = [-half, half, half, right, right, half, half, -half, -half, -left, -left, -half]
    y = [-up, -up, -half, -half, half, half, down, down, half, half, -half, -half]
    return _turned(np.array([x, y]), values[2], values[:2])


# Heart and moon

_T = np.linspace(0, 2 * np.pi, 61)[:-1]
_HEART_X = np.sin(_T) ** 3
_HEART_Y = -(13 * np.cos(_T) - 5 * np.cos(2 * _T) - 2 * np.cos(3 * _T) - np.cos(4 * _T) + 2.5) / 14.5  # -1 to 1


def fit_heart(strokes: Ink, points: np.ndarray) -> Outline:
    """The well-known curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, scaled and turned."""

    def corners(values: np.ndarray) -> np.ndarray:
        wide, high = np.maximum(np.abs(values[2:4]), SLIM)
        return _turned(np.stack([_HEART_X * wide, _HEART_Y * high]), values[4], values[:2])

    centre, half = _extent(points)
    starts = []
    for turn in np.arange(12) * np.pi / 6:
        middle, reach = _extent(corners(np.array([0.0, 0.0, 1.0, 1.0, turn])))
        size = float((half / reach).mean())  # the heart that fills the box around the ink
        starts.append(np.array([*(centre - size * middle), size, size, turn]))
    values, _ = _fit(points, lambda values: [_closed(corners(values))], starts)
    wide, high = np.maximum(np.abs(values[2:4]), SLIM)
    lengths: dict[str, float | list[float]] = {"width": 2 * float(wide), "height": 2 * float(high)}
    outline = corners(values)
    tip = _turned(np.array([[0.0], [high]]), values[4], values[:2])[:, 0]
    numbers = {"angle": _half_turn(values[4], 2 * np.pi)}
    return Outline([outline], closed=True, places={"centre": values[:2], "tip": tip}, lengths=lengths, numbers=numbers)


def fit_moon(strokes: Ink, points: np.ndarray) -> Outline:
    """A crescent: an arc of a circle and a flatter one between its ends. A full moon with craters is a circle."""
    hull = resample(_closed(cv2.convexHull(points.T.astype(np.float32))[:, 0].T.astype(np.float64)), 64)
    centre, size = circle_of(hull)
    if np.sqrt(((np.hypot(*(hull - centre[:, None])) - size) ** 2).mean()) < FULL_MOON:
        return Outline([], places={"centre": centre}, lengths={"radius": size}, ellipses=[(centre, size, size, 0.0)])
    (x, y), radius = cv2.minEnclosingCircle(points.T.astype(np.float32))
    turns = np.arange(8) * np.pi / 4
    forms = ((1.0, 0.5), (1.5, 0.6), (1.9, 0.5))  # angle to the tips, depth of the hollow
    starts = [np.array([x, y, radius, turn, tips, depth]) for turn in turns for tips, depth in forms]
    values, _ = _fit(points, lambda values: [_closed(_crescent(values))], starts)
    outline = _crescent(values)
    tips = outline[:, [0, 24]]
    return Outline(
        [outline],
        closed=True,
        places={"centre": values[:2], "tips": tips},
        lengths={"radius": float(max(abs(values[2]), SLIM))},
        numbers={"angle": _half_turn(values[3], 2 * np.pi)},
    )


def _crescent(values: np.ndarray) -> np.ndarray:
    """Points (2, 40): centre, radius, direction of the opening, angle from there to a tip, depth of the hollow from 0
    (straight) to 1 (at the back)."""
    radius = max(abs(float(values[2])), SLIM)
    half = float(np.clip(values[4], 0.2, 2.9))
    outer = np.linspace(half, 2 * np.pi - half, 25)
    back = radius * np.stack([np.cos(outer), np.sin(outer)])
    depth = float(np.clip(values[5], -0.5, 0.98)) * radius * (1 + np.cos(half))  # from the line between the tips
    # An arc of an ellipse from the second tip to the first.
    t = np.linspace(-np.pi / 2, np.pi / 2, 17)[1:-1]
    front = np.stack([radius * np.cos(half) - depth * np.cos(t), radius * np.sin(half) * np.sin(t)])
    return _turned(np.concatenate([back, front], axis=1), values[3], values[:2])
