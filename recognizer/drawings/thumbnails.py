"""Thumbnails: the strokes of a drawing as an SVG path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import floor

from recognizer.models import Drawing

SIDE = 100  # of the square that the drawing is fitted into, in SVG units
MARGIN = 12
MIN_STEP = 2  # SVG units; a point nearer to the one before does not change the curve visibly
NOTHING = 1e-300  # a smaller extent would overflow the division

Stroke = Sequence[Sequence[float]]
Line = list[tuple[float, float]]


def svg_path_of(drawing: Drawing) -> str:
    """The strokes of a drawing as an SVG path; empty for an image."""
    return svg_path(drawing.ink) if drawing.ink else ""


def svg_path(ink: Iterable[Stroke]) -> str:
    """The `d` of one SVG path for strokes `[[x...], [y...], ...]`, fitted into 100x100 with the aspect kept."""
    return "".join(curve([points[index] for index in visible_points(points)]) for points in fit_strokes(ink))


def curve(points: Line) -> str:
    """A stroke as the `d` of an SVG path: a curve through the middles of its segments, as on the sheet.

    A stroke of one point becomes a line without length, which round caps show as a dot.
    """
    start, *bends, end = points if len(points) > 1 else points * 2
    middles = [((x + after_x) / 2, (y + after_y) / 2) for (x, y), (after_x, after_y) in pairwise([*bends, end])]
    curves = "".join(f"Q{_at(bend)} {_at(middle)}" for bend, middle in zip(bends, middles, strict=True))
    return f"M{_at(start)}{curves}L{_at(end)}"


def _at(point: tuple[float, float]) -> str:
    """With one decimal. Halves are rounded up, as in static/js/shared/thumbnails.js."""
    x, y = point
    return f"{floor(x * 10 + 0.5) / 10:.1f} {floor(y * 10 + 0.5) / 10:.1f}"


def fit_strokes(ink: Iterable[Stroke]) -> list[Line]:
    """The points of each stroke, fitted into 100x100 with the aspect kept."""
    strokes = [list(zip(stroke[0], stroke[1], strict=True)) for stroke in ink]
    xs, ys = [x for line in strokes for x, _ in line], [y for line in strokes for _, y in line]
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    extent = max(max(xs) - min(xs), max(ys) - min(ys))
    scale = (SIDE - 2 * MARGIN) / extent if extent > NOTHING else 0.0
    return [
        [((x - middle_x) * scale + SIDE / 2, (y - middle_y) * scale + SIDE / 2) for x, y in line] for line in strokes
    ]


def visible_points(points: Line) -> list[int]:
    """Indexes of the points to keep: the first, the last, and those far enough from the kept one before."""
    kept = [0]
    for index, (x, y) in enumerate(points[1:-1], 1):
        before = points[kept[-1]]
        if abs(x - before[0]) + abs(y - before[1]) >= MIN_STEP:
            kept.append(index)
    return [*kept, len(points) - 1]
