"""Other hands: variations that repeat with their seed, keep the form and leave the truth alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ml.augmentation.augment import (
    add_camera_noise,
    augment_ink,
    augment_rasters,
    distort_ink,
    drop_points,
    fit_picture,
    round_coordinates,
)
from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import BOX, SIZE, RasterSpec, rasterise


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def three() -> list[np.ndarray]:
    return write_digit(3, rng(1))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_a_varied_drawing_is_a_raster_with_ink() -> None:
    raster = augment_ink(three(), rng())

    assert raster.shape == (SIZE, SIZE)
    assert raster.dtype == np.uint8
    assert raster.max() > 200


def test_the_same_seed_gives_the_same_drawing() -> None:
    np.testing.assert_array_equal(augment_ink(three(), rng(5)), augment_ink(three(), rng(5)))


def test_other_seeds_give_other_drawings_of_the_same_form() -> None:
    plain = rasterise(three())
    varied = [augment_ink(three(), rng(seed)) for seed in range(20)]

    assert len({raster.tobytes() for raster in varied}) == 20
    assert np.mean([likeness(plain, raster) for raster in varied]) > 0.4


def test_without_strength_ink_is_bent_by_nothing() -> None:
    np.testing.assert_array_equal(rasterise(distort_ink(three(), rng(), 0.0)), rasterise(three()))


def test_variation_leaves_the_ink_it_was_given_as_it_is() -> None:
    ink = three()
    before = [stroke.copy() for stroke in ink]

    augment_ink(ink, rng())

    for stroke, copy in zip(ink, before, strict=True):
        np.testing.assert_array_equal(stroke, copy)


def test_a_tap_survives_every_variation() -> None:
    for seed in range(10):
        assert augment_ink([np.array([[5.0], [5.0]])], rng(seed)).shape == (SIZE, SIZE)


def test_dropping_points_keeps_both_ends_of_a_stroke() -> None:
    for seed in range(20):
        for dropped, stroke in zip(drop_points(three(), rng(seed)), three(), strict=True):
            np.testing.assert_array_equal(dropped[:, 0], stroke[:, 0])
            np.testing.assert_array_equal(dropped[:, -1], stroke[:, -1])


def test_a_stroke_of_few_points_keeps_all_its_corners() -> None:
    corners = [np.array([[0.0, 1, 0, 1], [0, 0, 1, 1]])]

    for seed in range(20):
        assert drop_points(corners, rng(seed))[0].shape == (2, 4)


def test_time_is_left_out_of_what_is_drawn() -> None:
    with_time = [np.concatenate([stroke, np.arange(stroke.shape[1])[np.newaxis]]) for stroke in three()]

    np.testing.assert_array_equal(augment_ink(with_time, rng(3)), augment_ink(three(), rng(3)))


def test_rounded_coordinates_are_whole_numbers_or_untouched() -> None:
    unit = distort_ink(three(), rng(), 0.0)

    for seed in range(20):
        rounded = round_coordinates(unit, rng(seed))
        assert rounded is unit or all((stroke == np.round(stroke)).all() for stroke in rounded)


def test_pictures_are_varied_one_by_one_and_keep_their_form() -> None:
    pictures = np.stack([rasterise(write_digit(digit, rng(digit))) for digit in range(10)])

    varied = augment_rasters(pictures, rng())

    assert varied.shape == pictures.shape
    assert varied.dtype == np.uint8
    assert min(likeness(*pair) for pair in zip(pictures, varied, strict=True)) > 0.2
    assert not (varied == pictures).all(axis=(1, 2)).any()


SKETCHES = RasterSpec(26, 25.5, 1.5)


def test_ink_is_varied_on_the_raster_of_its_recognizer() -> None:
    for seed in range(10):
        varied = augment_ink(three(), rng(seed), SKETCHES)
        assert varied.shape == (26, 26)
        rows, columns = np.nonzero(varied > 60)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 >= 24


def test_pictures_that_fill_their_raster_are_varied_and_nothing_is_cut_off() -> None:
    """Turned and slanted, a box without a margin sticks out of its raster by far."""
    frame = np.zeros((26, 26), np.uint8)
    frame[:2], frame[-2:], frame[:, :2], frame[:, -2:] = (255,) * 4
    varied = augment_rasters(np.stack([frame] * 20), rng(), spec=SKETCHES)
    assert varied.shape == (20, 26, 26)
    for picture in varied:
        parts, _ = cv2.connectedComponents((picture < 100).astype(np.uint8), connectivity=4)
        assert parts >= 3  # there is an inside still: no side of the frame was lost
        rows, columns = np.nonzero(picture > 60)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 >= 24


def test_no_pictures_give_no_pictures() -> None:
    assert augment_rasters(np.zeros((0, SIZE, SIZE), np.uint8), rng()).shape == (0, SIZE, SIZE)


@pytest.mark.parametrize("shape", [(9, 40), (90, 20), (28, 28), (300, 200)])
def test_a_fitted_picture_fills_the_box_and_is_centred(shape: tuple[int, int]) -> None:
    fitted = fit_picture(np.full(shape, 255, np.uint8)) > 127

    rows, columns = np.flatnonzero(fitted.any(axis=1)), np.flatnonzero(fitted.any(axis=0))
    assert abs(max(np.ptp(rows), np.ptp(columns)) + 1 - BOX) <= 1
    assert abs(rows.mean() - (SIZE - 1) / 2) <= 1
    assert abs(columns.mean() - (SIZE - 1) / 2) <= 1
    assert fit_picture(np.full(shape, 255, np.uint8), SKETCHES).shape == (26, 26)


def test_an_empty_picture_stays_empty() -> None:
    assert not fit_picture(np.zeros((40, 40), np.uint8)).any()


def test_a_raster_is_fitted_to_itself() -> None:
    raster = rasterise(three())

    assert likeness(fit_picture(raster), raster) > 0.92


def test_a_photograph_keeps_the_form_and_the_black_background() -> None:
    raster = rasterise(three())
    for seed in range(10):
        taken = add_camera_noise(raster, rng(seed))
        assert likeness(taken, raster) > 0.8
        assert taken[0, 0] == 0


def test_a_photograph_of_nothing_is_nothing() -> None:
    assert not add_camera_noise(np.zeros((SIZE, SIZE), np.uint8), rng()).any()


def test_a_picture_is_fitted_by_its_box_where_the_raster_is_centred_so() -> None:
    spec = RasterSpec(26, 25, 1.5, "box")
    for digit in range(10):
        drawn = rasterise(write_digit(digit, rng(digit)), spec)
        fitted = fit_picture(drawn, spec).astype(float)
        beside = np.abs(fitted - np.roll(drawn, 1, axis=1)).mean()
        assert np.abs(fitted - drawn).mean() < 0.5 * beside, "what fits already stays where it is, and as large"
        small = cv2.resize(drawn, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        columns = np.flatnonzero(fit_picture(np.pad(small, ((3, 9), (8, 2))), spec).max(axis=0) > 60)
        assert abs(columns[0] - (25 - columns[-1])) <= 1
