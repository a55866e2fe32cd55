"""Outlines: paths are read, drawn as areas, and written small."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ml.bundles.glyphs import glyphs_problem, write_glyphs
from ml.symbols.outline import Outline, flatten, parse_path, rectangle

SQUARE = "M10 10H30V30H10Z"
RING = "M0 0H40V40H0ZM10 10V30H30V10Z"


def test_all_absolute_commands_are_read() -> None:
    segments = parse_path("M1 2L3-4 5 6H7V.5C1 1 2 2 3 3S5 5 6 6Q1 1 2 2T4 4Z")
    assert "".join(command for command, _ in segments) == "MLLLLCCQQZ"
    assert segments[1][1].tolist() == [[3, -4]]
    assert segments[4][1].tolist() == [[7, 0.5]]
    np.testing.assert_allclose(segments[6][1], [[4, 4], [5, 5], [6, 6]])  # the first one mirrors (2, 2) at (3, 3)
    np.testing.assert_allclose(segments[8][1], [[3, 3], [4, 4]])


def test_relative_commands_are_refused() -> None:
    with pytest.raises(ValueError, match="'m'"):
        parse_path("m1 2")


def test_curves_are_followed() -> None:
    (line,) = flatten(parse_path("M0 0C0 10 10 10 10 0"))
    assert line[0].tolist() == [0, 0]
    np.testing.assert_allclose(line[len(line) // 2], [5, 7.5])  # a Bezier curve at its middle
    assert line[-1].tolist() == [10, 0]


def test_an_outline_fills_its_picture_up_to_the_margin() -> None:
    picture = Outline([parse_path(SQUARE)]).draw(100, 10)
    rows, columns = np.nonzero(picture)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((10, 89, 10, 89), abs=1)


def test_holes_stay_and_paths_add_up() -> None:
    ring = Outline([parse_path(RING)]).draw(80, 0)
    assert ring[40, 40] == 0
    assert ring[5, 5] == 255
    filled = Outline([parse_path(RING), rectangle(10, 10, 20, 20)]).draw(80, 0)
    assert filled[40, 40] == 255


def test_a_small_path_shows_the_same_shape() -> None:
    curved = Outline([parse_path("M0 0C0 30 30 30 30 0L15-9ZM3 3L9 9H3Z")])
    glyph = curved.glyph(80)
    assert max(glyph.width, glyph.height) == 80
    assert glyphs_problem(write_glyphs({"a": glyph}, "test"), ["a"]) == ""
    back = Outline([parse_path(_absolute(glyph.path))])
    difference = np.abs(back.draw(80, 0).astype(int) - curved.draw(80, 0)).mean()
    assert difference < 8  # of 255: whole numbers move the edge by up to half a unit


def _absolute(path: str) -> str:
    """The path with absolute commands only."""
    parts, x, y, start = [], 0, 0, (0, 0)
    for command, numbers in _split(path):
        if command == "M":
            x, y = numbers
            start = (x, y)
            parts.append(f"M{x} {y}")
        elif command == "z":
            x, y = start
            parts.append("Z")
        elif command in "hv":
            x, y = (x + numbers[0], y) if command == "h" else (x, y + numbers[0])
            parts.append(f"L{x} {y}")
        else:
            points = [(x + a, y + b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
            x, y = points[-1]
            parts.append(command.upper() + " ".join(f"{a} {b}" for a, b in points))
    return "".join(parts)


def _split(path: str) -> list[tuple[str, list[int]]]:
    return [
        (command, list(map(int, re.findall(r"-?\d+", numbers))))
        for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", path)
    ]
