"""Strokes with their times, reduced for a page that replays how they were drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from recognizer.drawings import thumbnails

Stroke = Sequence[Sequence[float]]


def replay_strokes(ink: Iterable[Stroke]) -> list[list[list[float]]]:
    """Strokes `[[x…], [y…], [t…]]`, fitted like `thumbnails.svg_path`, without points too close to be seen.

    `t` is in ms since the first point and never decreases. It is left out unless every stroke has times.
    """
    given = list(ink)
    lines = thumbnails.fit_strokes(given)
    kept = [thumbnails.visible_points(line) for line in lines]
    strokes = [
        [[round(line[index][axis], 1) for index in indexes] for axis in (0, 1)]
        for line, indexes in zip(lines, kept, strict=True)
    ]
    if not all(len(stroke) > 2 and len(stroke[2]) == len(stroke[0]) for stroke in given):
        return strokes
    times = [stroke[2][index] for stroke, indexes in zip(given, kept, strict=True) for index in indexes]
    clock = (round(newest - times[0]) for newest in accumulate(times, max))
    return [[*stroke, [next(clock) for _ in stroke[0]]] for stroke in strokes]
