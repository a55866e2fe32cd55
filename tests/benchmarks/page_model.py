"""`python -m tests.benchmarks.page_model [N]`: the model in the page beside the server's, and how soon it answers.

Compares the answers of the page's network, run by Node, with LiteRT's on N drawings (1,000) of each base test. Then
draws on the site in Chromium and measures the time from the end of a stroke to the answer on the screen, also with the
page slowed four times, and how much memory 1,000 answers leave behind. Uses the database of the environment.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import ml
from ml.bundles.bundle import load_bundle, verify_serving
from ml.bundles.export_browser import export_browser
from tests.benchmarks.server import ROOT, running_site
from tests.programs import find_chromium
from tests.renderers import answer_in_node, run_in_node

MODELS = Path(ml.__file__).parent / "models"
STROKES = 40  # drawings of one stroke for each row of the table of times
ANSWERS = 1000
PATHS = [
    [(0.28, 0.25), (0.5, 0.24), (0.72, 0.25), (0.66, 0.38), (0.58, 0.55), (0.5, 0.72), (0.46, 0.82)],
    [(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)],
    [(0.3, 0.3), (0.6, 0.2), (0.7, 0.4), (0.3, 0.8), (0.75, 0.8)],
    [(0.5, 0.2), (0.75, 0.5), (0.5, 0.8), (0.25, 0.5), (0.5, 0.2)],
]

# Milliseconds from the event of the pen going up to the frame after the last change of the guesses. Within 450 ms,
# because the server, or other recognizers, are asked after half a second.
WATCH = """
    window.waits = [];
    const list = document.querySelector("[data-part=list]");
    let start = null, last = null;
    new MutationObserver(() => requestAnimationFrame(() => { if (start !== null) last = performance.now(); }))
      .observe(list, { childList: true, subtree: true, attributes: true, characterData: true });
    addEventListener("pointerup", (event) => {
      start = event.timeStamp;
      last = null;
      setTimeout(() => { if (last !== null) window.waits.push(last - start); start = null; }, 450);
    }, { capture: true });
"""

# Undo and redo of the second stroke: each step asks for an answer.
REPEAT = """async (count) => {
    const list = document.querySelector("[data-part=list]");
    for (let i = 0; i < count; i += 1) {
      const answered = new Promise((resolve) => {
        const observer = new MutationObserver(() => { observer.disconnect(); resolve(); });
        observer.observe(list, { childList: true, subtree: true, attributes: true });
      });
      document.querySelector(`[data-do=${i % 2 ? "redo" : "undo"}]`).click();
      await answered;
    }
}"""


# Chromium does not say how much a worker uses: what it runs, run by Node.
MEMORY = """
    import { readFileSync } from "node:fs";
    import { LocalModel } from "./js/model/local_model.js";
    const read = (name) => JSON.parse(readFileSync(name));
    const model = new LocalModel(read("model.json"), Uint8Array.from(readFileSync("model.tflite")).buffer);
    const { vectors } = read("vectors.json");
    const answer = (count) => { for (let i = 0; i < count; i += 1) model.answer(vectors[i % vectors.length].ink); };
    const used = () => {
      gc();
      gc();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    answer(100);
    const before = used();
    answer(COUNT);
    process.stdout.write(String(used() - before));
"""


def main(count: int = ANSWERS) -> None:
    """Print all figures."""
    for name in ("digits", "bangla-digits", "sketches", "maths"):
        _compare(name, count)
    from playwright.sync_api import sync_playwright

    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(collect, cwd=ROOT, check=True)
    with running_site() as (port, _pid), sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--expose-gc"]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        for name in ("digits", "sketches"):
            for slowdown in (1, 4):
                _time(_open(browser, port, name), name, slowdown)
        _measure_memory(_open(browser, port, "sketches"))
        browser.close()


def _compare(name: str, count: int) -> None:
    folder = MODELS / name
    bundle = load_bundle(folder)
    with np.load(folder / "base_test.npz", allow_pickle=False) as test:
        rasters = test["rasters"][np.linspace(0, len(test["rasters"]) - 1, count).astype(int)]
    expected = verify_serving(bundle.manifest, bundle.tflite).predict(rasters).probabilities
    with tempfile.TemporaryDirectory() as temporary:
        answers, times = answer_in_node(bundle.tflite, rasters, Path(temporary))
    same = (answers.argmax(axis=1) == expected.argmax(axis=1)).mean()
    sys.stdout.write(
        f"{name}, {count} drawings: same first answer {same:.2%}, largest difference of a probability "
        f"{np.abs(answers - expected).max():.6f}; the network in Node {_spread(times)} ms, at best {min(times):.1f}\n"
    )


def _open(browser: Any, port: int, name: str) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"http://127.0.0.1:{port}/draw/{name}/")
    page.wait_for_selector("[data-draw][data-model-version]", state="attached", timeout=60_000)
    return page


def _draw(page: Any, points: list[tuple[float, float]]) -> None:
    box = page.locator("[data-pad]").bounding_box()
    first, *rest = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*first)
    page.mouse.down()
    for place in rest:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def _time(page: Any, name: str, slowdown: int) -> None:
    page.evaluate(WATCH)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    for number in range(STROKES):
        _draw(page, PATHS[number % len(PATHS)])
        page.wait_for_timeout(600)
        page.keyboard.press("x")
    waits = page.evaluate("window.waits")
    sys.stdout.write(
        f"{name}, page slowed {slowdown} times: stroke end to answer on screen {_spread(waits)} ms ({len(waits)})\n"
    )
    page.close()


def _measure_memory(page: Any) -> None:
    for path in PATHS[:2]:
        _draw(page, path)
    page.wait_for_timeout(1000)
    page.evaluate(REPEAT, 100)  # what is compiled and cached at first is no leak
    used = "() => { gc(); gc(); return performance.memory.usedJSHeapSize; }"
    before = page.evaluate(used)
    page.evaluate(REPEAT, ANSWERS)
    growth = (page.evaluate(used) - before) / 1e6
    with tempfile.TemporaryDirectory() as temporary:
        folder = export_browser(load_bundle(MODELS / "sketches"), Path(temporary))
        (folder / "package.json").write_text('{"type": "module"}')
        worker = float(run_in_node(MEMORY.replace("COUNT", str(ANSWERS)), folder, "--expose-gc")) / 1e6
    sys.stdout.write(
        f"memory after {ANSWERS:,} answers: the page {growth:+.2f} MB, its worker (in Node) {worker:+.2f} MB\n"
    )


def _spread(took: list[float]) -> str:
    return f"median {np.median(took):.1f}, p95 {np.percentile(took, 95):.1f}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
