"""A tiny recognizer of three digits: real Keras, quick to build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

LABELS = [{"slug": slug, "glyph": slug, "name": name} for slug, name in (("0", "zero"), ("1", "one"), ("2", "two"))]

HISTORY = [{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.4, "accuracy": 0.8, "seconds": 2.0}]


def random_rasters(count: int, seed: int = 0, size: int = 28) -> np.ndarray:
    """Noise, uint8 (count, size, size)."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size), dtype=np.uint8)


def tiny_network(classes: int, size: int = 28) -> keras.Model:
    import keras

    keras.utils.set_random_seed(7)
    inputs = keras.Input((size, size, 1))
    flat = keras.layers.Flatten()(keras.layers.Conv2D(4, 5, strides=3, activation="relu")(inputs))
    embedding = keras.layers.Dense(128, activation="relu")(flat)
    probabilities = keras.layers.Dense(classes, activation="softmax")(embedding)
    return keras.Model(inputs, {"probabilities": probabilities, "embedding": embedding})
