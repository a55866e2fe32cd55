"""Fine-tuning all layers: a few short epochs of replayed base data and the approved drawings.

Every epoch is made afresh, the base data as in base training (`ml.training.epochs`), each drawing in several
hands. Without the replay the network would forget what it was taught first; the mean of the weights before
and after gives back the little that it forgot all the same (Wortsman et al. 2022).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ml.bundles.build import export_bundle, load_keras
from ml.bundles.bundle import Bundle, verify_bundle
from ml.bundles.predictor import PROBABILITIES
from ml.data.approved import ApprovedDrawings, ProgressCallback, make_variants, select_drawings, weights_of
from ml.embeddings import replay_pack, softmax
from ml.recipes.base import Examples, Material, Recipe
from ml.training.epochs import make_epoch
from ml.training.finetune_head import choose_trusted, manifest_of_base, training_record
from ml.training.heartbeat import run_with_heartbeat, wait_with_heartbeat

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
NEW = 0.75  # of the mean of the new weights and the base's: most of what was gained, little of what was lost


class Epoch(NamedTuple):
    """x uint8 (n, size, size), y int64 (n,), weights float32 (n,)."""

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray


def finetune(
    base: Bundle, lesson: ApprovedDrawings, recipe: Recipe, *, seed: int, report: ProgressCallback, data: Path
) -> Bundle:
    """The base with all layers trained on; see `ml.training.finetune.finetune`."""
    run_with_heartbeat(lambda: import_module("keras"), report, step="starting TensorFlow")
    import keras

    material = run_with_heartbeat(lambda: recipe.replay(data), report, step="reading the base data")
    kept = _trusted(base, material, lesson)
    keras.utils.set_random_seed(seed)
    model = load_keras(base)
    checked = _validation(material, len(base.slugs))
    before = _answers(model, checked.x)
    old = model.get_weights()
    _fit(model, _epochs(material, recipe, select_drawings(lesson, kept), seed, report), report)
    new = model.get_weights()
    model.set_weights([NEW * after + (1 - NEW) * former for after, former in zip(new, old, strict=True)])
    below = softmax.move_unsure_limit(base.manifest["unsure_below"], before, _answers(model, checked.x))
    training = training_record(base, kept, mode="full", seed=seed)
    bundle = run_with_heartbeat(lambda: _export(model, base, below, training), report, step="export")
    return run_with_heartbeat(lambda: replay_pack.add_replay_pack(bundle, material), report, step="rehearsal pack")


def _export(model: keras.Model, base: Bundle, below: float, training: dict[str, Any]) -> Bundle:
    quantise = bool(base.manifest.get("quantised"))
    return export_bundle(model, **manifest_of_base(base), unsure_below=below, training=training, quantise=quantise)


def _trusted(base: Bundle, material: Material, lesson: ApprovedDrawings) -> np.ndarray:
    if lesson.authors is None:
        return np.ones(len(lesson.labels), bool)
    known = base if base.rehearsal else replay_pack.add_replay_pack(base, material)
    predictor = verify_bundle(known)
    embeddings = predictor.predict(lesson.rasters).embeddings
    return choose_trusted(predictor.head(), replay_pack.read_pack(known.rehearsal), embeddings, lesson)


# The drawings


def _epochs(
    material: Material, recipe: Recipe, lesson: ApprovedDrawings, seed: int, report: ProgressCallback
) -> Iterator[Epoch]:
    """The epochs one after another, each made by a thread while the one before is learned from."""
    pool = ThreadPoolExecutor(1)
    try:
        waiting = pool.submit(make_mixed_epoch, material, recipe, lesson, np.random.default_rng((seed, 0)))
        for number in range(1, EPOCHS + 1):
            ready = wait_with_heartbeat(waiting, report, step="making drawings", epoch=number, epochs=EPOCHS)
            if number < EPOCHS:
                waiting = pool.submit(make_mixed_epoch, material, recipe, lesson, np.random.default_rng((seed, number)))
            yield ready
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def make_mixed_epoch(material: Material, recipe: Recipe, lesson: ApprovedDrawings, rng: np.random.Generator) -> Epoch:
    """Replayed base data in the recipe's proportions and the drawings in their variants, shuffled."""
    replayed = make_epoch(material, scale_recipe(recipe, REPLAYED), rng, strength=STRENGTH)
    variants = min(VARIANTS, -(-TAUGHT // len(lesson.labels)))
    drawn = [make_variants(lesson, rng, recipe.raster, strength=STRENGTH) for _ in range(variants)]
    chosen = rng.permutation(variants * len(lesson.labels))[:TAUGHT]
    x = np.concatenate([replayed.x, np.concatenate(drawn)[chosen]])
    y = np.concatenate([replayed.y, np.tile(lesson.labels, variants)[chosen]])
    weights = np.concatenate([np.ones(len(replayed.y)), np.tile(weights_of(lesson), variants)[chosen]])
    order = rng.permutation(len(y))
    return Epoch(x[order], y[order], weights[order].astype(np.float32))


def scale_recipe(recipe: Recipe, drawings: int) -> Recipe:
    """The recipe with an epoch of about so many drawings, in the same proportions."""
    share = drawings / recipe.drawings
    counts = {name: round(getattr(recipe, name) * share) for name in ("pictures", "tracks", "prototypes", "junk")}
    return replace(recipe, **counts)


# Learning


def _fit(model: keras.Model, epochs: Iterator[Epoch], report: ProgressCallback) -> None:
    """Adam at a low rate that rises shortly and then falls to nothing; a report after each batch."""
    import keras

    trainee = keras.Model(model.input, model.output[PROBABILITIES])
    trainee.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy")
    start = time.monotonic()
    for number, epoch in enumerate(epochs):
        steps = max(1, len(epoch.y) // BATCH)
        for step in range(steps):
            done = (number + step / steps) / EPOCHS
            trainee.optimizer.learning_rate = RATE * rate_share(done)
            part = slice(step * BATCH, (step + 1) * BATCH)
            pictures = epoch.x[part, ..., np.newaxis].astype(np.float32) / 255
            loss = trainee.train_on_batch(pictures, epoch.y[part], epoch.weights[part])
            report(_progress(number + 1, float(loss), time.monotonic() - start, done + 1 / steps / EPOCHS))


def _progress(epoch: int, loss: float, passed: float, done: float) -> dict[str, Any]:
    left = passed / done * (1 - done)
    return {"step": "all layers", "epoch": epoch, "epochs": EPOCHS, "loss": loss, "seconds_left": left}


def rate_share(done: float) -> float:
    """The share of the peak rate after the share `done` of the training."""
    if done < WARMUP:
        return (done + 0.01) / (WARMUP + 0.01)
    return float((1 + np.cos(np.pi * (done - WARMUP) / (1 - WARMUP))) / 2)


# Being sure


def _validation(material: Material, labels: int) -> Examples:
    """The real drawings of the base's writers that nothing was taught with."""
    parts = [(part.x[part.y < labels], part.y[part.y < labels]) for part in material.validation.values()]
    return Examples(np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts]))


def _answers(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Probabilities of the labels, float32 (n, labels)."""
    answers = model.predict(x[..., np.newaxis].astype(np.float32) / 255, batch_size=256, verbose=0)
    return np.asarray(answers[PROBABILITIES])[:, :-1]
