"""The pictures of the filter steps are what the preprocessing does to the same file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.augmentation.example_drawings import example_drawing
from ml.bundles.bundle import load_bundle, verify_bundle
from ml.preprocessing.content import Content
from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.filter_steps import filter_steps, photograph
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import DEFAULT_SPEC, RasterSpec

NAMES = ["file", "grey", "background", "ink", "crop", "fit", "centre"]
RECOGNIZERS = ["digits", "bangla-digits", "sketches", "runes"]


@pytest.mark.parametrize("recognizer", RECOGNIZERS)
def test_the_last_step_is_the_raster_that_an_upload_gets(recognizer: str) -> None:
    file = photograph(example_drawing(recognizer).ink)
    for spec in (DEFAULT_SPEC, RasterSpec(40, 36, 2.0, "box")):
        np.testing.assert_array_equal(filter_steps(file, spec)[-1].pixels, Content.from_image(file).raster(spec))


def test_every_step_does_something() -> None:
    steps = filter_steps(photograph(example_drawing("digits").ink))
    assert [step.name for step in steps] == NAMES
    assert all(step.pixels.dtype == np.uint8 and np.ptp(step.pixels) > 20 for step in steps)
    grey, background, ink, crop = (step.pixels for step in steps[1:5])
    np.testing.assert_array_equal(grey, decode_image(photograph(example_drawing("digits").ink)))
    assert background.min() > 60  # without the pen, which is darker
    assert np.mean(ink == 0) > 0.8
    assert crop.size < ink.size / 2


def test_a_raster_that_is_centred_by_its_box_needs_no_last_step() -> None:
    steps = filter_steps(photograph(example_drawing("sketches").ink), RasterSpec(26, 25, 1.5, "box"))
    assert [step.name for step in steps] == NAMES[:-1]


def test_what_is_no_picture_or_shows_no_ink_is_refused() -> None:
    blank = cv2.imencode(".png", np.full((100, 100), 230, np.uint8))[1].tobytes()
    for file, code in ((b"no picture", "invalid_image"), (blank, "blank_image")):
        with pytest.raises(ImageError) as refused:
            filter_steps(file)
        assert refused.value.code == code


@pytest.mark.parametrize("recognizer", RECOGNIZERS[:3])
def test_the_example_shows_the_label_that_it_names(recognizer: str) -> None:
    bundle = load_bundle(Path("ml/models") / recognizer)
    ink, slug = example_drawing(recognizer)
    answer = verify_bundle(bundle).predict(filter_steps(photograph(ink), bundle.raster)[-1].pixels[np.newaxis])
    assert bundle.slugs[int(answer.probabilities[0].argmax())] == slug


def test_the_example_is_the_same_each_time() -> None:
    for recognizer in RECOGNIZERS:
        assert photograph(example_drawing(recognizer).ink) == photograph(example_drawing(recognizer).ink)
    assert example_drawing("runes").slug == ""
