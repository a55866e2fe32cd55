"""The variations that a page shows are those that a training makes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ml.augmentation.example_drawings import example_drawing
from ml.preprocessing.ink import DEFAULT_SPEC, RasterSpec, rasterise
from ml.training.variations import vary_drawing

SPEC = RasterSpec(26, 24, 1.6, "box")


@pytest.mark.parametrize("recognizer", ["digits", "bangla-digits", "sketches", "runes"])
@pytest.mark.parametrize("spec", [DEFAULT_SPEC, SPEC])
def test_without_variation_all_are_the_same_and_with_it_none_are(recognizer: str, spec: RasterSpec) -> None:
    ink, _slug = example_drawing(recognizer)
    plain, as_ink, as_picture = vary_drawing(ink, 4, recognizer, spec, count=5)
    assert plain.shape == as_ink.shape == as_picture.shape == (5, spec.size, spec.size)
    assert (plain == rasterise(ink, spec)).all()
    for varied in (as_ink, as_picture):
        assert len({raster.tobytes() for raster in [*varied, plain[0]]}) == 6
        assert (varied.reshape(5, -1).max(axis=1) > 100).all()


def test_the_same_seed_gives_the_same_variations() -> None:
    ink, _slug = example_drawing("sketches")
    first, second, other = (vary_drawing(ink, 0, "sketches", SPEC, count=3, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.ink, second.ink)
    np.testing.assert_array_equal(first.picture, second.picture)
    assert (first.ink != other.ink).any()


def test_varying_needs_no_tensorflow() -> None:
    program = "import sys, ml.training.variations; assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
