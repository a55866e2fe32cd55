"""Figures behind drawn shapes: exact ones are found again, shaken ones within a few percent, and no ink is an error."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.augmentation.shape_outlines import OUTLINES
from ml.augmentation.shapes_for_tests import draw_test_shape
from ml.augmentation.synthetic_shapes import draw_shape
from ml.figures.figure import FITS, Figure, fit_figure
from ml.preprocessing.ink import Ink

LABELS = list(OUTLINES)
COORDINATES = st.floats(-1e6, 1e6, allow_nan=False)


def closed(corners: np.ndarray, each: int = 30) -> Ink:
    """One stroke around corners (2, n), with `each` points on a side."""
    ring = np.concatenate([corners, corners[:, :1]], axis=1)
    t = np.arange(0, ring.shape[1] - 1 + 1e-9, 1 / each)
    return [np.stack([np.interp(t, np.arange(ring.shape[1]), axis) for axis in ring])]


def shaken(ink: Ink, amount: float, seed: int) -> Ink:
    rng = np.random.default_rng(seed)
    return [stroke + rng.normal(0, amount, stroke.shape) for stroke in ink]


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cos, -sin], [sin, cos]]) @ points


def found(label: str, ink: Ink) -> Figure:
    figure = fit_figure(label, ink)
    assert figure is not None
    return figure


def farthest(corners: np.ndarray, values: list[list[float]]) -> float:
    """The largest distance of a corner (2, n) from the nearest place in `values`."""
    away = corners[:, :, None] - np.array(values).T[:, None, :]
    return float(np.hypot(*away).min(axis=1).max())


@pytest.mark.parametrize("seed", range(4))
def test_a_shaken_circle_with_a_gap_gives_centre_and_radius(seed: int) -> None:
    t = np.linspace(0.3, 5.9, 80)
    ink = shaken([np.stack([300 + 80 * np.cos(t), -50 + 80 * np.sin(t)])], 2.0, seed)
    figure = found("circle", ink)
    assert np.allclose(figure.values["centre"], [300, -50], atol=2.5)
    assert figure.values["radius"] == pytest.approx(80, rel=0.03)
    assert figure.error < 0.03


@pytest.mark.parametrize("degrees", [-60, 0, 25, 80])
def test_an_ellipse_gives_axes_and_angle(degrees: float) -> None:
    t = np.linspace(0, 6.1, 90)
    points = turned(np.stack([120 * np.cos(t), 50 * np.sin(t)]), degrees) + np.array([[10.0], [20.0]])
    values = found("ellipse", shaken([points], 1.5, 1)).values
    assert np.allclose(values["centre"], [10, 20], atol=3)
    assert np.allclose(values["axes"], [240, 100], rtol=0.04)
    assert values["angle"] == pytest.approx(degrees, abs=2.5)


@pytest.mark.parametrize("degrees", [-15, 0, 12])
def test_a_square_has_one_side_and_a_rectangle_two(degrees: float) -> None:
    corners = turned(np.array([[-50.0, 50, 50, -50], [-50, -50, 50, 50]]), degrees)
    values = found("square", shaken(closed(corners), 1.5, 2)).values
    assert values["side"] == pytest.approx(100, rel=0.03)
    assert values["angle"] == pytest.approx(degrees, abs=2)
    wide = turned(np.array([[-90.0, 90, 90, -90], [-30, -30, 30, 30]]), degrees)
    values = found("rectangle", shaken(closed(wide), 1.5, 2)).values
    assert np.allclose(values["sides"], [180, 60], rtol=0.05)
    assert values["angle"] == pytest.approx(degrees, abs=2)
    assert farthest(wide, values["corners"]) < 4


@pytest.mark.parametrize(
    ("label", "count"), [("triangle", 3), ("diamond", 4), ("pentagon", 5), ("hexagon", 6), ("octagon", 8)]
)
@pytest.mark.parametrize("seed", range(3))
def test_the_corners_of_a_polygon_are_found(label: str, count: int, seed: int) -> None:
    angles = np.arange(count) * 2 * np.pi / count - np.pi / 2
    corners = np.stack([70 * np.cos(angles), 100 * np.sin(angles)])
    figure = found(label, shaken(closed(corners), 1.5, seed))
    assert len(figure.values["corners"]) == count
    assert farthest(corners, figure.values["corners"]) < 6  # of 200


def test_a_line_keeps_its_direction_and_its_ends() -> None:
    ink = shaken([np.stack([np.linspace(200, 0, 40), np.linspace(100, 0, 40)])], 1.0, 3)
    values = found("line", ink).values
    assert np.allclose(values["ends"], [[200, 100], [0, 0]], atol=4)
    assert values["length"] == pytest.approx(np.hypot(200, 100), rel=0.03)
    assert values["angle"] == pytest.approx(np.rad2deg(np.arctan2(-100, -200)), abs=1.5)


@pytest.mark.parametrize("degrees", [0, 90, 200])
@pytest.mark.parametrize("is_tail_first", [True, False])
def test_an_arrow_points_to_its_head_whichever_way_it_was_drawn(degrees: float, is_tail_first: bool) -> None:
    shaft, head = np.array([[0.0, 100], [0, 0]]), np.array([[75.0, 100, 75], [-18, 0, 18]])
    strokes = [turned(shaft, degrees), turned(head, degrees)]
    if not is_tail_first:
        strokes = [stroke[:, ::-1] for stroke in strokes[::-1]]
    values = found("arrow", strokes).values
    assert np.allclose(values["tip"], turned(np.array([[100.0], [0]]), degrees)[:, 0], atol=4)
    assert np.allclose(values["tail"], [0, 0], atol=4)
    assert values["outlined"] == 0


def test_the_outline_of_an_arrow_is_found_as_such() -> None:
    corners = np.array([[0.0, 60, 60, 100, 60, 60, 0], [-12, -12, -30, 0, 30, 12, 12]])
    values = found("arrow", closed(corners)).values
    assert values["outlined"] == 1
    assert farthest(corners, values["corners"]) < 4


def test_stars_are_found_with_their_points_as_outline_and_with_crossing_lines() -> None:
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    outline = np.stack([np.cos(angles), np.sin(angles)]) * np.where(np.arange(10) % 2, 40, 100)
    figure = found("star", closed(outline, 10))
    assert (figure.values["points"], figure.values["crossed"], len(figure.values["corners"])) == (5, 0, 10)
    assert farthest(outline, figure.values["corners"]) < 5
    crossed = found("star", closed(outline[:, ::2][:, [0, 2, 4, 1, 3]]))
    assert (crossed.values["points"], crossed.values["crossed"]) == (5, 1)
    assert farthest(outline[:, ::2], crossed.values["corners"]) < 5


def test_a_cross_gives_its_crossing_and_its_bars() -> None:
    ink = shaken([np.array([[50.0, 50], [0, 160]]), np.array([[0.0, 100], [40, 40]])], 0.5, 4)
    values = found("cross", ink).values
    assert np.allclose(values["centre"], [50, 40], atol=3)
    assert abs(values["angle"]) < 2
    assert farthest(np.array([[0.0, 100], [40, 40]]), values["bar"]) < 5
    assert farthest(np.array([[50.0, 50], [0, 160]]), values["stem"]) < 5


def test_a_spiral_gives_its_turns_from_either_end() -> None:
    t = np.linspace(0, 3.5 * 2 * np.pi, 300)
    path = np.stack([np.cos(t), np.sin(t)]) * (5 + 4 * t)
    for drawn in (path, path[:, ::-1]):
        values = found("spiral", [drawn]).values
        assert values["turns"] == pytest.approx(3.5, abs=0.15)
        assert values["outer_radius"] == pytest.approx(93, rel=0.05)
        assert np.allclose(values["centre"], [0, 0], atol=4)
        assert values["clockwise"] == 1


@pytest.mark.parametrize("degrees", [0, 90, 180, 230])
def test_a_heart_is_found_however_it_is_turned(degrees: float) -> None:
    t = np.linspace(0, 2 * np.pi, 80)
    heart = np.stack([16 * np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))])
    figure = found("heart", [turned(heart, degrees)])
    assert figure.error < 0.02
    assert np.allclose(figure.values["tip"], turned(np.array([[0.0], [17]]), degrees)[:, 0], atol=1)
    assert figure.values["width"] == pytest.approx(32, rel=0.05)


@pytest.mark.parametrize("degrees", [0, 120, 250])
def test_a_crescent_gives_the_direction_in_which_it_opens(degrees: float) -> None:
    outer, inner = np.linspace(1.2, 2 * np.pi - 1.2, 60), np.linspace(-np.pi / 2, np.pi / 2, 40)
    back = np.stack([np.cos(outer), np.sin(outer)])
    front = np.stack([np.cos(1.2) - 0.6 * np.cos(inner), np.sin(1.2) * np.sin(inner)])
    figure = found("moon", [turned(np.concatenate([back, front], axis=1) * 50, degrees)])
    assert figure.error < 0.02
    assert abs((figure.values["angle"] - degrees + 180) % 360 - 180) < 6
    assert figure.values["radius"] == pytest.approx(50, rel=0.05)


def test_a_full_moon_is_a_circle_without_its_craters() -> None:
    t = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack([np.cos(t), np.sin(t)])
    values = found("moon", [ring * 100, ring * 10 + 20, ring * 15 - 30]).values
    assert values["radius"] == pytest.approx(100, rel=0.02)
    assert "tips" not in values


def test_zigzags_and_clouds_keep_their_corners_and_bulges() -> None:
    corners = np.array([[0.0, 20, 40, 60, 80, 100], [0, 50, 0, 50, 0, 50]])
    t = np.linspace(0, 5, 100)
    ink = [np.stack([np.interp(t, np.arange(6), axis) for axis in corners])]
    assert np.allclose(found("zigzag", ink).values["corners"], corners.T, atol=3)
    around = np.linspace(0, 2 * np.pi, 400)
    bulges = 1 + 0.35 * np.abs(np.sin(around * 3.5))  # seven
    cloud = found("cloud", [np.stack([140 * np.cos(around), 90 * np.sin(around)]) * bulges])
    assert cloud.values["bulges"] == 7
    assert cloud.error < 0.03


@pytest.mark.parametrize("label", ["circle", "square", "triangle", "hexagon"])
def test_hatching_does_not_move_a_figure(label: str) -> None:
    count = {"circle": 60, "square": 4, "triangle": 3, "hexagon": 6}[label]
    angles = np.arange(count) * 2 * np.pi / count - np.pi / 2 + (np.pi / 4 if label == "square" else 0)
    outline = 100 * np.stack([np.cos(angles), np.sin(angles)])
    ring = closed(outline)
    hatching = []
    for y in np.arange(-90, 91, 12.0):
        x = ring[0][0][np.abs(ring[0][1] - y) < 6]
        if len(x) > 1 and x.max() - x.min() > 5:
            hatching.append(np.array([[x.min(), x.max()], [y, y]]))
    plain, filled = found(label, ring), found(label, [*ring, *hatching])
    assert np.allclose(np.array(filled.box), plain.box, atol=14)  # of 200


@pytest.mark.parametrize("label", LABELS)
def test_figures_lie_on_the_ink_of_both_generators(label: str) -> None:
    errors = []
    for draw in (draw_shape, draw_test_shape):
        rng = np.random.default_rng(8)
        errors += [found(label, [stroke * 60 + 500 for stroke in draw(label, rng)]).error for _ in range(6)]
    assert np.median(errors) < 0.05


@pytest.mark.parametrize("label", LABELS)
def test_a_figure_is_json_and_a_path_in_the_units_of_the_ink(label: str) -> None:
    ink = [stroke * 0.02 + 7 for stroke in draw_test_shape(label, np.random.default_rng(1))]
    figure = found(label, ink)
    json.dumps([figure.values, figure.box], allow_nan=False)
    assert re.fullmatch(r"[MLCAZ][-0-9.,e MLCAZ]*", figure.path)
    every = np.concatenate(ink, axis=1)
    left, top, width, height = figure.box
    assert np.allclose([left, top], every.min(axis=1), atol=0.3 * np.ptp(every))
    assert max(width, height) == pytest.approx(float(np.ptp(every, axis=1).max()), rel=0.35)


def test_moving_and_scaling_ink_moves_and_scales_its_figure() -> None:
    ink = draw_test_shape("hexagon", np.random.default_rng(2))
    small, large = found("hexagon", ink), found("hexagon", [stroke * 1000 - 4000 for stroke in ink])
    assert np.allclose(np.array(small.values["corners"]) * 1000 - 4000, large.values["corners"], atol=200)
    assert small.error == pytest.approx(large.error, abs=0.002)


def test_a_word_that_is_no_shape_has_no_figure() -> None:
    assert fit_figure("cat", [np.array([[0.0, 10, 20], [0, 10, 0]])]) is None


@pytest.mark.parametrize("label", LABELS)
def test_ink_without_form_has_no_figure_or_one_that_can_be_drawn(label: str) -> None:
    assert fit_figure(label, [np.array([[5.0], [5.0]])]) is None
    assert fit_figure(label, [np.full((2, 50), 3.0)]) is None
    inks: list[Ink] = [
        [np.array([[0.0, 1], [0, 0]])],
        [np.array([[0.0], [0]]), np.array([[9.0], [4]])],
        [np.linspace(0, 9, 50) * np.ones((3, 1))],
        [np.array([[0.0, 1e6, -1e6], [1e-6, 0, 0]])],
    ]
    for ink in inks:
        figure = fit_figure(label, ink)
        assert figure is None or json.dumps([figure.values, figure.box, figure.error], allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    label=st.sampled_from(sorted(FITS)),
    ink=st.lists(
        st.integers(1, 12).flatmap(lambda n: arrays(np.float64, (2, n), elements=COORDINATES)), min_size=1, max_size=4
    ),
)
def test_no_ink_is_an_error(label: str, ink: Ink) -> None:
    figure = fit_figure(label, ink)
    assert figure is None or json.dumps([figure.values, figure.box, figure.error, figure.path], allow_nan=False)
