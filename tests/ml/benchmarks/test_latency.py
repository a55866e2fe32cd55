"""The bench times real work, and the process it weighs is free of TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml.benchmarks.latency import example_canvas, example_ink, example_photo, resident_mb, run_bench
from ml.bundles.bundle import save_bundle
from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.image import normalise_image
from ml.preprocessing.ink import parse_ink, rasterise
from tests.ml import shapes


def test_it_times_every_stage_and_weighs_a_process(tiny_folder: Path) -> None:
    figures = run_bench(tiny_folder, calls=10)
    stages = figures["stages"]
    assert {"parse ink", "rasterise", "predict", "ink, all three"} < stages.keys()
    for line in stages.values():
        assert 0 < line["median_ms"] <= line["p95_ms"]
    assert stages["photo JPEG, 12 megapixels: decode"]["calls"] == 1
    # The issue is TensorFlow (400 MB and more), so the bound is loose.
    assert 0 < figures["memory_mb"]["after 1,000 predictions"] < 150


def test_it_times_a_recognizer_on_its_own_raster(tmp_path: Path) -> None:
    save_bundle(shapes.untrained(), tmp_path)
    stages = run_bench(tmp_path, calls=2)["stages"]
    assert stages["ink, all three"]["calls"] == 2


def test_its_examples_all_show_the_same_drawing() -> None:
    expected = rasterise(parse_ink(example_ink())).astype(int)
    for picture in (example_canvas(), example_photo()):
        assert np.abs(normalise_image(decode_image(picture)) - expected).mean() < 12


def test_the_resident_memory_is_in_megabytes() -> None:
    assert 10 < resident_mb() < 100_000
