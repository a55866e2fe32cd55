"""The raster that the page shows is the one that the server reads."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import numpy as np

from tests.browser.visitors import Visitor

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "ink_golden.json").read_text())
EACH, ON_AVERAGE = 1.2, 0.2  # mean absolute difference in grey levels of 255


def drawn_by(someone: Visitor, spec: dict[str, float] | None) -> list[list[int]]:
    """The golden inks as the browser draws them; without a spec, on its usual raster."""
    script = """async ({ inks, spec }) => {
        const { rasterise } = await import("/static/js/draw/raster.js");
        return inks.map((ink) => [...(spec ? rasterise(ink, spec) : rasterise(ink))]);
    }"""
    drawn: list[list[int]] = someone.page.evaluate(
        script, {"inks": [vector["ink"] for vector in GOLDEN["rasters"]], "spec": spec}
    )
    return drawn


def check_alike(drawn: list[list[int]], expected: list[bytes]) -> None:
    differences = []
    for vector, greys, content in zip(GOLDEN["rasters"], drawn, expected, strict=True):
        differences.append(np.abs(np.array(greys) - np.frombuffer(content, np.uint8).astype(int)).mean())
        assert differences[-1] <= EACH, vector["name"]
    assert np.mean(differences) <= ON_AVERAGE


def test_the_browsers_renderer_draws_the_golden_vectors(someone: Visitor) -> None:
    check_alike(drawn_by(someone, None), [base64.b64decode(vector["raster"]) for vector in GOLDEN["rasters"]])


def test_it_draws_them_on_other_rasters_too(someone: Visitor) -> None:
    for other in GOLDEN["others"]:
        check_alike(
            drawn_by(someone, other["spec"]), [zlib.decompress(base64.b64decode(packed)) for packed in other["rasters"]]
        )
