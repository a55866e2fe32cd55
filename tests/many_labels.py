"""A recognizer of any number of labels with codes: the network of the shipped digits with a larger last layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ml.bundles.bundle import Bundle, probe_rasters, with_history
from tests.ml.tiny import HISTORY
from tests.small_bundles import coded_label

FIRST = 0x2190  # the block of arrows, then mathematical operators
NEVER = -8.0  # the bias of a label that no drawing is taken for


def symbols(count: int) -> list[dict[str, Any]]:
    """Labels with codes for so many characters of Unicode; their slugs are x0, x1 and so on."""
    return [coded_label((f"x{at}", chr(FIRST + at), f"symbol number {at}", "")) for at in range(count)]


def many_labels(shipped: Bundle, labels: Sequence[dict[str, Any]], **facts: Any) -> Bundle:
    """The network of `shipped` with these labels: the first ones are answered as its own, the others hardly ever."""
    import keras

    from ml.bundles.build import export_bundle

    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(shipped.keras)
        network = keras.models.load_model(path)
    known = len(shipped.slugs)
    weights, bias = network.get_layer("logits").get_weights()  # (width, known + 1), (known + 1,)
    noise = np.random.default_rng(5).normal(0, 0.05, (len(weights), len(labels) + 1))
    noise[:, :known], noise[:, -1] = weights[:, :known], weights[:, -1]
    biases = np.full(len(labels) + 1, NEVER)
    biases[:known], biases[-1] = bias[:known], bias[-1]
    embedding = network.get_layer("embedding").output
    last = keras.layers.Dense(len(labels) + 1, name="logits")
    larger = keras.Model(
        network.inputs,
        {"probabilities": keras.layers.Softmax(name="probabilities")(last(embedding)), "embedding": embedding},
    )
    last.set_weights([noise, biases])
    words: dict[str, Any] = {"recognizer": "symbols", "title": "Symbols", "metrics": {}, "training": {}, **facts}
    bundle = export_bundle(
        larger,
        labels=labels,
        unsure_below=shipped.manifest["unsure_below"],
        probe=probe_rasters(shipped.manifest)[:4],
        raster=shipped.raster,
        quantise=True,
        **words,
    )
    return with_history(bundle, HISTORY)
