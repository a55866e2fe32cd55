"""Fine-tuning all layers: a few short epochs of replayed base data and the approved drawings.

Every epoch is made afresh, the base data as in base training (`ml.epochs`), each drawing in several
hands. Without the replay the network would forget what it was taught first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ml import rehearsal, softmax
from ml.artifact import Bundle, export_bundle, load_keras, probe_rasters
from ml.epochs import make_epoch
from ml.last_layer import get_head, set_head
from ml.lesson import Lesson, Report, vary, weights_of
from ml.predictor import EMBEDDING, PROBABILITIES
from ml.recipes import Material, Recipe

if TYPE_CHECKING:
    import keras

EPOCHS = 8
REPLAYED = 6_000  # base drawings in an epoch
TAUGHT = 4_000  # at most, of the approved ones in their variants
VARIANTS = 6  # of a drawing in an epoch, at most
BATCH = 128
RATE = 5e-4
WARMUP = 0.1  # of all steps
STRENGTH = 0.8
LOOK = 0.5  # seconds between two reports while an epoch is made


class Epoch(NamedTuple):
    """x uint8 (n, 28, 28), y int64 (n,), weights float32 (n,)."""

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray


def finetune(base: Bundle, lesson: Lesson, recipe: Recipe, *, seed: int, report: Report, data: Path) -> Bundle:
    """The base with all layers trained on; see `ml.finetune.finetune`."""
    import keras

    report({"step": "reading the base data"})
    material = recipe.load(data)
    keras.utils.set_random_seed(seed)
    model = load_keras(base)
    _fit(model, _epochs(material, recipe, lesson, seed, report), report)
    report({"step": "calibration"})
    _calibrate(model, material, len(base.slugs))
    report({"step": "export"})
    record = {"mode": "full", "drawings": len(lesson.labels), "seed": seed}
    bundle = _export(model, base, record)
    report({"step": "rehearsal pack"})
    return rehearsal.make(bundle, material)


# The drawings


def _epochs(material: Material, recipe: Recipe, lesson: Lesson, seed: int, report: Report) -> Iterator[Epoch]:
    """The epochs one after another, each made by a thread while the one before is learned from."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(make_mixed, material, recipe, lesson, np.random.default_rng((seed, 0)))
        for number in range(1, EPOCHS + 1):
            ready = _wait(waiting, number, report)
            if number < EPOCHS:
                waiting = pool.submit(make_mixed, material, recipe, lesson, np.random.default_rng((seed, number)))
            yield ready


def _wait(waiting: Future[Epoch], number: int, report: Report) -> Epoch:
    while True:
        try:
            return waiting.result(LOOK)
        except FutureTimeoutError:
            report({"step": "making drawings", "epoch": number, "epochs": EPOCHS})


def make_mixed(material: Material, recipe: Recipe, lesson: Lesson, rng: np.random.Generator) -> Epoch:
    """Replayed base data in the recipe's proportions and the drawings in their variants, shuffled."""
    replayed = make_epoch(material, shrink(recipe, REPLAYED), rng, strength=STRENGTH)
    variants = min(VARIANTS, -(-TAUGHT // len(lesson.labels)))
    drawn = [vary(lesson, rng, strength=STRENGTH) for _ in range(variants)]
    chosen = rng.permutation(variants * len(lesson.labels))[:TAUGHT]
    x = np.concatenate([replayed.x, np.concatenate(drawn)[chosen]])
    y = np.concatenate([replayed.y, np.tile(lesson.labels, variants)[chosen]])
    weights = np.concatenate([np.ones(len(replayed.y)), np.tile(weights_of(lesson), variants)[chosen]])
    order = rng.permutation(len(y))
    return Epoch(x[order], y[order], weights[order].astype(np.float32))


def shrink(recipe: Recipe, drawings: int) -> Recipe:
    """The recipe with an epoch of about so many drawings, in the same proportions."""
    share = drawings / recipe.drawings
    counts = {name: round(getattr(recipe, name) * share) for name in ("pictures", "tracks", "prototypes", "junk")}
    return replace(recipe, **counts)


# Learning


def _fit(model: keras.Model, epochs: Iterator[Epoch], report: Report) -> None:
    """Adam at a low rate that rises shortly and then falls to nothing; a report after each batch."""
    import keras

    trainee = keras.Model(model.input, model.output[PROBABILITIES])
    trainee.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy")
    start = time.monotonic()
    for number, epoch in enumerate(epochs):
        steps = max(1, len(epoch.y) // BATCH)
        for step in range(steps):
            done = (number + step / steps) / EPOCHS
            trainee.optimizer.learning_rate = RATE * rate_at(done)
            part = slice(step * BATCH, (step + 1) * BATCH)
            pictures = epoch.x[part, ..., np.newaxis].astype(np.float32) / 255
            loss = trainee.train_on_batch(pictures, epoch.y[part], epoch.weights[part])
            report(_progress(number + 1, float(loss), time.monotonic() - start, done + 1 / steps / EPOCHS))


def _progress(epoch: int, loss: float, passed: float, done: float) -> dict[str, Any]:
    left = passed / done * (1 - done)
    return {"step": "all layers", "epoch": epoch, "epochs": EPOCHS, "loss": loss, "seconds_left": left}


def rate_at(done: float) -> float:
    """The share of the peak rate after the share `done` of the training."""
    if done < WARMUP:
        return (done + 0.01) / (WARMUP + 0.01)
    return float((1 + np.cos(np.pi * (done - WARMUP) / (1 - WARMUP))) / 2)


def _calibrate(model: keras.Model, material: Material, labels: int) -> None:
    """Soften the last layer as the base's writers that nothing was taught with would have it."""
    sets = [(part.x[part.y < labels], part.y[part.y < labels]) for part in material.validation.values()]
    x, y = np.concatenate([rasters for rasters, _ in sets]), np.concatenate([truth for _, truth in sets])
    embeddings = model.predict(x[..., np.newaxis].astype(np.float32) / 255, batch_size=256, verbose=0)[EMBEDDING]
    head = get_head(model)
    set_head(model, softmax.soften(head, softmax.best_temperature(head, embeddings, y, np.ones(len(y)))))


def _export(model: keras.Model, base: Bundle, record: dict[str, Any]) -> Bundle:
    manifest = base.manifest
    return export_bundle(
        model,
        recognizer=manifest["recognizer"],
        labels=manifest["labels"],
        unsure_below=manifest["unsure_below"],
        probe=probe_rasters(manifest),
        metrics={},
        training={**manifest["training"], **record},
        quantise=bool(manifest.get("quantised")),
    )
