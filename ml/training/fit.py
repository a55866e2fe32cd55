"""How the network learns: in cycles, each with a warm-up and a rate that falls to almost nothing.

"taught", three cycles: it learns; it is refined on milder drawings and harder junk; then the mean of both
ends teaches it once more: half of what it is told is the label, half is what that teacher answers to the
drawing in three sizes. "averaged", one cycle: what serves is the running mean of the weights, and the labels
are told a little less firmly, for those of public sketches are not all right. A recipe may have a `further`
cycle, averaged too and at half the rate, after either; a training that goes on from a bundle is that one, and
ends with a quarter of the weights that it began with.

A thread makes the next epoch while the network learns from this one. Where the processor multiplies numbers
of 16 bits, it learns with them (bfloat16, twice as fast here); the weights are kept in 32.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ml.recipes.base import AVERAGED, Examples, Material, Recipe
from ml.training.epochs import make_epoch

if TYPE_CHECKING:
    import keras

WARMUP = 0.5  # epochs
MILD = 0.6  # the strength of variations at the end of a cycle
TOLD = 0.5  # of the target, by the teacher
SIZES = (0.93, 1.0, 1.07)  # in which the teacher looks at a drawing
CHUNK = 1_000  # drawings that the teacher answers at once
SOFT = 0.05  # of the target is shared out to all labels in an averaged cycle
FURTHER = 0.5  # of the peak of the rate, in a further cycle
KEPT_OF_START = 0.25  # of the weights that a training goes on from, in what it ends with
LONG = 200_000  # drawings; what studies more is worth the half minute that compiling its step takes
LOOKS = 10  # batches between two looks at the weights for their running mean
KEPT = 0.98  # of the running mean stays at each look: it spans some 500 batches

History = list[dict[str, float]]
"""Of each epoch: epoch, loss, accuracy (on the varied drawings that it learned from), seconds."""


@dataclass(frozen=True)
class Cycle:
    """Some epochs. `rate` is a share of the recipe's peak; from the share `mild` on, drawings vary less."""

    epochs: int
    rate: float
    mild: float
    hard: bool = False  # with junk that comes nearer to digits
    taught: bool = False  # by the mean of the cycles before
    averaged: bool = False  # ends with the running mean of the weights


def plan_cycles(recipe: Recipe) -> list[Cycle]:
    """Of 41 epochs 20 learn, 9 refine and 12 are taught, of fewer the same shares; or all of them are averaged."""
    further = [Cycle(recipe.further, rate=FURTHER, mild=0.6, hard=True, averaged=True)] if recipe.further else []
    if recipe.learning == AVERAGED:
        return [Cycle(recipe.epochs, rate=1.0, mild=0.7, averaged=True), *further]
    refined, taught = recipe.epochs * 9 // 41, recipe.epochs * 12 // 41
    planned = [
        Cycle(recipe.epochs - refined - taught, rate=1.0, mild=0.75),
        Cycle(refined, rate=0.4, mild=0.0, hard=True),
        Cycle(taught, rate=0.6, mild=0.75, hard=True, taught=True),
    ]
    return [cycle for cycle in planned if cycle.epochs] + further


def fit(
    model: keras.Model,
    material: Material,
    recipe: Recipe,
    *,
    seed: int,
    onwards: bool = False,
    progress: bool = True,
) -> History:
    """Train the network in place, from nothing or, `onwards`, by the last cycle alone; returns how it went."""
    start = model.get_weights()
    ends: list[list[np.ndarray]] = []
    history: History = []
    for cycle in plan_cycles(recipe)[-1:] if onwards else plan_cycles(recipe):
        teacher = _teacher(model, ends) if cycle.taught else None
        epochs = _epochs(material, recipe, cycle, len(history), seed)
        history += _fit_cycle(model, cycle, epochs, recipe, teacher, progress)
        ends.append(model.get_weights())
    if onwards:  # what was known before is better kept by the mean than by the end alone (Wortsman et al. 2022)
        model.set_weights([a + (1 - KEPT_OF_START) * (b - a) for a, b in zip(start, ends[-1], strict=True)])
    return [{"epoch": number, **row} for number, row in enumerate(history, 1)]


@contextmanager
def fast_precision() -> Iterator[None]:
    """Networks built inside compute with 16 bits where the processor is made for it."""
    import keras

    before = keras.config.dtype_policy()
    if has_bfloat16():
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def has_bfloat16() -> bool:
    """Whether the processor says that it multiplies such numbers; elsewhere they are slower than those of 32 bits."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _teacher(model: keras.Model, ends: Sequence[Sequence[np.ndarray]]) -> keras.Model:
    """A copy with the mean weights; the model goes on from them too."""
    import keras

    model.set_weights([np.mean(weights, axis=0) for weights in zip(*ends, strict=True)])
    teacher = keras.models.clone_model(model)
    teacher.set_weights(model.get_weights())
    return teacher


def _epochs(material: Material, recipe: Recipe, cycle: Cycle, past: int, seed: int) -> Iterator[Examples]:
    """The epochs of a cycle one after another, each made while the one before is learned from."""

    def make(epoch: int) -> Examples:
        strength = MILD if epoch >= cycle.epochs * cycle.mild else 1.0
        return make_epoch(
            material, recipe, np.random.default_rng((seed, past + epoch)), strength=strength, hard=cycle.hard
        )

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(make, 0)
        for epoch in range(1, cycle.epochs + 1):
            ready = waiting.result()
            if epoch < cycle.epochs:
                waiting = pool.submit(make, epoch)
            yield ready


def _fit_cycle(
    model: keras.Model,
    cycle: Cycle,
    epochs: Iterator[Examples],
    recipe: Recipe,
    teacher: keras.Model | None,
    progress: bool,
) -> History:
    import keras

    trainee = keras.Model(model.input, model.output["probabilities"])
    rate = rate_schedule(recipe, cycle)
    trainee.compile(
        keras.optimizers.Adam(rate),
        "categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=cycle.epochs * recipe.drawings > LONG and not has_bfloat16(),
    )
    mean = _running_mean() if cycle.averaged else None
    history: History = []
    for epoch, examples in enumerate(epochs):
        start = time.monotonic()
        targets = _targets(examples, len(recipe.labels) + 1, teacher, SOFT if cycle.averaged else 0.0)
        told = trainee.fit(
            _batches(examples.x, targets, recipe),
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            verbose=1 if progress else 0,
            callbacks=[mean] if mean else [],
        ).history
        row = {"loss": told["loss"][0], "accuracy": told["accuracy"][0], "seconds": time.monotonic() - start}
        history.append({name: round(value, 5) for name, value in row.items()})
    if mean:
        trainee.set_weights(mean.weights)
    return history


def _running_mean() -> Any:
    import keras

    class RunningMean(keras.callbacks.Callback):
        """Exponential mean of all weights, the statistics of normalisations included."""

        weights: list[np.ndarray] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch % LOOKS == 0:
                now = self.model.get_weights()
                mean = self.weights or now
                self.weights = [a + (1 - KEPT) * (b - a) for a, b in zip(mean, now, strict=True)]

    return RunningMean()


def rate_schedule(recipe: Recipe, cycle: Cycle) -> keras.optimizers.schedules.LearningRateSchedule:
    """A short warm-up to the cycle's peak, then cosine decay over its epochs."""
    import keras

    steps = max(1, recipe.drawings // recipe.batch)
    warmup = max(1, round(WARMUP * steps))
    decay = max(1, cycle.epochs * steps - warmup)
    peak = recipe.learning_rate * cycle.rate
    return keras.optimizers.schedules.CosineDecay(
        peak / 100, decay, alpha=1e-3, warmup_target=peak, warmup_steps=warmup
    )


def _targets(examples: Examples, classes: int, teacher: keras.Model | None, soft: float = 0.0) -> np.ndarray:
    """float32 (n, classes); `soft` of each is shared out."""
    labels = np.eye(classes, dtype=np.float32)[examples.y] * np.float32(1 - soft) + np.float32(soft / classes)
    return labels if teacher is None else (1 - TOLD) * labels + TOLD * _told(teacher, examples.x)


def _told(teacher: keras.Model, x: np.ndarray) -> np.ndarray:
    """The teacher's mean answer to each drawing in several sizes."""
    import tensorflow as tf

    answer = tf.function(lambda rasters: teacher(tf.cast(rasters, tf.float32) / 255, training=False)["probabilities"])
    chunks = [x[start : start + CHUNK] for start in range(0, len(x), CHUNK)]
    told = [[answer(_resize(chunk, size)[..., np.newaxis]).numpy() for size in SIZES] for chunk in chunks]
    return np.concatenate([np.mean(answers, axis=0) for answers in told])


def _resize(x: np.ndarray, size: float) -> np.ndarray:
    """Each raster larger or smaller about its middle."""
    if size == 1:
        return x
    side = x.shape[1]
    shift = (side - 1) / 2 * (1 - size)
    matrix = np.array([[size, 0, shift], [0, size, shift]])
    return np.stack([cv2.warpAffine(raster, matrix, (side, side), flags=cv2.INTER_LINEAR) for raster in x])


def _batches(x: np.ndarray, targets: np.ndarray, recipe: Recipe) -> Any:
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((x, targets)).batch(
        min(recipe.batch, recipe.drawings), drop_remainder=True
    )
    return rows.map(lambda x, y: (tf.cast(x, tf.float32)[..., tf.newaxis] / 255, y)).prefetch(2)
