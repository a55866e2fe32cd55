"""A minimal Flask server, as in the demos that this project started from.

It takes a canvas as the data URL of a PNG, scales it to 28 x 28, runs the shipped network and returns the digit. WAY
selects `model.predict` or a compiled function. It checks, counts and stores nothing, and needs no sign-in.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from flask import Flask, Response, jsonify, request

ROOT = Path(__file__).resolve().parents[2]

app = Flask(__name__)
model = tf.keras.models.load_model(ROOT / "ml" / "models" / "digits" / "model.keras", compile=False)


@tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.float32)])
def compiled(pictures: tf.Tensor) -> tf.Tensor:
    """The outputs of the network."""
    return model(pictures, training=False)


def by_predict(picture: np.ndarray) -> np.ndarray:
    """Probabilities by `model.predict`, as in most demos."""
    return _first(model.predict(picture, verbose=0))


def by_function(picture: np.ndarray) -> np.ndarray:
    """Probabilities by a compiled function, as in the fastest demo."""
    return _first(compiled(tf.constant(picture)))


def _first(found: object) -> np.ndarray:
    """The probabilities of the first picture, also from a network with several outputs."""
    if isinstance(found, dict):
        found = found["probabilities"]
    elif isinstance(found, list | tuple):
        found = found[0]
    return np.asarray(found)[0]


ask = {"predict": by_predict, "function": by_function}[os.environ["WAY"]]


@app.post("/predict")
def predict() -> Response:
    """The most likely digit of a canvas, dark on light."""
    content = base64.b64decode(request.get_json()["image"].partition(",")[2])
    canvas = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert canvas is not None
    picture = 1 - cv2.resize(canvas, (28, 28), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return jsonify(prediction=int(ask(picture[np.newaxis, ..., np.newaxis])[:10].argmax()))
