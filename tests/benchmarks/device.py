"""`PYTHONPATH=clients/python python -m tests.benchmarks.device [N]`: how renderers on devices differ from the server's.

Draws N inks (1,000) for each shipped recognizer with `inkling_client.raster` and, in Node, with the page's raster.js.
The ink is that of the data sets in INKLING_DATA (pendigits; Quick, Draw!), without them it is made up. Bangla digits
have no strokes among the data sets, so their ink is always made up.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import ml
from inkling_client import raster
from ml.bundles.bundle import load_bundle, verify_serving
from ml.preprocessing.ink import parse_ink, rasterise
from tests.renderers import draw_in_node, made_inks

FILES = {"digits": "pendigits/*.jsonl.gz", "sketches": "quickdraw/strokes/*.jsonl.gz"}


def main(count: int = 1000) -> None:
    """Print the figures of each recognizer and renderer."""
    for recognizer in ("digits", "bangla-digits", "sketches"):
        bundle = load_bundle(Path(ml.__file__).parent / "models" / recognizer)
        predictor = verify_serving(bundle.manifest, bundle.tflite)
        real = list(islice(real_inks(recognizer, count), count))
        inks = real or made_inks(count)
        expected, server_ms = timed(lambda ink, spec: rasterise(parse_ink(ink), spec), inks, bundle.raster)
        right = predictor.predict(expected).probabilities
        with tempfile.TemporaryDirectory() as folder:
            (in_node,), node_ms = draw_in_node(inks, [bundle.raster], Path(folder))
        numpy = timed(lambda ink, spec: raster.rasterise(ink, **asdict(spec)), inks, bundle.raster)
        kind = "real" if real else "made"
        sys.stdout.write(f"{recognizer}, {len(inks)} {kind} inks; the server takes {spread(server_ms)} ms\n")
        for name, (rasters, took) in {"inkling_client.raster": numpy, "raster.js": (in_node, node_ms)}.items():
            differences = np.abs(rasters.astype(int) - expected)
            answers = predictor.predict(rasters).probabilities
            sys.stdout.write(
                f"  {name}: equal rasters {(differences.max(axis=(1, 2)) == 0).mean():.2%}, equal pixels "
                f"{(differences == 0).mean():.4%}, largest difference {differences.max()} levels; same first answer "
                f"{(answers.argmax(axis=1) == right.argmax(axis=1)).mean():.2%}, largest difference of a probability "
                f"{np.abs(answers - right).max():.6f}; {spread(took)} ms\n"
            )


def real_inks(recognizer: str, count: int) -> Iterator[Any]:
    """Ink of the data sets, at most the same number of each file."""
    folder, pattern = os.environ.get("INKLING_DATA"), FILES.get(recognizer)
    files = sorted(Path(folder).glob(pattern)) if folder and pattern else []
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line)["drawing"] for line in islice(lines, -(-3 * count // len(files))))


def timed(draw: Any, inks: list[Any], spec: Any) -> tuple[np.ndarray, list[float]]:
    """The rasters, and the milliseconds that each took."""
    rasters, took = [], []
    for ink in inks:
        start = time.perf_counter()
        rasters.append(draw(ink, spec))
        took.append(1000 * (time.perf_counter() - start))
    return np.stack(rasters), took


def spread(took: list[float]) -> str:
    """Median and 95th percentile."""
    return f"{np.median(took):.2f} (p95 {np.percentile(took, 95):.2f})"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
