"""Base training: `python -m ml train digits`, one command from the data sets to a bundle.

An epoch is made afresh each time (every drawing in another hand, new junk) by a thread, while the
network learns from the one before. Then the network is calibrated and the limit of "not sure" is
chosen, both on writers that were not trained on; the bundle is measured through the code that
serves. Seeds repeat it; the order in which CPU threads add up numbers may still change the last
digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.artifact import Bundle, export_bundle, save_bundle
from ml.augment import draw_varied, vary_pictures
from ml.card import write_card
from ml.evaluate import JUNK, Report, evaluate
from ml.ink import SIZE
from ml.junk import make_junk
from ml.predictor import Predictor
from ml.prototypes import write
from ml.recipes import RECIPES, Examples, Material, Recipe
from ml.styles import restyle

if TYPE_CHECKING:
    import keras

Rng = np.random.Generator

SEED = 1
REFINED = 3  # one in so many epochs is of the second cycle, which starts again at a smaller rate
REFINING_RATE = 0.4  # of the recipe's peak
MILD_SHARE, MILD = 0.25, 0.6  # the end of the first cycle and all of the second vary drawings less
WARMUP = 0.5  # epochs
PLAIN = 8  # one picture in so many is learned as it is
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
    progress: bool = True,
) -> Bundle:
    """Train the recognizer from nothing and write its bundle, model card and confusion matrix into `out`.

    `epochs` replaces the recipe's, `data` is the folder of data sets (else `INKLING_DATA`, else
    downloads). Raises TrainingError, or DatasetError where the data is not to be had.
    """
    if recognizer not in RECIPES:
        raise TrainingError(f"No recipe for {recognizer!r}; there are: {', '.join(RECIPES)}.")
    if epochs is not None and epochs < 1:
        raise TrainingError(f"Training takes at least 1 epoch, not {epochs}.")
    recipe = RECIPES[recognizer] if epochs is None else replace(RECIPES[recognizer], epochs=epochs)
    bundle, reports = train(recognizer, recipe, recipe.load(data), seed=seed, progress=progress)
    save_bundle(bundle, out)
    write_card(bundle, reports, recipe, out)
    return bundle


def train(
    recognizer: str, recipe: Recipe, material: Material, *, seed: int, progress: bool
) -> tuple[Bundle, dict[str, Report]]:
    """Train, calibrate, export and measure; the reports are of the exported model, on `material.tests`."""
    import keras

    from ml.network import build_network

    keras.utils.set_random_seed(seed)
    model = build_network(len(recipe.labels) + 1)
    fit(model, material, recipe, seed=seed, progress=progress)
    return finish(model, recognizer, recipe, material, seed=seed)


def finish(
    model: keras.Model, recognizer: str, recipe: Recipe, material: Material, *, seed: int
) -> tuple[Bundle, dict[str, Report]]:
    """Calibrate a trained network, export it in 8 bits, and measure what was exported."""
    from ml.network import fold_temperature

    labels = len(recipe.labels)
    answers = {name: _answers(model, examples) for name, examples in material.validation.items()}
    temperature = choose_temperature(answers, material.validation, labels)
    fold_temperature(model, temperature)
    answers = {name: _answers(model, examples) for name, examples in material.validation.items()}
    bundle = export_bundle(
        model,
        recognizer=recognizer,
        labels=recipe.labels,
        unsure_below=choose_unsure_below(answers, material.validation, labels),
        probe=np.concatenate([examples.x[:PROBE] for examples in material.validation.values()]),
        metrics={},
        training=_record(recipe, seed, temperature),
        quantise=True,
    )
    reports = measure(bundle, material.tests)
    metrics = {name: _summary(report) for name, report in reports.items()}
    return replace(bundle, manifest={**bundle.manifest, "metrics": metrics}), reports


def _record(recipe: Recipe, seed: int, temperature: float) -> dict[str, Any]:
    plain = {key: value for key, value in asdict(recipe).items() if isinstance(value, int | float)}
    return {**plain, "sources": list(recipe.sources), "seed": seed, "temperature": round(temperature, 4)}


# Making the drawings of an epoch


def make_epoch(material: Material, recipe: Recipe, rng: Rng, *, strength: float = 1.0, hard: bool = False) -> Examples:
    """One epoch of new variations, shuffled; x uint8 (n, 28, 28)."""
    pictures = _choose(len(material.pictures.y), recipe.pictures, rng)
    tracks = _choose(len(material.tracks.y), recipe.tracks, rng)
    plain = len(pictures) // PLAIN
    drawn = [
        material.pictures.x[pictures[:plain]],
        vary_pictures(material.pictures.x[pictures[plain:]], rng, strength=strength),
        _stack(_track(material, number, rng, strength) for number in tracks),
    ]
    junk = _stack(_junk(material, recipe.junk, rng, hard))
    prototypes = rng.integers(len(recipe.labels), size=recipe.prototypes)
    written = _stack(draw_varied(write(int(label), rng), rng, strength=strength) for label in prototypes)
    x = np.concatenate([*drawn, written, junk])
    other = np.full(recipe.junk, len(recipe.labels))
    y = np.concatenate([material.pictures.y[pictures], material.tracks.y[tracks], prototypes, other])
    order = rng.permutation(len(y))
    return Examples(x[order], y[order])


def _choose(available: int, wanted: int, rng: Rng) -> np.ndarray:
    """`wanted` indices, each as often as any other, up to one."""
    if not wanted:
        return np.zeros(0, np.int64)
    rounds = -(-wanted // available)
    return np.concatenate([rng.permutation(available) for _ in range(rounds)])[:wanted]


def _stack(rasters: Iterator[np.ndarray]) -> np.ndarray:
    made = list(rasters)
    return np.stack(made) if made else np.zeros((0, SIZE, SIZE), np.uint8)


def _track(material: Material, number: int, rng: Rng, strength: float) -> np.ndarray:
    ink = restyle(material.tracks.inks[number], int(material.tracks.y[number]), rng)
    return draw_varied(ink, rng, strength=strength)


def _junk(material: Material, count: int, rng: Rng, hard: bool) -> Iterator[np.ndarray]:
    digits = list(zip(material.tracks.inks, material.tracks.y.tolist(), strict=True))
    for kind in rng.random(count):
        if kind < 0.02:
            yield _almost_blank(rng)
        elif kind < 0.3 and len(material.junk_pictures):
            yield vary_pictures(material.junk_pictures[rng.integers(len(material.junk_pictures), size=1)], rng)[0]
        elif kind < 0.5 and material.junk_inks:
            yield draw_varied(material.junk_inks[rng.integers(len(material.junk_inks))], rng)
        else:
            yield draw_varied(make_junk(rng, digits, hard=hard), rng)


def _almost_blank(rng: Rng) -> np.ndarray:
    """Nothing, or specks and grain of a bad picture."""
    grain = rng.normal(0, rng.choice((0, 20, 90)), (SIZE, SIZE))
    return np.clip(grain - rng.uniform(0, 60), 0, 255).astype(np.uint8)


def _epochs(material: Material, recipe: Recipe, seed: int) -> Iterator[Examples]:
    """The epochs one after another, each made by a thread while the one before is learned from."""

    first, _ = cycles(recipe)

    def make(epoch: int) -> Examples:
        strength = MILD if epoch >= first * (1 - MILD_SHARE) else 1.0
        rng = np.random.default_rng((seed, epoch))
        return make_epoch(material, recipe, rng, strength=strength, hard=epoch >= first)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(make, 0)
        for epoch in range(1, recipe.epochs + 1):
            ready = waiting.result()
            if epoch < recipe.epochs:
                waiting = pool.submit(make, epoch)
            yield ready


# Learning


def cycles(recipe: Recipe) -> tuple[int, int]:
    """How many epochs the two cycles have: to learn, then to refine on milder drawings and harder junk."""
    second = recipe.epochs // REFINED
    return recipe.epochs - second, second


def fit(model: keras.Model, material: Material, recipe: Recipe, *, seed: int, progress: bool = True) -> None:
    """Train the network in place: Adam, in each cycle a short warm-up and cosine decay to almost nothing."""
    import keras

    trainee = keras.Model(model.input, model.output["probabilities"])
    first, second = cycles(recipe)
    epochs = enumerate(_epochs(material, recipe, seed))
    for count, peak in ((first, recipe.learning_rate), (second, recipe.learning_rate * REFINING_RATE)):
        rate = _rate(recipe, count, peak)
        trainee.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        for epoch, examples in islice(epochs, count):
            batches = _batches(examples, min(recipe.batch, recipe.drawings))
            verbose = 1 if progress else 0
            trainee.fit(batches, initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=verbose)


def _rate(recipe: Recipe, epochs: int, peak: float) -> keras.optimizers.schedules.LearningRateSchedule:
    import keras

    steps = max(1, recipe.drawings // recipe.batch)
    warmup = max(1, round(WARMUP * steps))
    decay = max(1, epochs * steps - warmup)
    return keras.optimizers.schedules.CosineDecay(
        peak / 100, decay, alpha=1e-3, warmup_target=peak, warmup_steps=warmup
    )


def _batches(examples: Examples, batch: int) -> Any:
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((examples.x, examples.y)).batch(batch, drop_remainder=True)
    return rows.map(lambda x, y: (tf.cast(x, tf.float32)[..., tf.newaxis] / 255, y)).prefetch(2)


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


# Measuring


def measure(bundle: Bundle, tests: dict[str, Examples]) -> dict[str, Report]:
    """A report of each test, by the model file and the code that serve."""
    predictor = Predictor.from_bundle(bundle)
    labels = len(bundle.slugs)
    reports = {}
    for name, examples in tests.items():
        truth = np.where(examples.y < labels, examples.y, JUNK)
        probabilities = predictor.predict(examples.x).probabilities
        reports[name] = evaluate(
            probabilities, truth, bundle.slugs, bundle.manifest["unsure_below"], groups=examples.writers
        )
    return reports


def _summary(report: Report) -> dict[str, Any]:
    """What of a report goes into the manifest."""
    figures = report.to_dict()
    keys = ("junk_count", "junk_unsure") if not report.count else ("count", "accuracy", "unsure", "ece")
    return {key: figures[key] if isinstance(figures[key], int) else round(figures[key], 5) for key in keys}
