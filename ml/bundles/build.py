"""Building a bundle from a Keras model: conversion, size check, comparison of answers. Needs TensorFlow."""

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
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.bundles.bundle import (
    FORMAT_VERSION,
    KERAS_FILE,
    LABEL_KEYS,
    MAX_PROBE,
    Bundle,
    BundleError,
    check_sha256,
    probe_tolerance,
    sha256_hex,
    verify_bundle,
)
from ml.bundles.predictor import EMBEDDING, PROBABILITIES, ModelOutput, Predictor
from ml.preprocessing.ink import DEFAULT_SPEC, PREPROCESS_VERSION, RasterSpec

if TYPE_CHECKING:
    import keras

SMALLEST_SHARE = 0.8  # of the weights' bytes; a file below it has lost weights


def export_bundle(
    model: keras.Model,
    *,
    recognizer: str,
    labels: Sequence[Mapping[str, str]],
    unsure_below: float,
    probe: np.ndarray,
    metrics: Mapping[str, Any],
    training: Mapping[str, Any],
    quantise: bool = False,
    title: str = "",
    prompt: str = "",
    raster: RasterSpec = DEFAULT_SPEC,
) -> Bundle:
    """Convert a Keras model and pack it with what it needs to serve.

    `model` gives `probabilities` (n, labels + 1) and `embedding`; `labels` (slug, glyph, name, and a
    prompt where they have one) are in the order of its outputs; `probe` is uint8 (k, size, size) as
    `raster` says. `quantise` stores the weights in 8 bits (dynamic range). `title` is what people
    call the recognizer, `prompt` how they are asked to draw.
    Raises BundleError when the converted model has lost weights or answers the probe differently
    from the Keras model.
    """
    size = raster.size
    if probe.dtype != np.uint8 or probe.shape[1:] != (size, size) or not 0 < len(probe) <= MAX_PROBE:
        raise BundleError(f"The probe must be uint8 (1 to {MAX_PROBE}, {size}, {size}), not {probe.shape}.")
    _check_input(model, size)
    tflite = convert_to_tflite(model, quantise=quantise)
    _check_size(tflite, model.count_params(), quantise)
    _check_same_answers(model, probe, Predictor(tflite, len(labels)).predict(probe), probe_tolerance(quantise))
    return assemble_bundle(
        tflite,
        _keras_file(model),
        recognizer=recognizer,
        labels=labels,
        unsure_below=unsure_below,
        probe=probe,
        metrics=metrics,
        training=training,
        quantised=quantise,
        title=title,
        prompt=prompt,
        raster=raster,
    )


def assemble_bundle(
    tflite: bytes,
    keras_file: bytes,
    *,
    recognizer: str,
    labels: Sequence[Mapping[str, str]],
    unsure_below: float,
    probe: np.ndarray,
    metrics: Mapping[str, Any],
    training: Mapping[str, Any],
    quantised: bool,
    title: str = "",
    prompt: str = "",
    raster: RasterSpec = DEFAULT_SPEC,
) -> Bundle:
    """A bundle of two model files that answer alike, with the probe's answers as they are now. Without TensorFlow."""
    answers = Predictor(tflite, len(labels)).predict(probe)
    manifest: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "recognizer": recognizer,
        "title": title,
        "prompt": prompt,
        "labels": [{key: str(label[key]) for key in LABEL_KEYS if key in label} for label in labels],
        "raster": asdict(raster),
        "preprocess_version": PREPROCESS_VERSION,
        "embedding_size": answers.embeddings.shape[1],
        "unsure_below": float(unsure_below),
        "quantised": quantised,
        "probe": _pack_probe(probe, answers.probabilities),
        "metrics": dict(metrics),
        "training": dict(training),
        "sha256": {"tflite": sha256_hex(tflite), "keras": sha256_hex(keras_file)},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    bundle = Bundle(manifest, tflite, keras_file)
    verify_bundle(bundle)
    return bundle


def load_keras(bundle: Bundle) -> keras.Model:
    """The Keras model of a bundle, to train on from; its checksum is verified first (a Keras file is code)."""
    import keras

    check_sha256(bundle.manifest, "keras", bundle.keras)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / KERAS_FILE
        path.write_bytes(bundle.keras)
        return keras.saving.load_model(path, compile=False, safe_mode=True)


def keras_probabilities(bundle: Bundle, rasters: np.ndarray) -> np.ndarray:
    """What the Keras model of a bundle says about uint8 (n, size, size): probabilities float32 (n, labels)."""
    pictures = rasters[..., np.newaxis].astype(np.float32) / 255
    return np.asarray(load_keras(bundle).predict(pictures, verbose=0)[PROBABILITIES])[:, :-1]


def _check_input(model: keras.Model, size: int) -> None:
    if tuple(model.input_shape[1:]) != (size, size, 1):
        raise BundleError(
            f"The network takes {model.input_shape[1:]}, a raster of this recognizer is {(size, size, 1)}."
        )


def convert_to_tflite(model: keras.Model, *, quantise: bool = False) -> bytes:
    """A Keras model as a `.tflite` file, in 8 bits (dynamic range) if `quantise`."""
    import keras
    import tensorflow as tf

    # A batch of 1: the browser's runtime refuses a dynamic one. From the Keras model: converting a
    # concrete function is known to drop the weights in silence.
    one = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    outputs = model(one, training=False)
    converter = tf.lite.TFLiteConverter.from_keras_model(
        keras.Model(one, {PROBABILITIES: outputs[PROBABILITIES], EMBEDDING: outputs[EMBEDDING]})
    )
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with contextlib.redirect_stdout(io.StringIO()):  # it lists the model's internals
        return bytes(converter.convert())


def _check_size(tflite: bytes, parameters: int, quantise: bool) -> None:
    expected = parameters * (1 if quantise else 4) * SMALLEST_SHARE
    if len(tflite) < expected:
        raise BundleError(
            f"The converted model has {len(tflite):,} bytes; {parameters:,} parameters need {expected:,.0f}. "
            "The conversion has dropped weights."
        )


def _check_same_answers(model: keras.Model, probe: np.ndarray, answers: ModelOutput, tolerance: float) -> None:
    outputs = model(probe[..., np.newaxis].astype(np.float32) / 255, training=False)
    expected = np.asarray(outputs[PROBABILITIES])[:, :-1]
    difference = float(np.abs(expected - answers.probabilities).max())
    if not difference <= tolerance:
        raise BundleError(
            f"The converted model answers the probe differently from the Keras model: by {difference:.4f} "
            f"in probability, at most {tolerance} is allowed."
        )


def _keras_file(model: keras.Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / KERAS_FILE
        model.save(path)
        return path.read_bytes()


def _pack_probe(rasters: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    packed = zlib.compress(np.ascontiguousarray(rasters).tobytes(), 9)
    return {
        "rasters": base64.b64encode(packed).decode("ascii"),
        "probabilities": [[round(float(value), 6) for value in row] for row in probabilities],
    }
