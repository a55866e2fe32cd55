"""LiteRT.js, Google's runtime for browsers, as an independent judge of the page's own network.

It needs WebAssembly, which the site's policy forbids, so it runs on a page of its own.
"""

from __future__ import annotations

import mimetypes
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.bundles.bundle import load_bundle
from tests.programs import find_program
from tests.renderers import page_modules

MODELS = Path(__file__).parents[2] / "ml" / "models"
PINNED = Path(__file__).parent / "litert_js"
SITE = "http://localhost"  # nothing listens there: the test answers
DRAWINGS = 200
PAGE = """<!doctype html>
<meta http-equiv="Content-Security-Policy"
      content="default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:">
<script type="importmap">{ "imports": {
  "@litertjs/core": "/node_modules/@litertjs/core/dist/index.js",
  "@litertjs/wasm-utils": "/node_modules/@litertjs/wasm-utils/dist/index.js"
} }</script>
"""
COMPARE = """async (count) => {
    const { loadLiteRt, loadAndCompile, Tensor } = await import("@litertjs/core");
    const { Network } = await import("/js/model/network.js");
    await loadLiteRt("/node_modules/@litertjs/core/wasm/", { threads: false });
    const read = async (path) => (await fetch(path)).arrayBuffer();
    const [file, bytes] = await Promise.all([read("/model.tflite"), read("/rasters")]);
    const [model, network] = [await loadAndCompile(new Uint8Array(file), { accelerator: "wasm" }), new Network(file)];
    const [input] = model.getInputDetails();
    const rasters = new Uint8Array(bytes), size = network.size ** 2, compared = [];
    for (let i = 0; i < count; i += 1) {
        const raster = rasters.subarray(i * size, (i + 1) * size);
        const tensor = new Tensor(Float32Array.from(raster, (grey) => grey / 255), [1, network.size, network.size, 1]);
        const { probabilities } = await model.run({ [input.name]: tensor });
        compared.push([[...probabilities.toTypedArray()].slice(0, -1), [...network.predict(raster).probabilities]]);
        tensor.delete();
        probabilities.delete();
    }
    return compared;
}"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with LiteRT.js and the page's modules."""
    folder: Path = tmp_path_factory.mktemp("litert_js")
    npm = find_program("npm")
    page_modules(folder)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINNED / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        message = f"LiteRT.js cannot be installed:\n{ran.stdout}{ran.stderr}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits", "bangla-digits", "sketches", "letters"])
def test_the_page_s_network_answers_as_litert_js_does(browser: Any, runtime: Path, name: str) -> None:
    bundle = load_bundle(MODELS / name)
    with np.load(MODELS / name / "base_test.npz", allow_pickle=False) as test:
        rasters = test["rasters"][np.linspace(0, len(test["rasters"]) - 1, DRAWINGS).astype(int)]
    given = {"/": PAGE.encode(), "/model.tflite": bundle.tflite, "/rasters": rasters.tobytes()}

    def serve(route: Any) -> None:
        path = route.request.url.removeprefix(SITE)
        body = given[path] if path in given else (runtime / path.lstrip("/")).read_bytes()
        kind = "text/html" if path == "/" else mimetypes.guess_type(path)[0] or "application/octet-stream"
        route.fulfill(body=body, content_type=kind)

    page = browser.new_page()
    page.route("**/*", serve)
    page.goto(f"{SITE}/")
    judged, ours = np.moveaxis(np.array(page.evaluate(COMPARE, DRAWINGS)), 1, 0)  # (drawings, labels) each
    page.close()
    assert judged.shape == (DRAWINGS, len(bundle.slugs))
    assert (judged.max(axis=1) > 0.5).mean() > 0.9  # it did answer
    assert (judged.argmax(axis=1) == ours.argmax(axis=1)).all()
    assert np.abs(judged - ours).max() < 0.01
