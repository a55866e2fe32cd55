"""Measure the time of each stage of an answer, and the memory of a process that answers.

Times are for one drawing at a time in one thread, as in a web worker.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from ml.bundles.bundle import load_bundle, verify_bundle
from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.image import normalise_image
from ml.preprocessing.ink import parse_ink, rasterise

POINTS = 60  # of each of the two strokes; a drawn digit has 30 to 120 points
WARM_UP = 20

_WORKER = """
import json, sys
from ml.bundles.bundle import load_bundle, verify_bundle
from ml.benchmarks.latency import example_ink, resident_mb
from ml.preprocessing.ink import parse_ink, rasterise
imported = resident_mb()
bundle = load_bundle(sys.argv[1])
predictor = verify_bundle(bundle)
for _ in range(1000):
    predictor.predict(rasterise(parse_ink(example_ink()), bundle.raster)[None])
assert not {"tensorflow", "keras"} & sys.modules.keys(), "TensorFlow was imported"
print(json.dumps({"after the imports": imported, "after 1,000 predictions": resident_mb()}))
"""


def run_bench(folder: Path, *, calls: int) -> dict[str, Any]:
    """Time each stage `calls` times (those of pictures a tenth as often) with the bundle in `folder`.

    Returns `{"stages": {name: {"median_ms", "p95_ms", "calls"}}, "memory_mb": {when: resident MB}}`.
    """
    bundle = load_bundle(folder)
    predictor, spec = verify_bundle(bundle), bundle.raster
    data = example_ink()
    ink = parse_ink(data)
    raster = rasterise(ink, spec)[np.newaxis]
    stages = {
        "parse ink": time_calls(lambda: parse_ink(data), calls),
        "rasterise": time_calls(lambda: rasterise(ink, spec), calls),
        "predict": time_calls(lambda: predictor.predict(raster), calls),
        "ink, all three": time_calls(lambda: predictor.predict(rasterise(parse_ink(data), spec)[np.newaxis]), calls),
    }
    few = max(1, calls // 10)
    for name, picture in (("canvas PNG, 400 x 400", example_canvas()), ("photo JPEG, 12 megapixels", example_photo())):
        stages[f"{name}: decode"] = time_calls(partial(decode_image, picture), few)
        stages[f"{name}: normalise"] = time_calls(partial(normalise_image, decode_image(picture), spec), few)
    done = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [sys.executable, "-c", _WORKER, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return {"stages": stages, "memory_mb": json.loads(done.stdout)}


def time_calls(call: Callable[[], object], calls: int) -> dict[str, Any]:
    """Call a function some times to warm up, then `calls` times; return the median and the 95th percentile in ms."""
    for _ in range(min(calls, WARM_UP)):
        call()
    times = np.empty(calls)
    for number in range(calls):
        start = time.perf_counter()
        call()
        times[number] = time.perf_counter() - start
    median, p95 = np.percentile(times, [50, 95]) * 1_000
    return {"median_ms": float(median), "p95_ms": float(p95), "calls": calls}


def resident_mb() -> float:
    """Return the resident memory of this process in MB (10^6 bytes), or its peak if the system gives only that."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return round(int(line.split()[1]) * 1024 / 1e6, 1)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6, 1)


def example_ink() -> list[list[list[float]]]:
    """Return a seven with a bar as a browser sends it: coordinates to 1/100 px, times in ms."""
    along = np.linspace(0, 1, POINTS)
    x = np.interp(along, [0, 0.4, 1], [60, 240, 130])
    y = np.interp(along, [0, 0.4, 1], [50, 55, 330])
    bar = [np.linspace(90, 210, POINTS), np.linspace(190, 185, POINTS)]
    times = np.arange(POINTS) * 8.0
    return [np.round([x, y, times], 2).tolist(), np.round([*bar, times + 700], 2).tolist()]


def example_canvas() -> bytes:
    """Return the same seven as a PNG of a transparent canvas of 400 x 400 pixels."""
    mask = np.zeros((400, 400), np.uint8)
    cv2.polylines(mask, _lines(1.0), False, 255, 14, cv2.LINE_AA)
    black = np.zeros_like(mask)
    return _encode(np.dstack([black, black, black, mask]), "PNG")


def example_photo() -> bytes:
    """Return the same seven on grey paper in uneven light, as a JPEG of 4000 x 3000 pixels."""
    paper = np.tile(np.linspace(235, 130, 4_000, dtype=np.float32), (3_000, 1))
    cv2.polylines(paper, _lines(7.0), False, 60, 40, cv2.LINE_AA)
    paper += np.random.default_rng(1).normal(0, 4, paper.shape).astype(np.float32)
    return _encode(cv2.cvtColor(paper.clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB), "JPEG")


def _lines(scale: float) -> list[np.ndarray]:
    return [(np.array(stroke[:2]).T * scale).astype(np.int32) for stroke in example_ink()]


def _encode(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()
