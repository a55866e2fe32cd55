"""Base training: from the data sets to a bundle, in one command (`python -m ml train digits`).

The network is trained (`ml.training.fit`), calibrated, and given a limit for "not sure", the last two on writers
that it was not trained on. Then it is exported and measured as it serves. The same seed repeats a training; the
order in which CPU threads add up numbers may still change the last digits.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ml.bundles.build import export_bundle, load_keras, to_input
from ml.bundles.bundle import Bundle, load_bundle, save_bundle, with_glyphs, with_history
from ml.bundles.labels import copy_label
from ml.embeddings.replay_pack import add_replay_pack
from ml.evaluation.base_test import make_base_test, save_base_test
from ml.recipes import RECIPES
from ml.recipes.base import Examples, Material, Recipe
from ml.reporting.measure_bundle import measure_bundle
from ml.reporting.model_card import write_card
from ml.training.fit import fast_precision, fit

if TYPE_CHECKING:
    import keras

    from ml.evaluation.metrics import EvaluationReport

SEED = 1
MIN_LIMIT, MAX_LIMIT = 0.3, 0.9  # of "not sure": lower, negatives get labels; higher, a good model is too often unsure
TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(4), 200))  # tried when calibrating; 1 changes nothing
PROBE = 16  # rasters of each validation set that go into the bundle, to test it wherever it is loaded
PROBE_ANSWERS = 2_000  # probabilities of each of these sets that the bundle stores at most: one for each label


class TrainingError(ValueError):
    """A training that cannot start as requested. The message says what to do."""


def recipe_of(recognizer: str) -> Recipe:
    """Return the recipe of a shipped recognizer. Raises TrainingError if there is none."""
    if recognizer not in RECIPES:
        raise TrainingError(f"There is no recipe for {recognizer!r}. There are recipes for {', '.join(RECIPES)}.")
    return RECIPES[recognizer]


def train_recognizer(
    recognizer: str,
    recipe: Recipe | None = None,
    *,
    out: Path,
    epochs: int | None = None,
    seed: int = SEED,
    data: Path | None = None,
    onwards: Path | None = None,
    progress: bool = True,
) -> Bundle:
    """Train a recognizer and write bundle, base test, model card and confusion matrix into the folder `out`.

    `recipe` defaults to that of the shipped recognizer; `epochs` replaces the number of epochs in it. Training starts
    from scratch or, with `onwards`, from the bundle in that folder. `data` is the folder of data sets (default:
    `INKLING_DATA`, then downloads). Raises TrainingError, BundleError, or DatasetError if data cannot be had.
    """
    recipe = recipe or recipe_of(recognizer)
    if epochs is not None and epochs < 1:
        raise TrainingError(f"The number of epochs must be at least 1, not {epochs}.")
    before = None
    if onwards is not None:
        before = load_bundle(onwards)
        if before.manifest["labels"] != list(map(copy_label, recipe.labels)):
            raise TrainingError("The bundle in --onwards has other labels than the recipe. Train without it.")
        if not (recipe.further or epochs):
            raise TrainingError("The recipe has no further cycle. Give the number of epochs with --epochs.")
        recipe = recipe if epochs is None else replace(recipe, further=epochs)
    elif epochs is not None:
        recipe = replace(recipe, epochs=epochs, further=0)
    material = recipe.load(data)
    bundle, _ = train(recognizer, recipe, material, seed=seed, before=before, progress=progress)
    save_bundle(bundle, out)
    if material.base_test:
        save_base_test(make_base_test(bundle, material), out)
    write_card(bundle, out)
    return bundle


class TrainingResult(NamedTuple):
    """A trained bundle with its history, and its figures by test."""

    bundle: Bundle
    reports: dict[str, EvaluationReport]


def train(
    recognizer: str, recipe: Recipe, material: Material, *, seed: int, progress: bool, before: Bundle | None = None
) -> TrainingResult:
    """Train, calibrate, export and measure. The reports are of the exported model, on `material.tests`.

    `before` is the bundle that a further cycle continues from.
    """
    import keras

    from ml.training.network import build_network

    keras.utils.set_random_seed(seed)
    shape = (len(recipe.labels) + 1, recipe.raster.size, recipe.network)
    with fast_precision():
        trainee = build_network(*shape)
        if before is not None:
            trainee.set_weights(load_keras(before).get_weights())
        history = fit(trainee, material, recipe, seed=seed, onwards=before is not None, progress=progress)
    model = build_network(*shape)  # the same network in float32: what is exported must not depend on the processor
    model.set_weights(trainee.get_weights())
    bundle, reports = calibrate_and_export(model, recognizer, recipe, material, seed=seed)
    return TrainingResult(with_history(bundle, history), reports)


def calibrate_and_export(
    model: keras.Model, recognizer: str, recipe: Recipe, material: Material, *, seed: int
) -> tuple[Bundle, dict[str, EvaluationReport]]:
    """Calibrate a trained network, export it in 8 bits, measure the exported model, and add its replay pack."""
    from ml.training.network import fold_temperature

    labels = len(recipe.labels)
    answers = {name: _predict(model, examples) for name, examples in material.validation.items()}
    temperature = choose_temperature(answers, material.validation, labels)
    fold_temperature(model, temperature)
    answers = {name: _predict(model, examples) for name, examples in material.validation.items()}  # calibrated
    # The manifest records the numbers of the recipe, so that a training can be repeated.
    numbers = {key: value for key, value in asdict(recipe).items() if isinstance(value, int | float)}
    bundle = export_bundle(
        model,
        recognizer=recognizer,
        title=recipe.title,
        prompt=recipe.prompt,
        labels=recipe.labels,
        raster=recipe.raster,
        unsure_below=choose_unsure_below(answers, material.validation, labels, recipe.unsure),
        probe=np.concatenate(
            [examples.x[: min(PROBE, -(-PROBE_ANSWERS // labels))] for examples in material.validation.values()]
        ),
        metrics={},
        training={**numbers, "sources": list(recipe.sources), "seed": seed, "temperature": round(temperature, 4)},
        quantise=True,
    )
    bundle = with_glyphs(bundle, recipe.glyphs.read_bytes() if recipe.glyphs else b"")
    bundle, reports = measure_bundle(bundle, recipe, material)
    return add_replay_pack(bundle, material), reports


# Calibration


def _predict(model: keras.Model, examples: Examples) -> np.ndarray:
    """Probabilities of all classes, float64 (n, labels + 1)."""
    outputs = model.predict(to_input(examples.x), batch_size=256, verbose=0)
    return np.asarray(outputs["probabilities"], np.float64)


def choose_temperature(answers: dict[str, np.ndarray], validation: dict[str, Examples], labels: int) -> float:
    """Return the temperature with the smallest log loss on real drawings (temperature scaling, Guo et al. 2017).

    `answers` are probabilities (n, labels + 1) by validation set; each set has the same weight, whatever its size.
    """
    losses = np.zeros(len(TEMPERATURES))
    for name, examples in validation.items():
        real = examples.y < labels
        if real.any():
            # The log of a softmax is its logits, up to a constant in each row that the loss does not see.
            logits, truth = np.log(np.maximum(answers[name][real], 1e-30)), examples.y[real]
            losses += [_mean_cross_entropy(logits / temperature, truth) for temperature in TEMPERATURES]
    return float(TEMPERATURES[losses.argmin()])


def _mean_cross_entropy(logits: np.ndarray, truth: np.ndarray) -> float:
    highest = logits.max(axis=1, keepdims=True)  # subtracted first: exp of a large number overflows
    total = np.log(np.exp(logits - highest).sum(axis=1)) + highest[:, 0]
    return float((total - logits[np.arange(len(truth)), truth]).mean())


def choose_unsure_below(
    answers: dict[str, np.ndarray], validation: dict[str, Examples], labels: int, share: float
) -> float:
    """Return the highest limit of "not sure" that affects at most a `share` of the real drawings of each set.

    The limit is a probability, from 0.3 to 0.9.
    """
    limits = []
    for name, examples in validation.items():
        real = examples.y < labels
        if real.any():
            confidence = answers[name][real, :labels].max(axis=1)  # without "other", as the model serves
            limits.append(float(np.quantile(confidence, share)))
    return round(min(max(min(limits), MIN_LIMIT), MAX_LIMIT), 3)
