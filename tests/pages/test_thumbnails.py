"""Small drawings as SVG."""

from __future__ import annotations

import re
from typing import Any

import pytest

from recognizer.drawings.thumbnails import svg_path
from recognizer.templatetags.percent import percent
from tests.ink import DOT, ONE, SEVEN


def _points(d: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d", d)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_the_drawing_fills_the_square_up_to_its_margin() -> None:
    points = _points(svg_path(SEVEN))
    assert min(y for _, y in points) == 12
    assert max(y for _, y in points) == 88
    assert svg_path(SEVEN).count("M") == 2


@pytest.mark.parametrize("factor", [0.001, 1, 5000])
def test_size_and_place_do_not_matter(factor: float) -> None:
    moved: list[Any] = [[[x * factor + 7 for x in xs], [y * factor - 3 for y in ys]] for xs, ys, _ in SEVEN]
    for point, expected in zip(_points(svg_path(moved)), _points(svg_path(SEVEN)), strict=True):
        assert point == pytest.approx(expected, abs=0.11)


def test_a_dot_is_a_line_of_no_length_in_the_middle() -> None:
    assert svg_path(DOT) == "M50.0 50.0L50.0 50.0"


def test_a_line_without_width_stands_in_the_middle() -> None:
    assert {x for x, _ in _points(svg_path(ONE))} == {50.0}


def test_a_few_points_of_a_fast_hand_become_a_smooth_curve() -> None:
    around: list[Any] = [[[50, 100, 50, 0, 50], [0, 50, 100, 50, 0]]]
    assert re.findall("[A-Z]", svg_path(around)) == ["M", "Q", "Q", "Q", "L"]


def test_points_that_cannot_be_told_apart_are_left_out_but_the_last() -> None:
    dense: list[Any] = [[[i / 100 for i in range(10_001)], [0] * 10_001]]
    points = _points(svg_path(dense))
    assert len(points) < 80
    assert points[-1] == (88.0, 50.0)


@pytest.mark.parametrize("ink", [[[[0, 5e-324], [0, 0]]], [[[0, 1e-308], [0, 1e-320]]], [[[-1e6, 1e6], [0, 1e-9]]]])
def test_ink_of_any_size_has_only_numbers(ink: Any) -> None:
    assert "nan" not in svg_path(ink)
    assert "inf" not in svg_path(ink)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (0.004, "0%"), (0.125, "13%"), (0.964, "96%"), (0.996, "99.6%"), (0.99999, "99.9%"), (1, "99.9%")],
)
def test_shares_are_never_rounded_up_to_certainty(share: float, words: str) -> None:
    assert percent(share) == words
