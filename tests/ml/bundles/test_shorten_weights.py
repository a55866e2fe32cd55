"""A shortened Keras file is smaller and answers alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from ml.bundles.build import export_bundle, load_keras
from ml.bundles.bundle import Bundle, verify_bundle
from ml.bundles.replace_head import replace_keras_head
from ml.bundles.shorten_weights import round_weights, shorten_weights
from tests.ml.tiny import LABELS, random_rasters, tiny_network


def test_weights_keep_eight_significant_bits() -> None:
    weights = np.array([[1.0, -1.0, 0.0], [np.pi, 1e-20, -12345.678]], np.float32)
    rounded = round_weights(weights)
    assert rounded.shape == weights.shape
    np.testing.assert_allclose(rounded, weights, rtol=2**-8)
    assert (rounded.view(np.uint32) & 0xFFFF == 0).all()
    assert rounded[0].tolist() == [1, -1, 0]


def test_a_shortened_file_is_smaller_and_has_the_same_layers(tiny_bundle: Bundle) -> None:
    shortened = shorten_weights(tiny_bundle.keras)
    assert len(shortened) < 0.7 * len(tiny_bundle.keras)


def test_a_bundle_with_weights_in_8_bits_has_a_shortened_keras_file() -> None:
    model = tiny_network(4)
    rasters = random_rasters(4)
    facts: Any = {"recognizer": "digits", "labels": LABELS, "unsure_below": 0.5, "metrics": {}, "training": {}}
    exact, short = (export_bundle(model, probe=rasters, quantise=each, **facts) for each in (False, True))
    assert len(short.keras) < 0.7 * len(exact.keras)
    for given, loaded in zip(model.get_weights(), load_keras(short).get_weights(), strict=True):
        np.testing.assert_allclose(loaded, given, rtol=2**-8, atol=1e-30)
    # Fine-tuning the last layer writes into such a file.
    head = verify_bundle(short).head()
    assert len(replace_keras_head(short.keras, head)) < len(exact.keras)
