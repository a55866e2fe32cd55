"""Lines of pictures become strokes that draw the picture again."""

from __future__ import annotations

import cv2
import numpy as np

from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import RasterSpec, rasterise
from ml.preprocessing.trace import trace_pictures

SPEC = RasterSpec(26, 25, 1.5, "box")


def blank() -> np.ndarray:
    return np.zeros((26, 26), np.uint8)


def test_what_was_traced_draws_the_picture_again() -> None:
    rng = np.random.default_rng(1)
    pictures = np.stack([rasterise(write_digit(number % 10, rng), SPEC) for number in range(40)])
    drawn = [rasterise(ink, SPEC) for ink in trace_pictures(pictures)]
    likeness = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(pictures, drawn, strict=True)]
    assert np.median(likeness) > 0.9


def test_a_straight_line_is_a_stroke_with_its_two_ends() -> None:
    picture = rasterise([np.array([[0.0, 10], [0, 0]])], SPEC)
    ((stroke,),) = trace_pictures(picture[np.newaxis])
    assert stroke.shape == (2, 2)
    left, right = stroke[:, stroke[0].argsort()].T
    np.testing.assert_allclose(left, (1.25, 13), atol=1)
    np.testing.assert_allclose(right, (24.75, 13), atol=1)


def test_a_slanted_line_is_one_stroke() -> None:
    for slope in np.linspace(0.2, 2, 10):
        picture = rasterise([np.array([[0.0, 10], [0, 10 * slope]])], SPEC)
        ((stroke,),) = trace_pictures(picture[np.newaxis])
        across, down = np.ptp(stroke, axis=1)
        assert abs(down / across - slope) < 0.1 * slope


def test_a_ring_is_one_closed_stroke() -> None:
    picture = blank()
    cv2.circle(picture, (13, 13), 9, 255, 2)
    ((stroke,),) = trace_pictures(picture[np.newaxis])
    np.testing.assert_allclose(stroke[:, 0], stroke[:, -1], atol=1)
    distance = np.hypot(*(stroke - 13.5))
    assert 8 < distance.min() <= distance.max() < 10


def test_lines_that_cross_are_followed_straight_on() -> None:
    picture = blank()
    picture[12:14, 3:23] = picture[3:23, 12:14] = 255
    (ink,) = trace_pictures(picture[np.newaxis])
    spans = sorted(np.ptp(stroke, axis=1).tolist() for stroke in ink)
    np.testing.assert_allclose(spans, [[0, 17], [8, 0], [8, 0]], atol=0.5)


def test_a_picture_without_ink_gives_a_point_and_others_are_not_touched_by_it() -> None:
    picture = blank()
    picture[5:7, 2:24] = 255
    alone, beside = trace_pictures(picture[np.newaxis]), trace_pictures(np.stack([blank(), picture, blank()]))
    assert [stroke.shape for stroke in beside[0]] == [(2, 1)]
    for one, other in zip(alone[0], beside[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_more_pictures_than_are_thinned_at_once_keep_their_order() -> None:
    pictures = np.zeros((300, 26, 26), np.uint8)
    for number, picture in enumerate(pictures):
        picture[3 + number % 20, 4:20] = 255
    heights = [ink[0][1].mean() for ink in trace_pictures(pictures)]
    assert np.abs(np.array(heights) - (3.5 + np.arange(300) % 20)).max() < 1


def test_no_pictures_give_no_ink() -> None:
    assert trace_pictures(np.zeros((0, 26, 26), np.uint8)) == []
