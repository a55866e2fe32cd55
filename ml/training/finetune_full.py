"""Fine-tune all layers: a few short epochs of replayed base data and the approved drawings.

Each epoch is made anew: the base data as in base training (`ml.training.epochs`), each drawing in several
variations. Without the replay the network would forget what it was trained on before (catastrophic forgetting).
The result is the mean of the weights before and after, which recovers most of what is lost all the same
(Wortsman et al. 2022).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ml.bundles.build import export_bundle, load_keras, model_probabilities, to_input
from ml.bundles.bundle import Bundle, verify_bundle
from ml.bundles.predictor import PROBABILITIES
from ml.data.approved import ApprovedDrawings, ProgressCallback, make_variants, select_drawings, weights_of
from ml.embeddings import replay_pack, softmax
from ml.recipes.base import Material, Recipe
from ml.training.epochs import make_epoch
from ml.training.finetune_head import choose_trusted, manifest_of_base, training_record
from ml.training.heartbeat import run_with_heartbeat, wait_with_heartbeat

if TYPE_CHECKING:
    import keras

EPOCHS = 8
BASE_DRAWINGS = 6_000  # replayed in an epoch, so that it takes seconds where base training takes a minute
MAX_APPROVED = 4_000  # approved drawings in an epoch, variants included, so that the replay stays the larger part
VARIANTS = 6  # of an approved drawing in an epoch, at most
BATCH = 128
RATE = 5e-4  # a quarter of base training's: the weights are near where they should be
WARMUP = 0.1  # share of all steps
STRENGTH = 0.8  # of the variations
NEW_WEIGHTS = 0.75  # share of the new weights in the result: keeps most of the gain, recovers most of the loss

Rng = np.random.Generator


class MixedEpoch(NamedTuple):
    """The examples of one epoch."""

    x: np.ndarray
    """uint8 (n, size, size)."""
    y: np.ndarray
    """int64 (n,)."""
    weights: np.ndarray
    """float32 (n,): 1 for base data."""


def finetune(
    base: Bundle, drawings: ApprovedDrawings, recipe: Recipe, *, seed: int, report: ProgressCallback, data: Path
) -> Bundle:
    """Return the base with all layers trained; see `ml.training.finetune.finetune`."""
    run_with_heartbeat(lambda: import_module("keras"), report, step="starting TensorFlow")
    import keras

    material = run_with_heartbeat(lambda: recipe.replay(data), report, step="reading the base data")
    trusted = _find_trusted(base, material, drawings)
    keras.utils.set_random_seed(seed)
    model = load_keras(base)
    # Real validation drawings, which nothing was trained on, show how the confidence of the model changes.
    labels = len(base.slugs)
    validation = np.concatenate([part.x[part.y < labels] for part in material.validation.values()])
    before = model_probabilities(model, validation)
    old = model.get_weights()
    _fit(model, _make_epochs(material, recipe, select_drawings(drawings, trusted), seed, report), report)
    new = model.get_weights()
    model.set_weights([NEW_WEIGHTS * b + (1 - NEW_WEIGHTS) * a for a, b in zip(old, new, strict=True)])
    limit = softmax.move_unsure_limit(base.manifest["unsure_below"], before, model_probabilities(model, validation))
    bundle = run_with_heartbeat(
        lambda: export_bundle(
            model,
            **manifest_of_base(base),
            unsure_below=limit,
            training=training_record(base, trusted, mode="full", seed=seed),
            quantise=bool(base.manifest.get("quantised")),
        ),
        report,
        step="export",
    )
    # The trunk has changed, so the embeddings of the replay pack are computed anew.
    return run_with_heartbeat(lambda: replay_pack.add_replay_pack(bundle, material), report, step="rehearsal pack")


def _find_trusted(base: Bundle, material: Material, drawings: ApprovedDrawings) -> np.ndarray:
    """Which drawings to train on, bool (n,)."""
    if drawings.authors is None:
        return np.ones(len(drawings.labels), bool)
    packed = base if base.rehearsal else replay_pack.add_replay_pack(base, material)
    predictor = verify_bundle(packed)
    embeddings = predictor.predict(drawings.rasters).embeddings  # (n, width)
    return choose_trusted(predictor.head(), replay_pack.read_pack(packed.rehearsal), embeddings, drawings)


# The examples


def _make_epochs(
    material: Material, recipe: Recipe, drawings: ApprovedDrawings, seed: int, report: ProgressCallback
) -> Iterator[MixedEpoch]:
    """The epochs. Each is made by a thread while the one before is trained on."""
    pool = ThreadPoolExecutor(1)
    try:
        waiting = pool.submit(make_mixed_epoch, material, recipe, drawings, np.random.default_rng((seed, 0)))
        for number in range(1, EPOCHS + 1):
            ready = wait_with_heartbeat(waiting, report, step="making drawings", epoch=number, epochs=EPOCHS)
            if number < EPOCHS:
                rng = np.random.default_rng((seed, number))
                waiting = pool.submit(make_mixed_epoch, material, recipe, drawings, rng)
            yield ready
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def make_mixed_epoch(material: Material, recipe: Recipe, drawings: ApprovedDrawings, rng: Rng) -> MixedEpoch:
    """Return replayed base data in the recipe's proportions and variants of the drawings, shuffled."""
    replayed = make_epoch(material, scale_recipe(recipe, BASE_DRAWINGS), rng, strength=STRENGTH)
    variants = min(VARIANTS, -(-MAX_APPROVED // len(drawings.labels)))
    varied = [make_variants(drawings, rng, recipe.raster, strength=STRENGTH) for _ in range(variants)]
    chosen = rng.permutation(variants * len(drawings.labels))[:MAX_APPROVED]
    x = np.concatenate([replayed.x, np.concatenate(varied)[chosen]])  # (n, size, size)
    y = np.concatenate([replayed.y, np.tile(drawings.labels, variants)[chosen]])
    weights = np.concatenate([np.ones(len(replayed.y)), np.tile(weights_of(drawings), variants)[chosen]])
    order = rng.permutation(len(y))
    return MixedEpoch(x[order], y[order], weights[order].astype(np.float32))


def scale_recipe(recipe: Recipe, drawings: int) -> Recipe:
    """Return the recipe with about `drawings` drawings in an epoch, in the same proportions."""
    share = drawings / recipe.drawings
    counts = {name: round(getattr(recipe, name) * share) for name in ("pictures", "tracks", "prototypes", "junk")}
    return replace(recipe, **counts)


# Training


def _fit(model: keras.Model, epochs: Iterator[MixedEpoch], report: ProgressCallback) -> None:
    """Train with Adam at a low learning rate; report after each batch."""
    import keras

    trainee = keras.Model(model.input, model.output[PROBABILITIES])  # the same weights, without the embedding
    trainee.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy")
    start = time.monotonic()
    for number, epoch in enumerate(epochs):
        steps = max(1, len(epoch.y) // BATCH)
        for step in range(steps):
            done = (number + step / steps) / EPOCHS  # share of the whole training
            trainee.optimizer.learning_rate = RATE * rate_share(done)
            rows = slice(step * BATCH, (step + 1) * BATCH)
            loss = trainee.train_on_batch(to_input(epoch.x[rows]), epoch.y[rows], epoch.weights[rows])
            done += 1 / steps / EPOCHS
            seconds_left = (time.monotonic() - start) / done * (1 - done)
            progress = {"step": "all layers", "epoch": number + 1, "epochs": EPOCHS, "loss": float(loss)}
            report({**progress, "seconds_left": seconds_left})


def rate_share(done: float) -> float:
    """Return the share of the peak learning rate when the share `done` of the training is done.

    A linear warm-up over the first tenth, then cosine decay to 0.
    """
    if done < WARMUP:
        return (done + 0.01) / (WARMUP + 0.01)  # not 0 at the first step
    return float((1 + np.cos(np.pi * (done - WARMUP) / (1 - WARMUP))) / 2)
