"""Train a network in cycles: each warms up and then lowers the learning rate to almost nothing.

A recipe trains in one of two ways:

- "taught": three cycles. The first trains from scratch, the second refines on milder variations and harder
  negatives. The mean of the two resulting sets of weights is the teacher of the third (knowledge distillation,
  Hinton et al. 2015): half of each target is the label, half the teacher's answer to the drawing in three sizes.
- "averaged": one cycle. The result is the exponential moving average of the weights (EMA, Polyak averaging).
  Labels are smoothed (Szegedy et al. 2016), because those of public sketches are not all right.

A recipe may add a `further` cycle: averaged, at half the learning rate. Training that continues from a bundle runs
only that cycle and mixes a part of the weights that it started from into the result.

A thread makes the next epoch while the network trains on this one. Where the processor can multiply 16-bit
numbers, training uses them (bfloat16, about twice as fast); the weights stay in 32 bits.
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

WARMUP_EPOCHS = 0.5
MILD_STRENGTH = 0.6  # of the variations at the end of a cycle, nearer to what the model will see
TEACHER_SHARE = 0.5  # of a target, the rest is the label
TEACHER_SIZES = (0.93, 1.0, 1.07)  # the teacher's answers to these sizes of a drawing are averaged
TEACHER_BATCH = 1_000  # drawings answered at once, to limit memory
LABEL_SMOOTHING = 0.05  # of a target is spread over all classes in an averaged cycle
FURTHER_RATE = 0.5  # of the recipe's learning rate, in a further cycle
COMPILE_ABOVE = 200_000  # drawings in a cycle; with more, compiling the step (XLA) saves more than its half minute
EMA_EVERY = 10  # batches between two updates of the moving average
EMA_DECAY = 0.98  # at each update, so the average spans some 500 batches

History = list[dict[str, float]]
"""Of each epoch: epoch, loss, accuracy (on the varied drawings that it was trained on), seconds."""


@dataclass(frozen=True)
class Cycle:
    """Some epochs. `rate` is a share of the recipe's peak; after the share `mild` of the epochs, drawings vary less."""

    epochs: int
    rate: float
    mild: float
    hard: bool = False  # with negatives that look more like digits
    distilled: bool = False  # with the mean weights of the cycles before as teacher
    averaged: bool = False  # ends with the moving average of the weights


def plan_cycles(recipe: Recipe) -> list[Cycle]:
    """Return the cycles of a recipe. "taught" splits 41 epochs into 20, 9 and 12, and other counts in proportion."""
    further = [Cycle(recipe.further, rate=FURTHER_RATE, mild=0.6, hard=True, averaged=True)] if recipe.further else []
    if recipe.learning == AVERAGED:
        return [Cycle(recipe.epochs, rate=1.0, mild=0.7, averaged=True), *further]
    refined, distilled = recipe.epochs * 9 // 41, recipe.epochs * 12 // 41
    planned = [
        Cycle(recipe.epochs - refined - distilled, rate=1.0, mild=0.75),
        Cycle(refined, rate=0.4, mild=0.0, hard=True),
        Cycle(distilled, rate=0.6, mild=0.75, hard=True, distilled=True),
    ]
    return [cycle for cycle in planned if cycle.epochs] + further


def fit(
    model: keras.Model, material: Material, recipe: Recipe, *, seed: int, onwards: bool = False, progress: bool = True
) -> History:
    """Train `model` in place and return the history.

    `onwards` continues from the model's present weights with the last cycle only. The same seed gives the same
    drawings in the same order. `progress` shows Keras' progress bars.
    """
    start = model.get_weights()
    ends: list[list[np.ndarray]] = []  # the weights after each cycle
    history: History = []
    for cycle in plan_cycles(recipe)[-1:] if onwards else plan_cycles(recipe):
        teacher = _make_teacher(model, ends) if cycle.distilled else None
        epochs = _make_epochs(material, recipe, cycle, len(history), seed)
        history += _fit_cycle(model, cycle, epochs, recipe, teacher, progress)
        ends.append(model.get_weights())
    if onwards:  # the mean of old and new weights loses less of the old than the new alone (Wortsman et al. 2022)
        model.set_weights([b + recipe.start_share * (a - b) for a, b in zip(start, ends[-1], strict=True)])
    return [{"epoch": number, **row} for number, row in enumerate(history, 1)]


@contextmanager
def fast_precision() -> Iterator[None]:
    """Let networks built inside compute in bfloat16 where the processor supports it."""
    import keras

    before = keras.config.dtype_policy()
    if has_bfloat16():
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself. Where it does not, bfloat16 is slower than 32 bits."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _make_teacher(model: keras.Model, ends: Sequence[Sequence[np.ndarray]]) -> keras.Model:
    """A copy of the model with the mean of `ends` as its weights; the model itself continues from them too."""
    import keras

    model.set_weights([np.mean(weights, axis=0) for weights in zip(*ends, strict=True)])
    teacher = keras.models.clone_model(model)
    teacher.set_weights(model.get_weights())
    return teacher


def _make_epochs(material: Material, recipe: Recipe, cycle: Cycle, past: int, seed: int) -> Iterator[Examples]:
    """The epochs of a cycle. Each is made by a thread while the one before is trained on."""

    def make(epoch: int) -> Examples:
        strength = recipe.variation * (MILD_STRENGTH if epoch >= cycle.epochs * cycle.mild else 1.0)
        # Seeded by the number of the epoch: what a thread makes does not depend on when it runs.
        rng = np.random.default_rng((seed, past + epoch))
        return make_epoch(material, recipe, rng, strength=strength, hard=cycle.hard)

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

    trainee = keras.Model(model.input, model.output["probabilities"])  # the same weights, without the embedding
    trainee.compile(
        keras.optimizers.Adam(rate_schedule(recipe, cycle)),
        "categorical_crossentropy",  # not the sparse one: targets are soft
        metrics=["accuracy"],
        # XLA does not help where bfloat16 is used.
        jit_compile=cycle.epochs * recipe.drawings > COMPILE_ABOVE and not has_bfloat16(),
    )
    average = _moving_average() if cycle.averaged else None
    history: History = []
    for epoch, examples in enumerate(epochs):
        start = time.monotonic()
        targets = _targets(examples, len(recipe.labels) + 1, teacher, LABEL_SMOOTHING if cycle.averaged else 0.0)
        logs = trainee.fit(
            _batches(examples.x, targets, recipe),
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,  # `make_epoch` has shuffled
            verbose=1 if progress else 0,
            callbacks=[average] if average else [],
        ).history
        row = {"loss": logs["loss"][0], "accuracy": logs["accuracy"][0], "seconds": time.monotonic() - start}
        history.append({name: round(value, 5) for name, value in row.items()})
    if average:
        trainee.set_weights(average.weights)
    return history


def _moving_average() -> Any:
    import keras

    class MovingAverage(keras.callbacks.Callback):
        """Exponential moving average of all weights, including the statistics of the normalisations."""

        weights: list[np.ndarray] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch % EMA_EVERY == 0:
                now = self.model.get_weights()
                mean = self.weights or now
                self.weights = [a + (1 - EMA_DECAY) * (b - a) for a, b in zip(mean, now, strict=True)]

    return MovingAverage()


def rate_schedule(recipe: Recipe, cycle: Cycle) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate by step: half an epoch of linear warm-up, then cosine decay to 0.1 % of the peak."""
    import keras

    steps = max(1, recipe.drawings // recipe.batch)  # of an epoch
    warmup = max(1, round(WARMUP_EPOCHS * steps))
    decay = max(1, cycle.epochs * steps - warmup)
    peak = recipe.learning_rate * cycle.rate
    return keras.optimizers.schedules.CosineDecay(
        peak / 100, decay, alpha=1e-3, warmup_target=peak, warmup_steps=warmup
    )


def _targets(examples: Examples, classes: int, teacher: keras.Model | None, smoothing: float = 0.0) -> np.ndarray:
    """Target probabilities, float32 (n, classes)."""
    labels = np.eye(classes, dtype=np.float32)[examples.y]  # one-hot
    labels = labels * np.float32(1 - smoothing) + np.float32(smoothing / classes)
    if teacher is None:
        return labels
    return (1 - TEACHER_SHARE) * labels + TEACHER_SHARE * _teacher_answers(teacher, examples.x)


def _teacher_answers(teacher: keras.Model, x: np.ndarray) -> np.ndarray:
    """The teacher's mean answer to each drawing in several sizes, float32 (n, classes)."""
    import tensorflow as tf

    answer = tf.function(lambda rasters: teacher(tf.cast(rasters, tf.float32) / 255, training=False)["probabilities"])
    means = []
    for start in range(0, len(x), TEACHER_BATCH):
        chunk = x[start : start + TEACHER_BATCH]  # (m, size, size)
        answers = [answer(_scale(chunk, scale)[..., np.newaxis]).numpy() for scale in TEACHER_SIZES]
        means.append(np.mean(answers, axis=0))  # (m, classes)
    return np.concatenate(means)


def _scale(x: np.ndarray, scale: float) -> np.ndarray:
    """Each raster scaled about its centre."""
    if scale == 1:
        return x
    side = x.shape[1]
    shift = (side - 1) / 2 * (1 - scale)
    matrix = np.array([[scale, 0, shift], [0, scale, shift]])
    return np.stack([cv2.warpAffine(raster, matrix, (side, side), flags=cv2.INTER_LINEAR) for raster in x])


def _batches(x: np.ndarray, targets: np.ndarray, recipe: Recipe) -> Any:
    """A tf.data pipeline of batches: rasters float32 (batch, size, size, 1) from 0 to 1, and targets."""
    import tensorflow as tf

    # Whole batches only: XLA compiles one shape.
    size = min(recipe.batch, recipe.drawings)
    rows = tf.data.Dataset.from_tensor_slices((x, targets)).batch(size, drop_remainder=True)
    return rows.map(lambda x, y: (tf.cast(x, tf.float32)[..., tf.newaxis] / 255, y)).prefetch(2)
