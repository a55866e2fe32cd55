"""Ink: the strokes of a drawing, each `[[x, ...], [y, ...]]`, perhaps with a third list `[t, ...]` in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Stroke = list[list[float]]
Ink = list[Stroke]


def from_points(strokes: Iterable[Iterable[Sequence[float]]]) -> Ink:
    """Ink from strokes that are lists of points (x, y) or (x, y, t). Raises ValueError if a stroke mixes the two."""
    ink: Ink = []
    for stroke in strokes:
        points = list(stroke)
        if {len(point) for point in points} not in (set(), {2}, {3}):
            raise ValueError("The points of a stroke must all be (x, y), or all (x, y, t).")
        ink.append([list(column) for column in zip(*points, strict=True)] or [[], []])
    return ink


def from_quickdraw(line: str | Mapping[str, Any]) -> Ink:
    """The ink in one line of a Quick, Draw! file (.ndjson). Raises ValueError if there is none."""
    try:
        drawing = (json.loads(line) if isinstance(line, str) else line)["drawing"]
        return [[[float(value) for value in column] for column in stroke] for stroke in drawing]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError('A line of a Quick, Draw! file is an object with "drawing": a list of strokes.') from error


def read_quickdraw(path: str | Path) -> Iterator[Ink]:
    """The ink of each line of a Quick, Draw! file."""
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield from_quickdraw(line)


def read(text: str) -> Ink:
    """Ink from JSON: a list of strokes, or an object that has them as `ink` or `drawing`. Else raises ValueError."""
    data = json.loads(text)
    found = data.get("ink", data.get("drawing")) if isinstance(data, dict) else data
    if not isinstance(found, list):
        raise ValueError('This is not ink. Ink is a list of strokes, or {"ink": [...]}.')
    return found
