"""A tiny recognizer of three digits: real Keras, quick to build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

LABELS = [{"slug": slug, "glyph": slug, "name": name} for slug, name in (("0", "zero"), ("1", "one"), ("2", "two"))]


def random_rasters(count: int, seed: int = 0) -> np.ndarray:
    """Noise, uint8 (count, 28, 28)."""
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), dtype=np.uint8)


def tiny_network(classes: int) -> keras.Model:
    import keras

    keras.utils.set_random_seed(7)
    inputs = keras.Input((28, 28, 1))
    flat = keras.layers.Flatten()(keras.layers.Conv2D(4, 5, strides=3, activation="relu")(inputs))
    embedding = keras.layers.Dense(128, activation="relu")(flat)
    probabilities = keras.layers.Dense(classes, activation="softmax")(embedding)
    return keras.Model(inputs, {"probabilities": probabilities, "embedding": embedding})
