"""The raster that the page shows is the one that the server reads."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from tests.browser.visitors import Visitor

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "ink_golden.json").read_text())
EACH, ON_AVERAGE = 2.0, 0.5  # mean absolute difference in grey levels of 255


def test_the_browsers_renderer_draws_the_golden_vectors(someone: Visitor) -> None:
    script = """async (inks) => {
        const { rasterise } = await import("/static/js/raster.js");
        return inks.map((ink) => [...rasterise(ink)]);
    }"""
    drawn = someone.page.evaluate(script, [vector["ink"] for vector in GOLDEN["rasters"]])
    differences = []
    for vector, greys in zip(GOLDEN["rasters"], drawn, strict=True):
        expected = np.frombuffer(base64.b64decode(vector["raster"]), np.uint8).astype(int)
        differences.append(np.abs(np.array(greys) - expected).mean())
        assert differences[-1] <= EACH, vector["name"]
    assert np.mean(differences) <= ON_AVERAGE
