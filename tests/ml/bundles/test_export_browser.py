"""The exported page: its scripts, run by Node, answer like the server, and refuse what is damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.bundles.bundle import Bundle, load_bundle, probe_rasters, verify_serving
from ml.bundles.export_browser import export_browser
from ml.commands.main import main
from tests.renderers import answer_in_node, run_in_node

ASK = """
import { readFileSync } from "node:fs";
import { loadModel } from "./js/model/load.js";
const files = { model: "model.json", "model.tflite": "model.tflite", vectors: "vectors.json" };
const read = async (path, as) => {
  const bytes = readFileSync(files[path.split("/").at(-1)]);
  return as === "json" ? JSON.parse(bytes) : Uint8Array.from(bytes).buffer;
};
try {
  const model = await loadModel(read, "");
  const { vectors } = await read("vectors", "json");
  const answers = vectors.map(({ ink }) => model.answer(ink));
  process.stdout.write(JSON.stringify(answers.map(({ guesses: [{ label }], unsure }) => [label, unsure])));
} catch (error) {
  process.stdout.write(JSON.stringify({ name: error.name, message: error.message }));
}
"""


@pytest.fixture
def page(shipped: Bundle, tmp_path: Path) -> Path:
    """The exported page of digits, with its scripts as modules for Node."""
    folder = export_browser(shipped, tmp_path)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def asked(page: Path) -> Any:
    return json.loads(run_in_node(ASK, page))


def test_it_answers_the_golden_inks_like_the_server(page: Path) -> None:
    vectors = json.loads((page / "vectors.json").read_text("utf-8"))["vectors"]
    assert asked(page) == [[each["guess"], each["unsure"]] for each in vectors]


def test_a_damaged_model_is_refused(page: Path) -> None:
    content = bytearray((page / "model.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (page / "model.tflite").write_bytes(content)
    assert asked(page)["name"] == "RefusedModelError"


def test_a_model_that_answers_differently_is_refused(page: Path) -> None:
    told = json.loads((page / "vectors.json").read_text("utf-8"))
    told["vectors"][3]["probabilities"][0] += 0.05
    (page / "vectors.json").write_text(json.dumps(told), "utf-8")
    assert asked(page)["name"] == "RefusedModelError"


def test_a_file_that_is_no_model_is_refused(page: Path) -> None:
    script = """
        import { Network } from "./js/model/network.js";
        for (const bytes of [[], [1, 2, 3], Array.from({ length: 4000 }, (_, i) => (i * 31) & 255)]) {
          try {
            new Network(Uint8Array.from(bytes).buffer);
            process.stdout.write("read ");
          } catch (error) {
            process.stdout.write(`${error.name} `);
          }
        }
    """
    assert set(run_in_node(script, page).split()) == {"UnknownModelError"}


def test_a_second_export_takes_the_place_of_the_first(shipped: Bundle, page: Path) -> None:
    (page / "old").touch()
    assert export_browser(shipped, page.parent) == page
    assert not (page / "old").exists()


def test_weights_in_32_bits_are_answered_too(tiny_folder: Path, tmp_path: Path) -> None:
    bundle = load_bundle(tiny_folder)
    assert not bundle.manifest.get("quantised")
    rasters = probe_rasters(bundle.manifest)
    answers, _times = answer_in_node(bundle.tflite, rasters, tmp_path)
    expected = verify_serving(bundle.manifest, bundle.tflite).predict(rasters).probabilities
    assert np.abs(answers - expected).max() < 1e-5


def test_the_command_needs_no_tensorflow_for_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["export", "digits", "--format", "browser", "--out", str(tmp_path), "--json"])
    assert json.loads(capsys.readouterr().out)["page"] == str(tmp_path / "browser")
    assert {"index.html", "page.js", "model.tflite"} <= {path.name for path in (tmp_path / "browser").iterdir()}
