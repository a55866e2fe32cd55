"""Another last layer put into the model files: found, put in place, read back; or refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.bundles.build import keras_probabilities
from ml.bundles.bundle import Bundle, BundleError, save_bundle, sha256_hex, verify_bundle
from ml.bundles.predictor import Head, Predictor
from ml.bundles.replace_head import replace_keras_head, replace_tflite_head
from tests.ml.tiny import random_rasters
from tests.ml.trained import approved_drawings, examples


def other_head(bundle: Bundle, seed: int = 0) -> Head:
    """The bundle's last layer, changed everywhere."""
    rng = np.random.default_rng(seed)
    head = verify_bundle(bundle).head()
    weights = head.weights + rng.normal(0, 0.1, head.weights.shape).astype(np.float32)
    return Head(weights, head.bias + rng.normal(0, 0.1, head.bias.shape).astype(np.float32))


def test_what_serves_answers_by_the_new_layer(trained_base: Bundle) -> None:
    head, rasters = other_head(trained_base), examples(60, 4).x

    grafted = Predictor(replace_tflite_head(trained_base.tflite, head), 3)

    answers = grafted.predict(rasters)
    logits = answers.embeddings @ head.weights + head.bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers.probabilities, expected[:, :3], atol=0.03)
    assert np.abs(answers.probabilities - verify_bundle(trained_base).predict(rasters).probabilities).max() > 0.03


def test_everything_before_stays_as_it_is_to_the_bit(trained_base: Bundle) -> None:
    rasters = examples(60, 4).x

    grafted = replace_tflite_head(trained_base.tflite, other_head(trained_base))

    assert len(grafted) == len(trained_base.tflite)
    np.testing.assert_array_equal(
        Predictor(grafted, 3).predict(rasters).embeddings, verify_bundle(trained_base).predict(rasters).embeddings
    )


def test_the_keras_file_answers_like_what_serves(trained_base: Bundle) -> None:
    head, rasters = other_head(trained_base), examples(60, 4).x
    keras_file = replace_keras_head(trained_base.keras, head)
    sums = {**trained_base.manifest["sha256"], "keras": sha256_hex(keras_file)}
    bundle = replace(trained_base, manifest={**trained_base.manifest, "sha256": sums}, keras=keras_file)

    answers = Predictor(replace_tflite_head(trained_base.tflite, head), 3).predict(rasters).probabilities

    np.testing.assert_allclose(keras_probabilities(bundle, rasters), answers, atol=0.03)


def test_a_model_that_is_not_quantised_takes_it_too(tiny_bundle: Bundle, trained_base: Bundle) -> None:
    trained = Predictor(trained_base.tflite, 3).head()
    plain = with_bias(tiny_bundle, trained)

    grafted = Predictor(replace_tflite_head(plain, other_head(trained_base)), 3)

    np.testing.assert_allclose(grafted.head().weights, other_head(trained_base).weights, atol=1e-6)


def with_bias(bundle: Bundle, head: Head) -> bytes:
    """A tiny model whose last layer was trained, exported in numbers."""
    from ml.bundles.build import export_bundle, load_keras

    model = load_keras(bundle)
    model.layers[-1].set_weights([head.weights, head.bias])
    labels = bundle.manifest["labels"]
    exported = export_bundle(
        model, recognizer="digits", labels=labels, unsure_below=0.3, probe=random_rasters(4), metrics={}, training={}
    )
    return exported.tflite


def test_the_second_replacement_replaces_the_first(trained_base: Bundle) -> None:
    first, second = other_head(trained_base, 1), other_head(trained_base, 2)

    twice = replace_tflite_head(replace_tflite_head(trained_base.tflite, first), second)

    assert twice == replace_tflite_head(trained_base.tflite, second)


def test_the_same_layer_gives_the_same_files(trained_base: Bundle) -> None:
    head = other_head(trained_base)

    assert replace_tflite_head(trained_base.tflite, head) == replace_tflite_head(trained_base.tflite, head)
    assert replace_keras_head(trained_base.keras, head) == replace_keras_head(trained_base.keras, head)


def test_a_layer_of_another_shape_is_refused(trained_base: Bundle) -> None:
    with pytest.raises(BundleError, match=r"\b64 x 4\b"):
        replace_tflite_head(trained_base.tflite, Head(np.zeros((64, 4), np.float32), np.zeros(4, np.float32)))
    with pytest.raises(BundleError, match=r"\b0 layers\b"):
        replace_keras_head(trained_base.keras, Head(np.zeros((64, 4), np.float32), np.zeros(4, np.float32)))


def test_a_last_layer_without_a_bias_is_refused(tiny_bundle: Bundle, trained_base: Bundle) -> None:
    with pytest.raises(BundleError, match=r"\b128 x 4\b.*bias"):
        replace_tflite_head(tiny_bundle.tflite, other_head(trained_base))


def test_a_layer_whose_numbers_occur_twice_is_refused(trained_base: Bundle) -> None:
    bias = Predictor(trained_base.tflite, 3).head().bias

    with pytest.raises(BundleError, match=r"\b2 times\b"):
        replace_tflite_head(trained_base.tflite + bias.tobytes(), other_head(trained_base))


def test_a_layer_with_nan_is_refused(trained_base: Bundle) -> None:
    head = other_head(trained_base)

    with pytest.raises((BundleError, RuntimeError), match=r"last layer|invalid value"):
        replace_tflite_head(trained_base.tflite, head._replace(bias=np.full_like(head.bias, np.nan)))


def test_the_last_layer_is_trained_and_examined_without_tensorflow(trained_base: Bundle, tmp_path: Path) -> None:
    save_bundle(trained_base, tmp_path / "base")
    drawn = approved_drawings(30, 3)
    np.savez(tmp_path / "approved_drawings.npz", x=drawn.rasters, y=drawn.labels)
    program = (
        "import sys, numpy as np; from pathlib import Path; folder = Path(sys.argv[1])\n"
        "from ml.bundles.bundle import load_bundle; from ml.evaluation.exam import examine\n"
        "from ml.data.approved import ApprovedDrawings\n"
        "from ml.training.finetune import finetune\n"
        "base, stored = load_bundle(folder / 'base'), np.load(folder / 'approved_drawings.npz')\n"
        "approved_drawings = ApprovedDrawings(stored['x'], [None] * 30, stored['y'])\n"
        "taught = finetune(base, approved_drawings, mode='head', seed=1, report=lambda told: None)\n"
        "examine(base, taught, approved_drawings, by_author=False, authors=1)\n"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
