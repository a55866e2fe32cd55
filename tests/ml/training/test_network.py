"""The network: its size, its outputs, its calibration."""

from __future__ import annotations

import numpy as np
import pytest

from ml.preprocessing.ink import MIN_SIZE
from ml.recipes.base import PYRAMID, RESIDUAL, SMALL
from ml.training.network import EMBEDDING_SIZE, build_network, fold_temperature
from tests.ml.tiny import random_rasters


def ask(model: object, count: int = 5) -> dict[str, np.ndarray]:
    rasters = random_rasters(count)[..., np.newaxis].astype(np.float32) / 255
    return {key: np.asarray(value) for key, value in model(rasters, training=False).items()}  # type: ignore[operator]


def test_the_small_network_has_the_documented_number_of_parameters() -> None:
    model = build_network(11)

    assert model.count_params() == 350_427
    assert model.count_params() * 4 < 2_000_000


def test_the_residual_network_has_the_documented_number_of_parameters() -> None:
    assert build_network(31, 26, RESIDUAL).count_params() == 723_903


def test_the_pyramid_has_the_documented_number_of_parameters() -> None:
    assert build_network(831, 32, PYRAMID).count_params() == 990_391


@pytest.mark.parametrize("kind", [SMALL, RESIDUAL, PYRAMID])
def test_each_can_be_built_for_the_smallest_raster(kind: str) -> None:
    assert build_network(4, MIN_SIZE, kind).output["probabilities"].shape == (None, 4)


def test_an_unknown_kind_of_network_is_refused_with_the_known_kinds() -> None:
    with pytest.raises(ValueError, match=r"'huge'.*small, residual, pyramid"):
        build_network(11, 28, "huge")


def test_the_outputs_are_probabilities_and_the_last_hidden_layer() -> None:
    answers = ask(build_network(11))

    assert answers["probabilities"].shape == (5, 11)
    assert answers["embedding"].shape == (5, EMBEDDING_SIZE)
    np.testing.assert_allclose(answers["probabilities"].sum(axis=1), 1, atol=1e-5)


def test_another_number_of_classes_changes_the_last_layer_only() -> None:
    small, large = build_network(4), build_network(31)

    assert large.count_params() - small.count_params() == 27 * (EMBEDDING_SIZE + 1)


def test_a_single_class_is_refused() -> None:
    with pytest.raises(ValueError, match="2 classes"):
        build_network(1)


def test_a_temperature_lowers_confidence_and_keeps_the_order() -> None:
    model = build_network(11)
    before = ask(model)["probabilities"]

    fold_temperature(model, 2.0)

    after = ask(model)["probabilities"]
    assert (after.max(axis=1) < before.max(axis=1)).all()
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    expected = np.sqrt(before) / np.sqrt(before).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(after, expected, atol=1e-5)


def test_a_temperature_does_not_change_the_embedding() -> None:
    model = build_network(3)
    before = ask(model)["embedding"]

    fold_temperature(model, 0.5)

    np.testing.assert_allclose(ask(model)["embedding"], before, atol=1e-6)


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        fold_temperature(build_network(3), 0)
