"""Other renderers and networks than the server's, run by Node: the page's. And ink to compare them with."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ml.augmentation.negatives import make_negative
from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import RasterSpec
from tests.programs import find_program

SCRIPT = """
import { readFileSync } from "node:fs";
import { rasterise } from "./raster.mjs";
const { inks, specs } = JSON.parse(readFileSync(0));
const drawn = [], times = [];
for (const spec of specs) {
  for (const ink of inks) {
    const start = performance.now();
    drawn.push(rasterise(ink, spec));
    times.push(performance.now() - start);
  }
}
process.stdout.write(JSON.stringify({ times, rasters: Buffer.concat(drawn).toString("hex") }));
"""


def made_inks(count: int, seed: int = 0) -> list[Any]:
    """Ink as JSON has it: digits and scribbles in turn, of any size and place, as a page sends it."""
    rng = np.random.default_rng(seed)
    inks = []
    for number in range(count):
        strokes = write_digit(number // 2 % 10, rng) if number % 2 else make_negative(rng, ())
        scale, place = 10 ** rng.uniform(-1, 2), rng.uniform(-1000, 1000, (2, 1))
        inks.append([np.round(stroke[:2] * scale + place, 2).tolist() for stroke in strokes])
    return inks


def draw_in_node(
    inks: Sequence[Any], specs: Sequence[RasterSpec], folder: Path
) -> tuple[list[np.ndarray], list[float]]:
    """The rasters of all inks for each spec, uint8 (n, size, size), and the milliseconds that each took."""
    module = Path(__file__).parents[1] / "static" / "js" / "draw" / "raster.js"
    shutil.copy(module, folder / "raster.mjs")
    (folder / "draw.mjs").write_text(SCRIPT)
    asked = json.dumps({"inks": inks, "specs": [asdict(spec) for spec in specs]})
    command = [find_program("node"), "draw.mjs"]
    ran = subprocess.run(command, input=asked, cwd=folder, capture_output=True, text=True, check=True)
    drawn = json.loads(ran.stdout)
    content, rasters, at = bytes.fromhex(drawn["rasters"]), [], 0
    for spec in specs:
        count = len(inks) * spec.size**2
        rasters.append(np.frombuffer(content, np.uint8, count, at).reshape(-1, spec.size, spec.size))
        at += count
    return rasters, drawn["times"]


ANSWER = """
import { readFileSync } from "node:fs";
import { Network } from "./js/model/network.js";
const read = (path) => Uint8Array.from(readFileSync(path));
const network = new Network(read("model.tflite").buffer);
const rasters = read("rasters"), size = network.size ** 2;
const answers = [], times = [];
for (let at = 0; at < rasters.length; at += size) {
  const start = performance.now();
  const { probabilities } = network.predict(rasters.subarray(at, at + size));
  times.push(performance.now() - start);
  answers.push([...probabilities]);
}
process.stdout.write(JSON.stringify({ answers, times }));
"""


def answer_in_node(tflite: bytes, rasters: np.ndarray, folder: Path) -> tuple[np.ndarray, list[float]]:
    """The probabilities of the page's network for rasters uint8 (n, size, size), and the milliseconds of each."""
    page_modules(folder)
    (folder / "model.tflite").write_bytes(tflite)
    (folder / "rasters").write_bytes(rasters.tobytes())
    told = json.loads(run_in_node(ANSWER, folder))
    return np.array(told["answers"], np.float32), told["times"]


def page_modules(folder: Path) -> None:
    """The page's modules for models and rasters in `folder`/js, as Node reads them."""
    source = Path(__file__).parents[1] / "static" / "js"
    shutil.copytree(source / "model", folder / "js" / "model")
    (folder / "js" / "draw").mkdir()
    shutil.copy(source / "draw" / "raster.js", folder / "js" / "draw")
    (folder / "package.json").write_text('{"type": "module"}')


def run_in_node(script: str, folder: Path, *options: str) -> str:
    """What a module in `folder` writes to its standard output."""
    (folder / "script.js").write_text(script)
    ran = subprocess.run(
        [find_program("node"), *options, "script.js"], cwd=folder, capture_output=True, text=True, check=True
    )
    return ran.stdout
