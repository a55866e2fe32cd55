"""The predictor answers the same from any thread."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ml.bundles.build import export_bundle
from ml.bundles.bundle import Bundle, BundleError, verify_bundle
from ml.bundles.predictor import Predictor, PredictorError
from tests.ml.tiny import LABELS, random_rasters

if TYPE_CHECKING:
    import keras


@pytest.fixture(scope="session")
def predictor(tiny_bundle: Bundle) -> Predictor:
    return verify_bundle(tiny_bundle)


def test_it_answers_with_one_row_per_raster_and_without_the_other_class(predictor: Predictor) -> None:
    answers = predictor.predict(random_rasters(5))
    assert answers.probabilities.shape == (5, 3)
    assert answers.embeddings.shape == (5, 128)
    assert answers.probabilities.dtype == answers.embeddings.dtype == np.float32
    assert (answers.probabilities.sum(axis=1) < 1).all()


def test_no_rasters_get_no_answers(predictor: Predictor) -> None:
    answers = predictor.predict(np.zeros((0, 28, 28), np.uint8))
    assert answers.probabilities.shape == (0, 3)
    assert answers.embeddings.shape == (0, 128)


def test_many_at_once_are_answered_as_one_by_one(predictor: Predictor) -> None:
    rasters = random_rasters(10)
    together = predictor.predict(rasters)
    for row, raster in enumerate(rasters):
        alone = predictor.predict(raster[np.newaxis])
        np.testing.assert_array_equal(alone.probabilities[0], together.probabilities[row])
        np.testing.assert_array_equal(alone.embeddings[0], together.embeddings[row])


def test_answers_are_copies_that_the_next_call_does_not_change(predictor: Predictor) -> None:
    first = predictor.predict(random_rasters(1, seed=1))
    kept = first.probabilities.copy(), first.embeddings.copy()
    predictor.predict(random_rasters(1, seed=2))
    np.testing.assert_array_equal(first.probabilities, kept[0])
    np.testing.assert_array_equal(first.embeddings, kept[1])


def test_eight_threads_get_the_right_answers_without_an_error(predictor: Predictor) -> None:
    rasters = random_rasters(16)
    expected = predictor.predict(rasters).probabilities

    def ask(thread: int) -> int:
        right = 0
        for call in range(2_000):
            row = (thread + call) % len(rasters)
            answer = predictor.predict(rasters[row : row + 1]).probabilities[0]
            right += bool((answer == expected[row]).all())
        return right

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [2_000] * 8


@pytest.mark.parametrize(
    "rasters", [np.zeros((28, 28), np.uint8), np.zeros((1, 32, 32), np.uint8), np.zeros((1, 28, 28), np.float32)]
)
def test_arrays_that_are_no_rasters_are_refused(predictor: Predictor, rasters: np.ndarray) -> None:
    with pytest.raises(ValueError, match=rf"uint8 \(n, 28, 28\).*{re.escape(str(rasters.shape))}"):
        predictor.predict(rasters)


def test_a_file_that_is_no_model_is_refused() -> None:
    with pytest.raises(PredictorError, match="LiteRT"):
        Predictor(b"TFL3 or not", 3)


def test_a_model_of_other_labels_is_refused(tiny_bundle: Bundle) -> None:
    with pytest.raises(PredictorError, match=r"\b4\b.*\b10\b.*\b11\b"):
        Predictor(tiny_bundle.tflite, 10)


def test_a_model_with_another_input_is_refused() -> None:
    import keras
    import tensorflow as tf

    inputs = keras.Input(batch_shape=(1, 32, 28, 1))
    outputs = keras.layers.Dense(4)(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, {"probabilities": outputs})
    with pytest.raises(PredictorError, match=r"\(1, 32, 28, 1\).*\b24\b.*\b64\b"):
        Predictor(tf.lite.TFLiteConverter.from_keras_model(model).convert(), 3)


def test_a_broken_bundle_makes_no_predictor(tiny_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="sha256"):
        verify_bundle(Bundle(tiny_bundle.manifest, b"", tiny_bundle.keras))


def test_predicting_does_not_import_tensorflow(tiny_folder: Path) -> None:
    program = (
        "import sys, numpy; from ml.bundles.bundle import load_bundle, verify_bundle; "
        "verify_bundle(load_bundle(sys.argv[1])).predict(numpy.zeros((1, 28, 28), 'u1'));"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, tiny_folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("quantise", [False, True])
def test_the_last_layer_can_be_taken_out(tiny_model: keras.Model, quantise: bool) -> None:
    bundle = export_bundle(
        tiny_model, recognizer="digits", labels=LABELS, unsure_below=0.3, probe=random_rasters(4), metrics={},
        training={}, quantise=quantise,
    )  # fmt: skip
    predictor = verify_bundle(bundle)
    answers = predictor.predict(random_rasters(20, seed=1))

    head = predictor.head()

    assert head.weights.shape == (128, 4)
    logits = answers.embeddings @ head.weights + head.bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers.probabilities, expected[:, :3], atol=0.02 if quantise else 1e-5)
