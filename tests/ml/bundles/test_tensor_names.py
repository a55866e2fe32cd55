"""Tensors have names that programs on devices can rely on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

import ml
from ml.bundles.build import convert_to_tflite
from ml.bundles.predictor import Predictor
from ml.bundles.tensor_names import name_tensors
from tests.ml.tiny import random_rasters, tiny_network

if TYPE_CHECKING:
    import keras

SHIPPED = sorted((Path(ml.__file__).parent / "models").glob("*/model.tflite"))


def names(tflite: bytes) -> list[str]:
    """Of all tensors, in their order."""
    return [tensor["name"] for tensor in Interpreter(model_content=tflite).get_tensor_details()]


def outside(tflite: bytes) -> tuple[list[str], list[str], Any]:
    """The names of the inputs and outputs, and those of the signatures."""
    interpreter = Interpreter(model_content=tflite)
    details = interpreter.get_input_details(), interpreter.get_output_details()
    inputs, outputs = ([tensor["name"] for tensor in tensors] for tensors in details)
    return inputs, outputs, interpreter.get_signature_list()


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_the_shipped_models_have_the_same_names_outside(file: Path) -> None:
    inputs, outputs, signatures = outside(file.read_bytes())
    assert (inputs, sorted(outputs)) == (["raster"], ["embedding", "probabilities"])
    assert signatures == {"serving_default": {"inputs": ["raster"], "outputs": ["embedding", "probabilities"]}}
    assert len(set(names(file.read_bytes()))) == len(names(file.read_bytes()))


def test_networks_of_one_shape_have_the_same_names_inside() -> None:
    bangla, digits = (names(file.read_bytes()) for file in SHIPPED if file.parent.name in ("bangla-digits", "digits"))
    assert sorted(digits) == sorted(bangla)
    assert {"conv1/weights", "conv6/bias", "pool2", "scale1/factor", "add1", "dense2/weights"} <= set(digits)


@pytest.mark.parametrize("quantise", [False, True])
def test_an_export_names_them_alike_however_many_networks_were_made_before(quantise: bool) -> None:
    first, second = (convert_to_tflite(tiny_network(4), quantise=quantise) for _ in range(2))
    assert outside(first) == outside(second)
    assert outside(first)[0] == ["raster"]
    assert names(first) == names(second)
    assert not any("tensor" in name or "functional" in name or "Stateful" in name for name in names(first))


def test_names_change_nothing_else(monkeypatch: pytest.MonkeyPatch, tiny_model: keras.Model) -> None:
    monkeypatch.setattr("ml.bundles.build.name_tensors", lambda tflite: tflite)
    before = convert_to_tflite(tiny_model)
    after = name_tensors(before)
    assert len(after) == len(before)
    assert name_tensors(after) == after
    rasters = random_rasters(4)
    was, now = (Predictor(content, 3).predict(rasters) for content in (before, after))
    np.testing.assert_array_equal(was.probabilities, now.probabilities)
    np.testing.assert_array_equal(was.embeddings, now.embeddings)
