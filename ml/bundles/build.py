"""Build a bundle from a Keras model: convert it, check the result, and pack it with its manifest. Needs TensorFlow."""

from __future__ import annotations

import base64
import contextlib
import io
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

import numpy as np

from ml.bundles.bundle import (
    FORMAT_VERSION,
    KERAS_FILE,
    MAX_PROBE,
    Bundle,
    BundleError,
    check_sha256,
    probe_tolerance,
    sha256_hex,
    verify_bundle,
)
from ml.bundles.labels import copy_label
from ml.bundles.predictor import EMBEDDING, PROBABILITIES, Predictor
from ml.bundles.shorten_weights import shorten_weights
from ml.bundles.tensor_names import name_tensors
from ml.preprocessing.ink import DEFAULT_SPEC, PREPROCESS_VERSION, RasterSpec

if TYPE_CHECKING:
    import keras

MIN_WEIGHTS_SHARE = 0.8  # a smaller file than this share of the weights' bytes has lost weights


class BundleFacts(TypedDict):
    """What the manifest says about a model."""

    recognizer: str
    labels: Sequence[Mapping[str, Any]]
    """As `ml.bundles.labels` describes them, in the order of the model's outputs."""
    unsure_below: float
    """The probability below which an answer is "not sure"."""
    metrics: Mapping[str, Any]
    training: Mapping[str, Any]
    title: NotRequired[str]
    """The name of the recognizer."""
    prompt: NotRequired[str]
    """How people are asked to draw."""
    raster: NotRequired[RasterSpec]


def export_bundle(
    model: keras.Model, *, probe: np.ndarray, quantise: bool = False, **facts: Unpack[BundleFacts]
) -> Bundle:
    """Convert a Keras model and pack it as a bundle.

    `model` has the outputs `probabilities` (n, labels + 1) and `embedding` (n, width). `probe` is uint8
    (k, size, size), rasters of `raster`. `quantise` stores the weights of the LiteRT file in 8 bits (dynamic
    range), and those of the Keras file with 8 significant bits (`ml.bundles.shorten_weights`).

    Raises BundleError if the model or the probe does not fit `raster`, or if the converted model has lost weights or
    answers the probe differently from the Keras model.
    """
    size = facts.get("raster", DEFAULT_SPEC).size
    if probe.dtype != np.uint8 or probe.shape[1:] != (size, size) or not 0 < len(probe) <= MAX_PROBE:
        raise BundleError(
            f"The probe must be uint8 (1 to {MAX_PROBE}, {size}, {size}), not {probe.dtype} {probe.shape}."
        )
    if tuple(model.input_shape[1:]) != (size, size, 1):
        raise BundleError(f"The network takes {model.input_shape[1:]}, not rasters of {(size, size, 1)}.")
    tflite = convert_to_tflite(model, quantise=quantise)
    parameters = model.count_params()
    expected_size = parameters * (1 if quantise else 4) * MIN_WEIGHTS_SHARE
    if len(tflite) < expected_size:
        raise BundleError(
            f"The converted model has {len(tflite):,} bytes, but {parameters:,} parameters need {expected_size:,.0f}: "
            "the conversion has lost weights."
        )
    _check_same_answers(model, Predictor(tflite, len(facts["labels"])), probe, probe_tolerance(quantise))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / KERAS_FILE
        model.save(path)
        keras_file = shorten_weights(path.read_bytes()) if quantise else path.read_bytes()
    return assemble_bundle(tflite, keras_file, probe=probe, quantised=quantise, **facts)


def convert_to_tflite(model: keras.Model, *, quantise: bool = False) -> bytes:
    """The content of a `.tflite` file of a Keras model, with weights in 8 bits (dynamic range) if `quantise`.

    The names of its tensors depend on nothing but the network: see `ml.bundles.tensor_names`.
    """
    import keras
    import tensorflow as tf

    # With a batch of 1, because the browser's runtime refuses a variable batch. From a Keras model, because the
    # conversion of a concrete function is known to lose the weights without an error.
    one = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    outputs = model(one, training=False)
    converter = tf.lite.TFLiteConverter.from_keras_model(
        keras.Model(one, {PROBABILITIES: outputs[PROBABILITIES], EMBEDDING: outputs[EMBEDDING]})
    )
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints internals of the model
        return name_tensors(bytes(converter.convert()))


def _check_same_answers(model: keras.Model, predictor: Predictor, probe: np.ndarray, tolerance: float) -> None:
    outputs = model(to_input(probe), training=False)
    expected = np.asarray(outputs[PROBABILITIES])[:, :-1]  # (k, labels), without "other"
    difference = float(np.abs(expected - predictor.predict(probe).probabilities).max())
    if not difference <= tolerance:  # written so that NaN fails, too
        raise BundleError(
            f"The converted model answers the probe differently from the Keras model: by {difference:.4f} in "
            f"probability, more than {tolerance}."
        )


def to_input(rasters: np.ndarray) -> np.ndarray:
    """Rasters uint8 (n, size, size) as the input of a network: float32 (n, size, size, 1) from 0 to 1."""
    pictures: np.ndarray = rasters[..., np.newaxis].astype(np.float32) / 255
    return pictures


def assemble_bundle(
    tflite: bytes, keras_file: bytes, *, probe: np.ndarray, quantised: bool, **facts: Unpack[BundleFacts]
) -> Bundle:
    """Pack two model files that answer alike as a bundle, with their answers to the probe. Needs no TensorFlow.

    `probe` is uint8 (k, size, size). Raises BundleError if the bundle is not valid.
    """
    labels = facts["labels"]
    answers = Predictor(tflite, len(labels)).predict(probe)
    manifest: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "recognizer": facts["recognizer"],
        "title": facts.get("title", ""),
        "prompt": facts.get("prompt", ""),
        "labels": list(map(copy_label, labels)),
        "raster": asdict(facts.get("raster", DEFAULT_SPEC)),
        "preprocess_version": PREPROCESS_VERSION,
        "embedding_size": answers.embeddings.shape[1],
        "unsure_below": float(facts["unsure_below"]),
        "quantised": quantised,
        "probe": {
            "rasters": base64.b64encode(zlib.compress(np.ascontiguousarray(probe).tobytes(), 9)).decode("ascii"),
            "probabilities": [[round(float(value), 6) for value in row] for row in answers.probabilities],
        },
        "metrics": dict(facts["metrics"]),
        "training": dict(facts["training"]),
        "sha256": {"tflite": sha256_hex(tflite), "keras": sha256_hex(keras_file)},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    bundle = Bundle(manifest, tflite, keras_file)
    verify_bundle(bundle)
    return bundle


def load_keras(bundle: Bundle) -> keras.Model:
    """The Keras model of a bundle, to train it further. Raises BundleError for a wrong checksum.

    A Keras file can contain code, so it is opened only after its checksum is verified.
    """
    import keras

    check_sha256(bundle.manifest, "keras", bundle.keras)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / KERAS_FILE
        path.write_bytes(bundle.keras)
        return keras.saving.load_model(path, compile=False, safe_mode=True)


def keras_probabilities(bundle: Bundle, rasters: np.ndarray) -> np.ndarray:
    """The answers of the Keras model of a bundle: see `model_probabilities`."""
    return model_probabilities(load_keras(bundle), rasters)


def model_probabilities(model: keras.Model, rasters: np.ndarray) -> np.ndarray:
    """The answers of a Keras model to rasters uint8 (n, size, size): probabilities float32 (n, labels)."""
    outputs = model.predict(to_input(rasters), batch_size=256, verbose=0)
    return np.asarray(outputs[PROBABILITIES], np.float32)[:, :-1]  # without "other"
