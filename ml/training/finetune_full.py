"""Fine-tune all layers: a few short epochs of replayed base data and the approved drawings.

Each epoch is made anew: the base data as in base training (`ml.training.epochs`), each drawing in several
variations. Without the replay the network would forget what it was trained on before (catastrophic forgetting).
The targets of the replayed drawings are half their label and half the base's own answer (Buzzega et al. 2020). The
result lies between the weights before and after (Wortsman et al. 2022): at the point where drawings by other people
gain most and base data loses no more than the gate allows (`ml.training.choice`). The last layer is then trained as in
the mode `head`, from there; if that loses too much, the layer before it stays.
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
from ml.data.loaders import select_rows
from ml.embeddings import replay_pack, softmax
from ml.evaluation.base_test import BaseTest
from ml.evaluation.compare import log_loss
from ml.evaluation.gate import allowed_drop
from ml.recipes.base import Examples, Material, Recipe
from ml.training import finetune_head
from ml.training.choice import MARGIN, BaseCheck, Candidate, Choice, base_accuracy, choose, choose_validation, defaults
from ml.training.epochs import make_epoch
from ml.training.finetune_head import choose_trusted, manifest_of_base, training_record
from ml.training.fit import has_bfloat16
from ml.training.heartbeat import run_with_heartbeat, wait_with_heartbeat

if TYPE_CHECKING:
    import keras

LAYERS = "all layers"
EPOCHS = 4
BASE_DRAWINGS = 6_000  # replayed in an epoch, so that it takes seconds where base training takes a minute
MAX_APPROVED = 4_000  # approved drawings in an epoch, variants included, so that the replay stays the larger part
VARIANTS = 6  # of an approved drawing in an epoch, at most
BATCH = 128
RATE = 5e-4  # a quarter of base training's: the weights are near where they should be
WARMUP = 0.1  # share of all steps
STRENGTH = 0.8  # of the variations
SOFT = 0.5  # share of the base's own answers in the targets of replayed drawings
# Of the new weights in the result, to choose from. With 0.6 and more, three of five trainings lost too much.
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
DEFAULT_SHARE = 0.4  # if nothing can be chosen
MAX_CHECKED = 2_500  # drawings of the base's validation data
# So many times as many "not sure" as before: with half of the base test their share is measured well enough.
UNSURE_FACTOR = 0.95

Rng = np.random.Generator


class MixedEpoch(NamedTuple):
    """The examples of one epoch."""

    x: np.ndarray
    """uint8 (n, size, size)."""
    y: np.ndarray
    """int64 (n,): labels."""
    replayed: np.ndarray
    """bool (n,): which are base data."""
    weights: np.ndarray
    """float32 (n,): 1 for base data."""


def finetune(
    base: Bundle,
    drawings: ApprovedDrawings,
    recipe: Recipe,
    *,
    seed: int,
    report: ProgressCallback,
    data: Path,
    base_test: BaseTest | None = None,
) -> Bundle:
    """Return the base with all layers trained; see `ml.training.finetune.finetune`."""
    run_with_heartbeat(lambda: import_module("keras"), report, step="starting TensorFlow")
    import keras

    material = run_with_heartbeat(
        lambda: without_test(recipe.replay(data), base_test), report, step="reading the base data"
    )
    trusted = _find_trusted(base, material, drawings)
    taken = select_drawings(drawings, trusted)
    held = choose_validation(taken, seed)
    keras.utils.set_random_seed(seed)
    model, before = load_keras(base), load_keras(base)
    epochs = _make_epochs(material, recipe, select_drawings(taken, ~held), seed, report)
    model.set_weights(_train(base, epochs, report))
    checked = _validation_of_base(material, len(base.slugs))
    check = BaseCheck.of(base, base_test)
    measured = Examples(check.rasters, check.labels) if check else checked
    choice = run_with_heartbeat(
        lambda: _choose_share(model, before, measured, select_drawings(taken, held)),
        report,
        step="choosing the settings",
    )
    _set_share(model, before, model.get_weights(), choice.settings["share"])
    bundle = run_with_heartbeat(
        lambda: export_bundle(
            model,
            **manifest_of_base(base),
            unsure_below=base.manifest["unsure_below"],
            training={},
            quantise=bool(base.manifest.get("quantised")),
        ),
        report,
        step="export",
    )
    # The trunk has changed, so the embeddings of the replay pack are computed anew.
    packed = run_with_heartbeat(lambda: replay_pack.add_replay_pack(bundle, material), report, step="rehearsal pack")
    # The last layer is trained once more, on all drawings: the validation drawings had no part in the trunk.
    fitted = finetune_head.finetune(
        packed,
        taken._replace(unreviewed=None),
        seed=seed,
        report=lambda told: report({name: value for name, value in told.items() if name != "loss"}),
        check=check,
    )
    choices = [choice.record, *fitted.manifest["training"]["choices"]]
    if check and check.drop(verify_bundle(fitted).predict(check.rasters).probabilities) > check.allowed:
        fitted, choices = packed, [choice.record]  # that layer would forget too much
    record = {**training_record(base, trusted, mode="full", seed=seed), "choices": choices}
    held_out = np.concatenate([checked.x, check.rasters]) if check else checked.x
    answers = [verify_bundle(bundle).predict(held_out).probabilities for bundle in (base, fitted)]
    limit = softmax.move_unsure_limit(base.manifest["unsure_below"], *answers, factor=UNSURE_FACTOR)
    return replace(fitted, manifest={**fitted.manifest, "training": record, "unsure_below": limit})


def _validation_of_base(material: Material, labels: int) -> Examples:
    """Real drawings of the base data that nothing was trained on, about the same number of each label."""
    x, y = (
        np.concatenate([getattr(part, name)[part.y < labels] for part in material.validation.values()])
        for name in ("x", "y")
    )
    chosen = replay_pack.choose_balanced(y, MAX_CHECKED, labels, np.random.default_rng(0))
    return Examples(x[chosen], y[chosen])


def _choose_share(model: keras.Model, before: keras.Model, base: Examples, validation: ApprovedDrawings) -> Choice:
    """Measure the mean of old and new weights with each share of the new ones. `model` has the new ones again."""
    if not len(validation.labels):
        return defaults(LAYERS, {"share": DEFAULT_SHARE})
    new = model.get_weights()

    def answer(share: float) -> tuple[np.ndarray, float, float]:
        """Probabilities for the validation drawings; accuracy (mean over labels) and log loss on base data."""
        _set_share(model, before, new, share)
        answers = model_probabilities(model, base.x)
        accuracy, loss = base_accuracy(answers, base.y), log_loss(answers, base.y)
        return model_probabilities(model, validation.rasters), accuracy, loss

    first, accuracy_before, base_loss = answer(0.0)
    candidates = []
    for share in SHARES:
        answers, accuracy, loss = answer(share)
        changes = {"drop": accuracy_before - accuracy, "rise": loss - base_loss}
        candidates.append(Candidate.of({"share": share}, answers, validation.labels, **changes))
    model.set_weights(new)
    start = Candidate.of({}, first, validation.labels)
    return choose(LAYERS, start, candidates, MARGIN * allowed_drop(accuracy_before), validation)


def _set_share(model: keras.Model, before: keras.Model, new: list[np.ndarray], share: float) -> None:
    """Give the model the mean of the weights `before` and `new`, with this share of the new ones."""
    model.set_weights([share * b + (1 - share) * a for a, b in zip(before.get_weights(), new, strict=True)])


def without_test(material: Material, base_test: BaseTest | None) -> Material:
    """The material without the pictures that are in the base test.

    Data downloaded again may be divided into training and test in another way than where the base test was made.
    """
    if base_test is None:
        return material
    tested = {raster.tobytes() for raster in base_test.rasters}
    kept = [row for row, raster in enumerate(material.pictures.x) if raster.tobytes() not in tested]
    return replace(material, pictures=select_rows(material.pictures, np.array(kept, np.int64)))


def _find_trusted(base: Bundle, material: Material, drawings: ApprovedDrawings) -> np.ndarray:
    """Which drawings to train on, bool (n,)."""
    if drawings.authors is None or drawings.unreviewed is None:
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
    return MixedEpoch(x[order], y[order], order < len(replayed.y), weights[order].astype(np.float32))


def scale_recipe(recipe: Recipe, drawings: int) -> Recipe:
    """Return the recipe with about `drawings` drawings in an epoch, in the same proportions."""
    share = drawings / recipe.drawings
    counts = {name: round(getattr(recipe, name) * share) for name in ("pictures", "tracks", "prototypes", "junk")}
    return replace(recipe, **counts)


# Training


def _train(base: Bundle, epochs: Iterator[MixedEpoch], report: ProgressCallback) -> list[np.ndarray]:
    """Return the weights after training with Adam at a low learning rate. Reports after each batch."""
    import keras

    trainee, teacher = _load_fast(base), _load_fast(base)
    answers = keras.Model(teacher.input, teacher.output[PROBABILITIES])
    student = keras.Model(trainee.input, trainee.output[PROBABILITIES])  # the same weights, without the embedding
    student.compile(keras.optimizers.Adam(RATE), "categorical_crossentropy")
    one_hot = np.eye(student.output.shape[-1], dtype=np.float32)
    start = time.monotonic()
    for number, epoch in enumerate(epochs):
        steps = max(1, len(epoch.y) // BATCH)
        for step in range(steps):
            done = (number + step / steps) / EPOCHS  # share of the whole training
            student.optimizer.learning_rate = RATE * rate_share(done)
            rows = slice(step * BATCH, (step + 1) * BATCH)
            x, targets, replayed = to_input(epoch.x[rows]), one_hot[epoch.y[rows]], epoch.replayed[rows]
            if replayed.any():
                targets[replayed] = SOFT * answers.predict_on_batch(x)[replayed] + (1 - SOFT) * targets[replayed]
            loss = student.train_on_batch(x, targets, epoch.weights[rows])
            done += 1 / steps / EPOCHS
            seconds_left = (time.monotonic() - start) / done * (1 - done)
            progress = {"step": LAYERS, "epoch": number + 1, "epochs": EPOCHS, "loss": float(loss)}
            report({**progress, "seconds_left": seconds_left})
    new: list[np.ndarray] = trainee.get_weights()
    return new


def _load_fast(base: Bundle) -> keras.Model:
    """The base's Keras model; it computes in bfloat16 where the processor supports it, but for the last layers."""
    model = load_keras(base)
    if has_bfloat16():
        for layer in model.layers:
            if layer.name not in model.output_names:
                layer.dtype_policy = "mixed_bfloat16"
    return model


def rate_share(done: float) -> float:
    """Return the share of the peak learning rate when the share `done` of the training is done.

    A linear warm-up over the first tenth, then cosine decay to 0.
    """
    if done < WARMUP:
        return (done + 0.01) / (WARMUP + 0.01)  # not 0 at the first step
    return float((1 + np.cos(np.pi * (done - WARMUP) / (1 - WARMUP))) / 2)
