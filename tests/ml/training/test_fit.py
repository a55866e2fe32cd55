"""How a network learns: the running mean, firmness of labels, mirrors, and numbers of 16 bits."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from ml.recipes.base import AVERAGED, DISTILLED, Material, Recipe
from ml.training import epochs
from ml.training import fit as learning
from ml.training.epochs import make_epoch
from ml.training.fit import fast_precision, fit, plan_cycles
from tests.ml import trained
from tests.ml.tiny import LABELS, tiny_network

EPOCHS = 3


@pytest.fixture(scope="module")
def material() -> Material:
    return trained.material()


@pytest.fixture(scope="module")
def recipe(material: Material) -> Recipe:
    return Recipe(
        labels=LABELS,
        load=lambda data: material,
        sources=(),
        notes=(),
        epochs=EPOCHS,
        pictures=60,
        tracks=40,
        prototypes=0,
        junk=20,
        batch=10,
        learning=AVERAGED,
    )


def test_an_averaged_training_is_one_cycle(recipe: Recipe) -> None:
    assert [cycle.epochs for cycle in plan_cycles(recipe)] == [EPOCHS]


def test_the_result_is_the_moving_average_of_the_weights(
    material: Material, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "EMA_EVERY", 1)
    network = tiny_network(len(LABELS) + 1)
    start = network.get_weights()
    fit(network, material, recipe, seed=1, progress=False)
    with_mean = network.get_weights()
    monkeypatch.setattr(learning, "EMA_DECAY", 0.0)  # the average is the last weights themselves
    network.set_weights(start)
    fit(network, material, recipe, seed=1, progress=False)
    way = [np.abs(last - first).sum() for last, first in zip(network.get_weights(), start, strict=True)]
    mean_way = [np.abs(mean - first).sum() for mean, first in zip(with_mean, start, strict=True)]
    assert 0 < sum(mean_way) < sum(way), "the mean lags behind"


def test_the_history_has_a_row_for_each_epoch(material: Material, recipe: Recipe) -> None:
    history = fit(tiny_network(len(LABELS) + 1), material, recipe, seed=1, progress=False)
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[-1]["loss"] < history[0]["loss"]
    assert all(0 <= row["accuracy"] <= 1 and row["seconds"] >= 0 for row in history)


def test_smoothed_labels_still_add_up_to_one(material: Material, recipe: Recipe) -> None:
    examples = material.validation[next(iter(material.validation))]
    targets = learning._targets(examples, len(LABELS) + 1, None, 0.05)
    assert targets.sum(axis=1) == pytest.approx(1)
    assert (targets.argmax(axis=1) == examples.y).all()
    assert targets.max() == pytest.approx(0.95 + 0.05 / (len(LABELS) + 1))


def test_half_of_the_drawings_are_mirrored(material: Material, recipe: Recipe) -> None:
    plain = make_epoch(material, recipe, np.random.default_rng(5))
    mirrored = make_epoch(material, replace(recipe, mirror=True), np.random.default_rng(5))
    known = {x.tobytes() for x in plain.x}
    same = np.array([x.tobytes() in known for x in mirrored.x])
    turned = np.array([x[:, ::-1].tobytes() in known for x in mirrored.x])
    assert (same | turned).all()
    assert 0.3 < (turned & ~same).mean() < 0.7


def test_a_further_cycle_comes_last_at_half_the_rate(recipe: Recipe) -> None:
    further = plan_cycles(replace(recipe, further=2))[-1]
    assert (further.epochs, further.rate, further.averaged) == (2, 0.5, True)
    by_itself = plan_cycles(replace(recipe, further=2, learning=DISTILLED))
    assert [cycle.epochs for cycle in by_itself] == [3, 2], "of three epochs none refines and none has a teacher"


def test_continuing_runs_only_the_further_cycle_from_the_present_weights(material: Material, recipe: Recipe) -> None:
    network = tiny_network(len(LABELS) + 1)
    fit(network, material, recipe, seed=1, progress=False)
    before = network.get_weights()
    history = fit(network, material, replace(recipe, further=1), seed=2, onwards=True, progress=False)
    assert [row["epoch"] for row in history] == [1]
    way = [np.abs(last - first).sum() for last, first in zip(network.get_weights(), before, strict=True)]
    assert 0 < sum(way) < sum(np.abs(weights).sum() for weights in before) / 2


def test_continuing_keeps_a_share_of_the_first_weights(material: Material, recipe: Recipe) -> None:
    ends = []
    for share in (0.0, 0.25):
        network = tiny_network(len(LABELS) + 1)
        start = network.get_weights()
        onwards = replace(recipe, further=1, start_share=share)
        fit(network, material, onwards, seed=2, onwards=True, progress=False)
        ends.append(network.get_weights())
    for before, alone, mixed in zip(start, *ends, strict=True):
        np.testing.assert_allclose(mixed, 0.25 * before + 0.75 * alone, atol=2e-3)


def test_moved_drawings_are_shifted_and_scaled_a_little() -> None:
    square = np.zeros((200, 28, 28), np.uint8)
    square[:, 10:18, 10:18] = 255
    epochs._move(square, 0.7, np.random.default_rng(1))
    beside = np.abs(np.array([_middle(x) for x in square]) - 13.5).max(axis=1)
    assert 0.2 < (beside < 0.01).mean() < 0.3, "a quarter stays where it is"
    assert 0.2 < np.median(beside) < 0.7
    assert beside.max() < 0.75
    sides = np.sqrt(square.astype(float).sum(axis=(1, 2)) / 255)
    assert 7.6 < sides.min() < 7.9 < 8.1 < sides.max() < 8.4, "and some are a little smaller or larger"


def _middle(raster: np.ndarray) -> np.ndarray:
    weights = raster.astype(float)
    return np.array([(weights.sum(axis=axis) @ np.arange(28)) / weights.sum() for axis in (0, 1)])


@pytest.mark.parametrize("capable", [True, False])
def test_bfloat16_is_used_only_inside_the_context(capable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "has_bfloat16", lambda: capable)
    before = keras.config.dtype_policy()
    with fast_precision():
        network = tiny_network(len(LABELS) + 1)
    assert keras.config.dtype_policy() == before
    computed = {layer.compute_dtype for layer in network.layers if layer.weights}
    assert ("bfloat16" in computed) == capable
    assert {weights.dtype for weights in network.get_weights()} == {np.dtype(np.float32)}


def test_a_network_trained_in_bfloat16_answers_the_same_in_32_bits(material: Material, recipe: Recipe) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "has_bfloat16", lambda: True)
        with fast_precision():
            network = tiny_network(len(LABELS) + 1)
    fit(network, material, recipe, seed=1, progress=False)
    plain = tiny_network(len(LABELS) + 1)
    plain.set_weights(network.get_weights())
    x = material.pictures.x[:40][..., np.newaxis].astype(np.float32) / 255
    answers = [np.asarray(each(x)["probabilities"], np.float32) for each in (network, plain)]
    assert np.abs(answers[0] - answers[1]).max() < 0.05
