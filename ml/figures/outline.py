"""The outline of a figure: named values, and the path of straight lines, arcs and curves that draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ml.preprocessing.ink import Ink

SAMPLES = 80  # points that ink is reduced to before it is fitted
SECTORS = 40  # around the middle, in each of which hatching is told from the border
INSIDE = 0.6  # of the way to the border: points nearer to the middle are inside
HATCHED = 0.12  # share of points inside from which a drawing is hatched
BORDER = 0.85  # of the way to the border: points further out belong to it
ROUND = 48  # straight pieces that stand for a whole ellipse when distances are measured


@dataclass(frozen=True)
class Outline:
    """What was fitted, in any units. `paths` are the lines to draw, each float64 (2, n) of points; see `smooth`."""

    paths: list[np.ndarray]
    closed: bool = False
    smooth: bool = False
    """Whether a curve runs through the points of each path. Otherwise straight lines join them."""
    places: dict[str, np.ndarray] = field(default_factory=dict)
    """Named places, (2,), or lists of places, (2, n)."""
    lengths: dict[str, float | list[float]] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    """Angles and counts, which do not change with the size."""
    ellipses: list[tuple[np.ndarray, float, float, float]] = field(default_factory=list)
    """Whole ellipses to draw: centre (2,), half axes, angle in radians. Then `paths` is empty."""

    def is_finite(self) -> bool:
        """Whether all numbers are."""
        arrays = [*self.paths, *self.places.values(), *(np.array(value) for value in self.lengths.values())]
        arrays += [np.array([*centre, *rest]) for centre, *rest in self.ellipses]
        arrays.append(np.array([*self.numbers.values()], np.float64))
        return all(bool(np.isfinite(array).all()) for array in arrays)

    def moved(self, scale: float, shift: np.ndarray) -> Outline:
        """The outline scaled about 0, then moved by `shift` (2,)."""

        def move(points: np.ndarray) -> np.ndarray:
            return points * scale + (shift if points.ndim == 1 else shift[:, None])

        return Outline(
            [move(path) for path in self.paths],
            self.closed,
            self.smooth,
            {name: move(place) for name, place in self.places.items()},
            {
                name: [item * scale for item in value] if isinstance(value, list) else value * scale
                for name, value in self.lengths.items()
            },
            self.numbers,
            [(move(centre), a * scale, b * scale, angle) for centre, a, b, angle in self.ellipses],
        )

    def lines(self) -> list[np.ndarray]:
        """The outline as straight pieces: each (2, n)."""
        lines = [ellipse_points(*ellipse, ROUND + 1) for ellipse in self.ellipses]
        for path in self.paths:
            line = np.concatenate([path, path[:, :1]], axis=1) if self.closed else path
            lines.append(bezier_points(line, self.closed) if self.smooth else line)
        return lines

    def values(self, step: float) -> dict[str, Any]:
        """Places, lengths and numbers for JSON, lengths rounded to `step`."""
        rounded: dict[str, Any] = {name: _rounded(place.T, step) for name, place in self.places.items()}
        rounded |= {name: _rounded(np.array(value), step) for name, value in self.lengths.items()}
        return rounded | {name: round(float(value), 2) for name, value in self.numbers.items()}

    def path(self, step: float) -> str:
        """The data of an SVG path."""
        pieces = [_ellipse_path(*ellipse, step) for ellipse in self.ellipses]
        for path in self.paths:
            line = np.concatenate([path, path[:, :1]], axis=1) if self.closed else path
            pieces.append((_curve_path if self.smooth else _line_path)(line, self.closed, step))
        return " ".join(pieces)

    def box(self, step: float) -> tuple[float, float, float, float]:
        """The left, top, width and height of the outline, rounded to `step`."""
        points = np.concatenate(self.lines(), axis=1)
        low, high = points.min(axis=1), points.max(axis=1)
        left, top, width, height = _rounded(np.concatenate([low, high - low]), step)
        return left, top, width, height


def _rounded(values: np.ndarray, step: float) -> Any:
    # Dividing by a whole number gives the shortest decimals; multiplying by 0.001 does not.
    digits = -int(np.floor(np.log10(step)))
    return np.round(np.asarray(values, np.float64), digits).tolist()


def _words(points: np.ndarray, step: float) -> str:
    return " ".join(f"{x},{y}" for x, y in _rounded(points.T, step))


def _line_path(line: np.ndarray, closed: bool, step: float) -> str:
    return f"M{_words(line[:, :-1], step)} Z" if closed else f"M{_words(line, step)}"


def _curve_path(line: np.ndarray, closed: bool, step: float) -> str:
    first, second, end = _controls(line, closed)
    pieces = np.stack([first, second, end], axis=2).reshape(2, -1)  # control, control, end, control, …
    return f"M{_words(line[:, :1], step)} C{_words(pieces, step)}" + (" Z" if closed else "")


def _ellipse_path(centre: np.ndarray, a: float, b: float, angle: float, step: float) -> str:
    along = a * np.array([np.cos(angle), np.sin(angle)])
    start, end = _words((centre - along)[:, None], step), _words((centre + along)[:, None], step)
    radii = _words(np.array([[a], [b]]), step)
    arc = f"A{radii} {np.rad2deg(angle):.2f} 0 1"
    return f"M{start} {arc} {end} {arc} {start} Z"


def _controls(line: np.ndarray, closed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The control points of the Bezier curves along a Catmull-Rom spline (Catmull and Rom 1974), (2, n - 1) each."""
    before, after = (line[:, -2:-1], line[:, 1:2]) if closed else (line[:, :1], line[:, -1:])
    padded = np.concatenate([before, line, after], axis=1)
    tangents = (padded[:, 2:] - padded[:, :-2]) / 6
    return line[:, :-1] + tangents[:, :-1], line[:, 1:] - tangents[:, 1:], line[:, 1:]


def bezier_points(line: np.ndarray, closed: bool, each: int = 6) -> np.ndarray:
    """Points along the curve through a line (2, n) whose last point is its first if it is closed."""
    first, second, end = (part[..., None] for part in _controls(line, closed))  # (2, n - 1, 1)
    start, t = line[:, :-1, None], np.arange(1, each + 1) / each
    curve = start * (1 - t) ** 3 + 3 * first * t * (1 - t) ** 2 + 3 * second * t**2 * (1 - t) + end * t**3
    return np.concatenate([line[:, :1], curve.reshape(2, -1)], axis=1)


def ellipse_points(centre: np.ndarray, a: float, b: float, angle: float, count: int) -> np.ndarray:
    """Points of an ellipse (2, count); the first is the last."""
    t = np.linspace(0, 2 * np.pi, count)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]]) @ np.stack([a * np.cos(t), b * np.sin(t)]) + centre[:, None]


# Ink


def sample_ink(strokes: Ink, count: int = SAMPLES) -> np.ndarray:
    """About `count` points at equal distances along all strokes, (2, n); every stroke has at least one."""
    lengths = [float(np.hypot(*np.diff(stroke)).sum()) for stroke in strokes]
    step = max(sum(lengths) / count, 1e-12)
    counts = [max(2, round(length / step)) if length else 1 for length in lengths]
    return np.concatenate([resample(*pair) for pair in zip(strokes, counts, strict=True)], axis=1)


def border_points(points: np.ndarray) -> np.ndarray:
    """The points (2, m) at the border of a closed figure that is filled with hatching; all points (2, n) of others."""
    x, y = points - (points.min(axis=1, keepdims=True) + points.max(axis=1, keepdims=True)) / 2
    sectors = ((np.arctan2(y, x) / (2 * np.pi) + 1) * SECTORS).astype(int) % SECTORS
    radii, border = np.hypot(x, y), np.zeros(SECTORS)
    np.maximum.at(border, sectors, radii)
    share = radii / np.maximum(border[sectors], 1e-12)
    return points[:, share > BORDER] if (share < INSIDE).mean() > HATCHED else points


def resample(line: np.ndarray, count: int) -> np.ndarray:
    """`count` points at equal distances along a line (2, n); its first point alone if it has no length."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line)))])
    if count < 2 or along[-1] <= 0:
        return line[:, :1]
    places = np.linspace(0, along[-1], count)
    return np.stack([np.interp(places, along, axis) for axis in line])


def distances(points: np.ndarray, lines: Sequence[np.ndarray]) -> np.ndarray:
    """The distance of each point (2, n) from the nearest of the straight pieces of lines (2, m): (n,)."""
    starts = np.concatenate([line[:, :-1] if line.shape[1] > 1 else line for line in lines], axis=1)
    ends = np.concatenate([line[:, 1:] if line.shape[1] > 1 else line for line in lines], axis=1)
    sides = ends - starts  # (2, m)
    squares = np.maximum((sides**2).sum(axis=0), 1e-30)
    away = points[:, :, None] - starts[:, None, :]  # (2, n, m)
    share = np.clip((away * sides[:, None, :]).sum(axis=0) / squares, 0, 1)  # (n, m)
    left = away - share * sides[:, None, :]
    return np.sqrt((left**2).sum(axis=0).min(axis=1))
