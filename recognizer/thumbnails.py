"""Small drawings as SVG, made from the strokes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SIDE = 100  # the drawing is fitted into a square of so many units
MARGIN = 12
MIN_STEP = 1.5  # units; what is nearer to the point before cannot be seen
NOTHING = 1e-300  # dividing by less gives no number

Stroke = Sequence[Sequence[float]]


def path(ink: Iterable[Stroke]) -> str:
    """The `d` of one SVG path for strokes `[[x...], [y...], ...]`, fitted into 100x100 with the aspect kept.

    A stroke of one point becomes a line of no length, which round caps show as a dot.
    """
    strokes = [list(zip(stroke[0], stroke[1], strict=True)) for stroke in ink]
    xs, ys = [x for line in strokes for x, _ in line], [y for line in strokes for _, y in line]
    middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    extent = max(max(xs) - min(xs), max(ys) - min(ys))
    scale = (SIDE - 2 * MARGIN) / extent if extent > NOTHING else 0.0
    return "".join(_line(_fit(line, middle, scale)) for line in strokes)


def _fit(line: list[tuple[float, float]], middle: tuple[float, float], scale: float) -> list[tuple[float, float]]:
    return [((x - middle[0]) * scale + SIDE / 2, (y - middle[1]) * scale + SIDE / 2) for x, y in line]


def _line(points: list[tuple[float, float]]) -> str:
    kept = [points[0]]
    for x, y in points[1:-1]:
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= MIN_STEP:
            kept.append((x, y))
    kept.append(points[-1])
    first, *rest = [f"{x:.1f} {y:.1f}" for x, y in kept]
    return f"M{first}L{' '.join(rest)}"
