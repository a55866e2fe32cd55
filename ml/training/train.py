"""Base training: `python -m ml train digits`, one command from the data sets to a bundle.

The network learns (`ml.training.fit`), is calibrated, and the limit of "not sure" is chosen, both on
writers that were not trained on; the bundle is measured through the code that serves. Seeds repeat
it; the order in which CPU threads add up numbers may still change the last digits.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ml.bundles.build import export_bundle, load_keras
from ml.bundles.bundle import Bundle, load_bundle, save_bundle
from ml.embeddings.replay_pack import add_replay_pack
from ml.evaluation.bundle_tests import manifest_metrics, run_tests
from ml.evaluation.metrics import EvaluationReport
from ml.recipes import RECIPES
from ml.recipes.base import Examples, Material, Recipe
from ml.reporting.model_card import make_card, with_card, write_card
from ml.training.fit import History, fast_precision, fit

if TYPE_CHECKING:
    import keras

SEED = 1
HISTORY = "history.json"
MOST_UNSURE = 0.01  # of the validation's real drawings may be answered "not sure"
TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(4), 200))
PROBE = 16  # rasters of each validation set in the bundle's probe


class TrainingError(ValueError):
    """A training that cannot be started as asked; the text names the cure."""


def train_recognizer(
    recognizer: str,
    *,
    out: Path,
    epochs: int | None = None,
    seed: int = SEED,
    data: Path | None = None,
    onwards: Path | None = None,
    progress: bool = True,
) -> Bundle:
    """Train the recognizer and write its bundle, model card and confusion matrix into `out`.

    It begins from nothing or, `onwards`, where the bundle in that folder ended. `epochs` replaces the
    recipe's, `data` is the folder of data sets (else `INKLING_DATA`, else downloads). Raises
    TrainingError, ArtifactError, or DatasetError where the data is not to be had.
    """
    recipe = recipe_of(recognizer)
    return train_recipe(
        recognizer, recipe, out=out, epochs=epochs, seed=seed, data=data, onwards=onwards, progress=progress
    )


def recipe_of(recognizer: str) -> Recipe:
    """The recipe of a recognizer that ships. Raises TrainingError, which names those that there are."""
    if recognizer not in RECIPES:
        raise TrainingError(f"No recipe for {recognizer!r}; there are: {', '.join(RECIPES)}.")
    return RECIPES[recognizer]


def train_recipe(
    recognizer: str,
    recipe: Recipe,
    *,
    out: Path,
    epochs: int | None = None,
    seed: int = SEED,
    data: Path | None = None,
    onwards: Path | None = None,
    progress: bool = True,
) -> Bundle:
    """As `train_recognizer`, by a recipe that need not be among those that ship."""
    if epochs is not None and epochs < 1:
        raise TrainingError(f"Training takes at least 1 epoch, not {epochs}.")
    before = None if onwards is None else load_bundle(onwards)
    if before is not None:
        _check_onwards(recipe, before, epochs)
        recipe = recipe if epochs is None else replace(recipe, further=epochs)
    elif epochs is not None:
        recipe = replace(recipe, epochs=epochs, further=0)
    bundle, _, history = train(recognizer, recipe, recipe.load(data), seed=seed, before=before, progress=progress)
    save_bundle(bundle, out)
    write_card(bundle, out)
    (out / HISTORY).write_text(json.dumps(history, indent=1), "utf-8")
    return bundle


def _check_onwards(recipe: Recipe, before: Bundle, epochs: int | None) -> None:
    if before.manifest["labels"] != recipe.labels:
        raise TrainingError("That bundle knows other labels than the recipe. Train from nothing, without it.")
    if not (recipe.further or epochs):
        raise TrainingError("The recipe has no further cycle. Say with --epochs how long to go on.")


class TrainingResult(NamedTuple):
    """What a training gave: the bundle, what it answers to each test, and how it went."""

    bundle: Bundle
    reports: dict[str, EvaluationReport]
    history: History


def train(
    recognizer: str, recipe: Recipe, material: Material, *, seed: int, progress: bool, before: Bundle | None = None
) -> TrainingResult:
    """Train, calibrate, export and measure; the reports are of the exported model, on `material.tests`.

    `before` is the bundle that a further cycle goes on from.
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
    model = build_network(*shape)
    model.set_weights(trainee.get_weights())
    bundle, reports = calibrate_and_export(model, recognizer, recipe, material, seed=seed)
    return TrainingResult(bundle, reports, history)


def calibrate_and_export(
    model: keras.Model, recognizer: str, recipe: Recipe, material: Material, *, seed: int
) -> tuple[Bundle, dict[str, EvaluationReport]]:
    """Calibrate a trained network, export it in 8 bits, measure what was exported, pack what it must not forget."""
    from ml.training.network import fold_temperature

    labels = len(recipe.labels)
    answers = {name: _answers(model, examples) for name, examples in material.validation.items()}
    temperature = choose_temperature(answers, material.validation, labels)
    fold_temperature(model, temperature)
    answers = {name: _answers(model, examples) for name, examples in material.validation.items()}
    bundle = export_bundle(
        model,
        recognizer=recognizer,
        title=recipe.title,
        prompt=recipe.prompt,
        labels=recipe.labels,
        raster=recipe.raster,
        unsure_below=choose_unsure_below(answers, material.validation, labels),
        probe=np.concatenate([examples.x[:PROBE] for examples in material.validation.values()]),
        metrics={},
        training=_record(recipe, seed, temperature),
        quantise=True,
    )
    reports = run_tests(bundle, material.tests)
    metrics = {name: manifest_metrics(report) for name, report in reports.items()}
    measured = replace(bundle, manifest={**bundle.manifest, "metrics": metrics})
    return add_replay_pack(with_card(measured, make_card(measured, reports, recipe, material)), material), reports


def _record(recipe: Recipe, seed: int, temperature: float) -> dict[str, Any]:
    plain = {key: value for key, value in asdict(recipe).items() if isinstance(value, int | float)}
    return {**plain, "sources": list(recipe.sources), "seed": seed, "temperature": round(temperature, 4)}


# Calibrating


def _answers(model: keras.Model, examples: Examples) -> np.ndarray:
    """Probabilities of all classes, float64 (n, labels + 1)."""
    rasters = examples.x[..., np.newaxis].astype(np.float32) / 255
    return np.asarray(model.predict(rasters, batch_size=256, verbose=0)["probabilities"], np.float64)


def choose_temperature(answers: dict[str, np.ndarray], validation: dict[str, Examples], labels: int) -> float:
    """The temperature with the smallest log loss on real drawings, each validation set counting the same."""
    losses = np.zeros(len(TEMPERATURES))
    for name, examples in validation.items():
        real = examples.y < labels
        if real.any():
            logits, truth = np.log(np.maximum(answers[name][real], 1e-30)), examples.y[real]
            losses += [_log_loss(logits / temperature, truth) for temperature in TEMPERATURES]
    return float(TEMPERATURES[losses.argmin()])


def _log_loss(logits: np.ndarray, truth: np.ndarray) -> float:
    highest = logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(logits - highest).sum(axis=1)) + highest[:, 0]
    return float((total - logits[np.arange(len(truth)), truth]).mean())


def choose_unsure_below(answers: dict[str, np.ndarray], validation: dict[str, Examples], labels: int) -> float:
    """The highest limit that calls at most MOST_UNSURE of each set's real drawings "not sure"; from 0.3 to 0.9."""
    limits = []
    for name, examples in validation.items():
        real = examples.y < labels
        if real.any():
            limits.append(float(np.quantile(answers[name][real, :labels].max(axis=1), MOST_UNSURE)))
    return round(min(max(min(limits), 0.3), 0.9), 3)
