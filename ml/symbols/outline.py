"""Outlines: the contours of a typeset symbol, read from SVG paths, drawn as pictures, and written as small paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from ml.bundles.glyphs import Glyph

TOKEN = re.compile(r"([MLHVCSQTZ])|(-?\d*\.?\d+)")
NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}  # after each command
STEPS = 8  # straight pieces of a curve

Segment = tuple[str, np.ndarray]
"""A command M, L, C, Q or Z, and its points, float64 (n, 2), absolute, y pointing down."""


@dataclass(frozen=True)
class Outline:
    """The paths of a symbol. The area of each is filled, and areas are added up."""

    paths: list[list[Segment]]

    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and the highest coordinates, (2,) each. Raises ValueError for an outline without paths."""
        points = np.concatenate([line for path in self.paths for line in flatten(path)])
        return points.min(axis=0), points.max(axis=0)

    def draw(self, side: int, margin: int) -> np.ndarray:
        """A picture, uint8 (side, side), white on black: the longer side fills it up to the margin, in its middle."""
        low, high = self.box()
        scale = (side - 2 * margin) / max(float((high - low).max()), 1e-9)
        picture = np.zeros((side, side), np.uint8)
        for path in self.paths:
            area = np.zeros_like(picture)
            lines = [(line - (low + high) / 2) * scale + side / 2 - 0.5 for line in flatten(path)]
            cv2.fillPoly(area, [np.round(line * 16).astype(np.int32) for line in lines], 255, cv2.LINE_8, 4)
            picture |= area
        return picture

    def glyph(self, units: int) -> Glyph:
        """The outline as a small path in whole numbers; the longer side of its box has so many units."""
        low, high = self.box()
        scale = units / max(float((high - low).max()), 1e-9)
        width, height = (max(1, int(side)) for side in np.ceil((high - low) * scale))
        return Glyph(width, height, "".join(_write(path, low, scale) for path in self.paths))


def parse_path(data: str) -> list[Segment]:
    """The segments of an SVG path of absolute commands. Raises ValueError for other ones."""
    if rest := re.sub(r"[\s,]", "", TOKEN.sub("", data)):
        raise ValueError(f"This path has something else than absolute commands: {rest[:20]!r}.")
    segments: list[Segment] = []
    here, start, control = np.zeros(2), np.zeros(2), np.zeros(2)
    for command, values in _commands(data):
        if command == "Z":
            here, points = start, np.zeros((0, 2))
        elif command in "HV":
            here = np.array([values[0], here[1]] if command == "H" else [here[0], values[0]])
            command, points = "L", here[np.newaxis]
        else:
            points = np.array(values).reshape(-1, 2)
            if command in "ST":  # the first control point mirrors the last one
                before = segments[-1][0] == {"S": "C", "T": "Q"}[command]
                points = np.concatenate([[2 * here - control if before else here], points])
                command = {"S": "C", "T": "Q"}[command]
            here = points[-1]
            control = points[-2] if len(points) > 1 else here
            start = here if command == "M" else start
        segments.append((command, points))
    return segments


def rectangle(x: float, y: float, width: float, height: float) -> list[Segment]:
    """A rectangle as a path."""
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return [("M" if number == 0 else "L", np.array([corner])) for number, corner in enumerate(corners)] + [
        ("Z", np.zeros((0, 2)))
    ]


def _commands(data: str) -> Iterator[tuple[str, list[float]]]:
    """Each command with its numbers; a command that is written once for several is repeated."""
    command = ""
    values: list[float] = []
    for found in TOKEN.finditer(data):
        if found[1]:
            command, values = found[1], []
        else:
            values.append(float(found[2]))
        if len(values) == NUMBERS[command]:
            yield command, values
            command, values = {"M": "L"}.get(command, command), []


def flatten(path: Sequence[Segment]) -> list[np.ndarray]:
    """The contours of a path as polygons, float64 (n, 2) each."""
    lines: list[list[np.ndarray]] = []
    for command, points in path:
        if command == "M":
            lines.append([points])
        elif command == "L":
            lines[-1].append(points)
        elif command in "CQ":
            lines[-1].append(_curve(np.concatenate([lines[-1][-1][-1:], points])))
    return [np.concatenate(line) for line in lines]


def _curve(points: np.ndarray) -> np.ndarray:
    """Points on a Bezier curve of these control points (3 or 4, 2), without the first."""
    t = np.linspace(0, 1, STEPS + 1)[1:, np.newaxis]
    while len(points) > 1:  # de Casteljau, for all t at once: the points become (n, STEPS, 2)
        points = np.stack([a * (1 - t) + b * t for a, b in pairwise(points)])
    line: np.ndarray = points[0]
    return line


def _write(path: Sequence[Segment], low: np.ndarray, scale: float) -> str:
    """A path in whole numbers, relative to the point before, as short as it gets."""
    parts, here, start = [], np.zeros(2, int), np.zeros(2, int)
    for command, points in path:
        if command == "Z":
            parts.append("z")
            here = start
            continue
        whole = np.round((points - low) * scale).astype(int)
        moved = whole - here
        here = whole[-1]
        if command == "M":
            start = here
            parts.append("M" + _numbers(whole.ravel()))
        elif command == "L" and (moved == 0).any():
            across, down = moved[0]
            parts.append(f"h{across}" * bool(across) + f"v{down}" * bool(down))
        elif moved.any():
            parts.append(command.lower() + _numbers(moved.ravel()))
    return "".join(parts)


def _numbers(values: np.ndarray) -> str:
    return "".join(f"{value}" if value < 0 or number == 0 else f" {value}" for number, value in enumerate(values))
