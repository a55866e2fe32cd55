"""Compare the image filters of a known demo with our normaliser, with the same network.

The demo for Bangla digits shrinks a canvas to 32 x 32, blurs it widely, subtracts half of the blurred picture (an
unsharp mask), sharpens, and trains three convolutions and two dense layers (356,234 parameters) for 30 epochs. Here
this network is trained on NumtaDB twice, on the filtered pictures and on our rasters. Each answers the same test
drawings in three forms: as they are, as two-valued scans, and drawn small in a corner of the frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ml.bundles.build import to_input
from ml.data import loaders
from ml.recipes.bangla_digits import simulate_scan
from ml.recipes.base import normalise_pictures
from ml.training.fit import fast_precision

if TYPE_CHECKING:
    import keras

SIDE = 32  # pixels, of the demo's pictures
EPOCHS = 30
SMALL = 2.5  # sides of the frame per side of a drawing that is small in its corner

_SHARPEN = np.array([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]], np.float32)


def apply_filters(pictures: np.ndarray) -> np.ndarray:
    """Return pictures, uint8 (n, h, w) white on black, filtered: uint8 (n, 32, 32), dark on light as in the demo."""
    filtered = np.empty((len(pictures), SIDE, SIDE), np.uint8)
    for index, picture in enumerate(255 - pictures):
        small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        blurred = cv2.GaussianBlur(small, (9, 9), 10)
        filtered[index] = cv2.filter2D(cv2.addWeighted(small, 1.5, blurred, -0.5, 0), -1, _SHARPEN)
    return filtered


def draw_in_corner(pictures: np.ndarray) -> np.ndarray:
    """Return each picture in the upper left corner of a larger frame: uint8 (n, 2.5 h, 2.5 w)."""
    height, width = (round(SMALL * side) for side in pictures.shape[1:])
    frames = np.zeros((len(pictures), height, width), np.uint8)
    frames[:, : pictures.shape[1], : pictures.shape[2]] = pictures
    return frames


def run_filters_bench(data: Path | None, *, epochs: int = EPOCHS, limit: int | None = None, seed: int = 1) -> Any:
    """Return the accuracy by preprocessing and test: {"filters" | "normaliser": {test: share}}.

    `limit` is the number of drawings used of each part. Raises DatasetError.
    """
    study, test = (loaders.load_bangla(part, data) for part in ("train", "test"))
    study, test = (loaders.select_rows(part, np.arange(len(part.y))[:limit]) for part in (study, test))
    rng = np.random.default_rng(seed)
    tests = {
        "as they come": test.x,
        "as two-valued scans": np.stack([simulate_scan(picture, rng) for picture in test.x]),
        "small, in a corner": draw_in_corner(test.x),
    }
    methods = {
        "filters": apply_filters,
        "normaliser": normalise_pictures,
    }
    figures = {}
    for name, seen in methods.items():
        network = _train_network(seen(study.x), study.y, epochs, seed)
        answers = {
            title: network.predict(to_input(seen(pictures)), batch_size=256, verbose=0).argmax(axis=1)
            for title, pictures in tests.items()
        }
        figures[name] = {title: float((labels == test.y).mean()) for title, labels in answers.items()}
    return figures


def _train_network(x: np.ndarray, y: np.ndarray, epochs: int, seed: int) -> keras.Model:
    import keras

    keras.utils.set_random_seed(seed)
    with fast_precision():
        network = _network(x.shape[1])
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(to_input(x), y, batch_size=64, epochs=epochs, verbose=0)
    return network


def _network(side: int) -> keras.Model:
    from keras import Sequential, layers

    convolutions = [
        layer
        for width in (32, 64, 128)
        for layer in (layers.Conv2D(width, 3, padding="same", activation="relu"), layers.MaxPooling2D())
    ]
    dense = [layers.Flatten(), layers.Dropout(0.2), layers.Dense(128, activation="relu")]
    return Sequential(
        [layers.Input((side, side, 1)), *convolutions, *dense, layers.Dense(10, activation="softmax", dtype="float32")]
    )
