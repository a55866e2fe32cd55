"""Generated shapes: every label in many forms, what its name promises, and two generators that agree about it."""

import cv2
import numpy as np
import pytest

from ml.augmentation.shape_outlines import OUTLINES, draw_outline
from ml.augmentation.shapes_for_tests import AREAS, TRACKS, draw_test_shape
from ml.augmentation.synthetic_shapes import draw_shape
from ml.preprocessing.ink import MAX_POINTS, MAX_STROKES, Ink, RasterSpec, rasterise

LABELS = list(OUTLINES)
SPEC = RasterSpec(size=28, box=26, pen=1.4, centre="box")
GENERATORS = [draw_shape, draw_test_shape]


def aspect(ink: Ink) -> float:
    """The longer side of the smallest box around the ink divided by the shorter one."""
    points = np.concatenate(ink, axis=1).T.astype(np.float32)
    _, (wide, high), _ = cv2.minAreaRect(points)
    return max(wide, high) / min(wide, high)


def test_there_are_nineteen_shapes_and_both_generators_draw_each() -> None:
    assert len(LABELS) == 19
    assert {*AREAS, *TRACKS} == {*LABELS}


@pytest.mark.parametrize("draw", GENERATORS)
@pytest.mark.parametrize("label", LABELS)
def test_ink_is_finite_and_within_the_limits_of_the_site(label: str, draw) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(4)
    for _ in range(20):
        ink = draw(label, rng)
        assert 1 <= len(ink) <= MAX_STROKES
        assert sum(stroke.shape[1] for stroke in ink) <= MAX_POINTS
        assert all(stroke.shape[0] == 2 and stroke.shape[1] >= 1 and np.isfinite(stroke).all() for stroke in ink)
        assert rasterise(ink, SPEC).max() > 0


@pytest.mark.parametrize("draw", GENERATORS)
@pytest.mark.parametrize("label", LABELS)
def test_the_same_seed_draws_the_same_and_another_seed_something_else(label: str, draw) -> None:  # type: ignore[no-untyped-def]
    one, again, other = (draw(label, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(rasterise(one, SPEC), rasterise(other, SPEC))


@pytest.mark.parametrize(("round_one", "long_one"), [("circle", "ellipse"), ("square", "rectangle")])
@pytest.mark.parametrize("draw", GENERATORS)
def test_proportions_keep_labels_apart(round_one: str, long_one: str, draw) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(5)
    short, long = ([aspect(draw(label, rng)) for _ in range(60)] for label in (round_one, long_one))
    assert np.quantile(short, 0.9) < 1.35 < np.median(long)
    assert np.quantile(short, 0.75) < np.quantile(long, 0.1)


@pytest.mark.parametrize(("label", "corners"), [("triangle", 3), ("square", 4), ("diamond", 4), ("pentagon", 5),
                                                ("hexagon", 6), ("octagon", 8)])  # fmt: skip
def test_polygons_have_their_corners(label: str, corners: int) -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        (line,) = draw_outline(label, rng)
        assert line.closed
        assert line.points.shape == (2, corners)
        hull = cv2.convexHull(line.points.T.astype(np.float32))
        assert len(hull) == corners, "a corner that points inwards makes another shape"


def test_a_square_stands_on_its_side_and_a_diamond_on_its_tip() -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        square, diamond = draw_outline("square", rng)[0].points, draw_outline("diamond", rng)[0].points
        across = [np.diff(np.concatenate([points, points[:, :1]], axis=1)) for points in (square, diamond)]
        # How far the sides are from level or upright, in degrees.
        leaning = [np.abs((np.rad2deg(np.arctan2(*sides)) + 45) % 90 - 45).mean() for sides in across]
        assert leaning[0] < 32
        # The sides of a long diamond are nearly upright. Its tips say more: one above, one below, one on each side.
        assert np.abs(diamond).max(axis=1).min() > 0.2
        turned = np.sort(np.rad2deg(np.arctan2(diamond[1], diamond[0])) % 90)
        assert np.minimum(turned, 90 - turned).mean() < 30


def test_a_hand_varies_strokes_direction_and_start() -> None:
    rng = np.random.default_rng(8)
    drawn = [draw_shape("square", rng) for _ in range(120)]
    assert {1, 2, 4} <= {len(ink) for ink in drawn}
    first = np.array([ink[0][:, 0] for ink in drawn])
    assert (np.abs(first).max(axis=0) > 0.5).all()
    single = [ink[0] for ink in drawn if len(ink) == 1]
    signs = {np.sign(np.sum(s[0, :-1] * s[1, 1:] - s[0, 1:] * s[1, :-1])) for s in single}
    assert signs == {-1.0, 1.0}  # clockwise and the other way


def test_some_shapes_are_filled_with_hatching_and_some_are_drawn_twice() -> None:
    rng = np.random.default_rng(9)
    lengths = np.array(
        [sum(np.hypot(*np.diff(stroke)).sum() for stroke in draw_shape("triangle", rng)) for _ in range(300)]
    )
    usual = np.median(lengths)
    assert 0.02 < (lengths > 1.7 * usual).mean() < 0.2
