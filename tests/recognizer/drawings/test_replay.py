"""What is sent of a drawing to be drawn once more."""

import re

import pytest

from recognizer.drawings import replay, thumbnails
from tests.ink import DOT, ONE, SEVEN


def test_the_points_are_those_of_the_still_picture() -> None:
    for ink in (SEVEN, ONE, DOT):
        lines = [list(zip(xs, ys, strict=True)) for xs, ys, *_times in replay.replay_strokes(ink)]
        replayed, still = "".join(map(thumbnails.curve, lines)), thumbnails.svg_path(ink)
        assert re.sub(r"[\d.]+", "", replayed) == re.sub(r"[\d.]+", "", still)
        assert _numbers(replayed) == pytest.approx(_numbers(still), abs=0.11)


def _numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", path)]


def test_times_start_at_the_first_point_and_never_go_back() -> None:
    ink: list[list[list[float]]] = [[[0, 50, 100], [0, 0, 0], [7000.4, 7100, 7050]], [[0, 100], [50, 50], [6000, 7500]]]
    assert [stroke[2] for stroke in replay.replay_strokes(ink)] == [[0, 100, 100], [100, 500]]


def test_without_the_times_of_every_stroke_none_are_sent() -> None:
    ways: list[list[list[float]]] = [[], [[]], [[1]]]
    for missing in ways:
        ink: list[list[list[float]]] = [[[0, 100], [0, 0], [0, 10]], [[0, 100], [50, 50], *missing]]
        assert [len(stroke) for stroke in replay.replay_strokes(ink)] == [2, 2]


def test_points_that_cannot_be_seen_apart_are_left_out_with_their_times() -> None:
    ink: list[list[list[float]]] = [[[0, 0.1, 0.2, 100], [0, 0, 0, 0], [0, 1, 2, 3]]]
    assert replay.replay_strokes(ink) == [[[12.0, 88.0], [50.0, 50.0], [0, 3]]]
