"""The renderers of the Python client and of the page draw what the server draws, sample by sample."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ml
from inkling_client import raster
from ml.bundles.bundle import load_bundle, verify_serving
from ml.preprocessing.ink import DEFAULT_SPEC, PREPROCESS_VERSION, RasterSpec, parse_ink, rasterise
from recognizer.pages.developers import samples
from tests.clients.test_command import CLIENTS
from tests.renderers import draw_in_node, made_inks

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "ink_golden.json").read_text())
# What is allowed between two renderers. They are equal today; another processor may round a coordinate differently.
LEVELS, SHARE, PROBABILITY = 2, 0.01, 0.01
# All corners of what a recognizer may choose: a box as large as the raster, pens of an odd number of samples.
SPECS = [
    DEFAULT_SPEC,
    RasterSpec(26, 25, 1.5, "box"),
    RasterSpec(26, 25.5, 1.5),
    RasterSpec(48, 36, 3.0625),
    RasterSpec(28, 28, 3.0625, "box"),
    RasterSpec(24, 24, 0.5),
    RasterSpec(64, 64, 9.7),
]

Draw = Callable[[Sequence[Any], Sequence[RasterSpec]], list[np.ndarray]]


@pytest.fixture(params=["python", "javascript"])
def draw(request: pytest.FixtureRequest, tmp_path: Path) -> Draw:
    """Draws inks for each of some specs: uint8 (n, size, size) each."""
    if request.param == "javascript":
        return lambda inks, specs: draw_in_node(inks, specs, tmp_path)[0]
    return lambda inks, specs: [np.stack([raster.rasterise(ink, **asdict(spec)) for ink in inks]) for spec in specs]


def drawn_by_the_server(inks: Sequence[Any], spec: RasterSpec) -> np.ndarray:
    return np.stack([rasterise(parse_ink(ink), spec) for ink in inks])


def test_they_draw_the_golden_rasters(draw: Draw) -> None:
    others = [RasterSpec(**other["spec"]) for other in GOLDEN["others"]]
    drawn = draw([vector["ink"] for vector in GOLDEN["rasters"]], [DEFAULT_SPEC, *others])
    expected = [[base64.b64decode(vector["raster"]) for vector in GOLDEN["rasters"]]]
    expected += [[zlib.decompress(base64.b64decode(each)) for each in other["rasters"]] for other in GOLDEN["others"]]
    for rasters, contents in zip(drawn, expected, strict=True):
        for ink, content, each in zip(GOLDEN["rasters"], contents, rasters, strict=True):
            assert each.tobytes() == content, ink["name"]


def test_they_draw_every_raster_that_a_recognizer_may_have(draw: Draw) -> None:
    inks = made_inks(40, seed=1)
    for spec, rasters in zip(SPECS, draw(inks, SPECS), strict=True):
        np.testing.assert_array_equal(rasters, drawn_by_the_server(inks, spec), err_msg=str(spec))


def check_alike(draw: Draw, recognizer: str, count: int) -> None:
    """Rasters and answers of the shipped model are those of the server."""
    bundle = load_bundle(Path(ml.__file__).parent / "models" / recognizer)
    inks, predictor = made_inks(count), verify_serving(bundle.manifest, bundle.tflite)
    (rasters,) = draw(inks, [bundle.raster])
    expected = drawn_by_the_server(inks, bundle.raster)
    differences = np.abs(rasters.astype(int) - expected)
    assert differences.max() <= LEVELS
    assert (differences > 0).mean() <= SHARE
    answers, right = (predictor.predict(each).probabilities for each in (rasters, expected))
    np.testing.assert_array_equal(answers.argmax(axis=1), right.argmax(axis=1))
    assert np.abs(answers - right).max() <= PROBABILITY


@pytest.mark.parametrize("recognizer", ["digits", "sketches"])
def test_rasters_and_answers_are_those_of_the_server(draw: Draw, recognizer: str) -> None:
    check_alike(draw, recognizer, 100)


@pytest.mark.slow
@pytest.mark.parametrize("recognizer", ["digits", "bangla-digits", "sketches"])
def test_rasters_and_answers_of_a_thousand_inks_are_those_of_the_server(draw: Draw, recognizer: str) -> None:
    check_alike(draw, recognizer, 1000)


def test_the_recipes_have_the_version_of_the_server() -> None:
    page = (Path(__file__).parents[2] / "static" / "js" / "draw" / "raster.js").read_text()
    assert raster.PREPROCESS_VERSION == PREPROCESS_VERSION
    assert f"PREPROCESS_VERSION = {PREPROCESS_VERSION};" in page


def test_a_raster_becomes_the_input_of_a_model() -> None:
    drawn = raster.rasterise([[[20, 80, 45], [20, 20, 95]]])
    taken = raster.as_input(drawn)
    assert (taken.dtype, taken.shape) == (np.float32, (1, 28, 28, 1))
    np.testing.assert_array_equal(taken[0, :, :, 0] * 255, drawn)


@pytest.mark.parametrize("ink", [[], [[[], []]], [[[1], [1]], [[], []]]])
def test_ink_without_points_is_refused(ink: Any) -> None:
    with pytest.raises(ValueError, match="Draw something"):
        raster.rasterise(ink)


def test_the_renderer_needs_numpy_alone() -> None:
    script = "import sys, inkling_client.raster; print({'cv2', 'django', 'ml'} & set(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=CLIENTS, capture_output=True, text=True, check=True, env={}
    )
    assert ran.stdout.strip() == "set()"


def test_the_client_works_without_numpy() -> None:
    script = "import sys; sys.modules['numpy'] = None; import inkling_client, inkling_client.__main__"
    subprocess.run([sys.executable, "-c", script], cwd=CLIENTS, check=True, env={})


# docs/raster.md


def document() -> str:
    return (Path(__file__).parents[2] / "docs" / "raster.md").read_text("utf-8")


def test_the_example_of_the_document_is_what_is_drawn() -> None:
    ink = json.loads(re.search(r"The ink `(.*?)`", document())[1])  # type: ignore[index]
    rows = [[int(level) for level in line.split()] for line in document().split("```")[1].splitlines() if line]
    drawn = rasterise(parse_ink(ink))
    assert drawn[4 : 4 + len(rows)].tolist() == rows
    assert drawn[4 : 4 + len(rows)].sum() == drawn.sum()


def test_the_document_has_the_sample_for_a_device() -> None:
    assert f"```python\n{samples.read('on_device.py')}```" in document()


def test_the_document_describes_this_version_and_these_rasters() -> None:
    assert f"version {PREPROCESS_VERSION} of the recipe" in document()
    for name in ("digits", "bangla-digits", "sketches"):
        spec = asdict(load_bundle(Path(ml.__file__).parent / "models" / name).raster)
        assert "{size}, {box}, {pen}, `{centre}`".format(**spec) in document()
