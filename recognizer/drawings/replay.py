"""Strokes with their times, small enough to send, for a page that draws them once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from recognizer.drawings import thumbnails

Stroke = Sequence[Sequence[float]]


def replay_strokes(ink: Iterable[Stroke]) -> list[list[list[float]]]:
    """Strokes `[[x…], [y…], [t…]]` fitted like `thumbnails.path`, without the points that cannot be seen.

    `t` is in ms from the first point, never back, and left out where it is not known of every stroke.
    """
    known = list(ink)
    lines = thumbnails.fit_strokes(known)
    timed = all(len(stroke) > 2 and len(stroke[2]) == len(stroke[0]) for stroke in known)
    kept = [thumbnails.visible_points(line) for line in lines]
    if not timed:
        return [_columns(line, places) for line, places in zip(lines, kept, strict=True)]
    clock = _forward([time for stroke, places in zip(known, kept, strict=True) for time in _at(stroke[2], places)])
    return [[*_columns(line, places), [next(clock) for _ in places]] for line, places in zip(lines, kept, strict=True)]


def _columns(line: thumbnails.Line, places: Sequence[int]) -> list[list[float]]:
    return [[round(line[place][axis], 1) for place in places] for axis in (0, 1)]


def _at(times: Sequence[float], places: Sequence[int]) -> list[float]:
    return [times[place] for place in places]


def _forward(times: Sequence[float]) -> Iterator[float]:
    newest = start = times[0]
    for time in times:
        newest = max(newest, time)
        yield round(newest - start)
