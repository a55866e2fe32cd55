"""Fine-tuning the last layer alone: seconds, and no data set.

The trunk stays as it is, so the embeddings in the base's rehearsal pack stay true. The last layer
goes on from where it is, on the pack's exemplars and on the drawings, each also as other hands
would have made it; then it is calibrated on drawings that it was not taught with.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from ml import softmax
from ml.artifact import Bundle, export_bundle, load_keras, probe_rasters, verify_bundle, with_rehearsal
from ml.lesson import Lesson, Report, vary, weights_of
from ml.predictor import Head, Predictor
from ml.rehearsal import unpack

if TYPE_CHECKING:
    import keras

VARIANTS = 4  # of each drawing, besides itself
STRENGTH = 0.8
WEIGHT = 1.0  # of a drawing, an exemplar being 1


def finetune(base: Bundle, lesson: Lesson, *, seed: int, report: Report) -> Bundle:
    """The base with another last layer; see `ml.finetune.finetune`."""
    predictor = verify_bundle(base)
    pack = unpack(base.rehearsal)
    rng = np.random.default_rng(seed)
    embeddings, truth, weights = _drawings(predictor, lesson, rng, report)
    inputs = np.concatenate([pack.study, embeddings])
    targets = np.concatenate([pack.study_labels, truth])
    counts = np.concatenate([np.ones(len(pack.study)), weights])
    head = softmax.fit(predictor.head(), inputs, targets, counts, report=_Progress("last layer", report))
    return _export(base, head, {"mode": "head", "drawings": len(lesson.labels), "seed": seed}, report)


def _drawings(
    predictor: Predictor, lesson: Lesson, rng: np.random.Generator, report: Report
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings, labels and weights of the drawings and their variants, one variant after another."""
    embeddings = []
    for variant in range(VARIANTS + 1):
        report({"step": "reading the drawings", "epoch": variant, "epochs": VARIANTS + 1})
        rasters = vary(lesson, rng, strength=STRENGTH) if variant else lesson.rasters
        embeddings.append(predictor.predict(rasters).embeddings)
    each = weights_of(lesson) * WEIGHT / (VARIANTS + 1)
    return np.concatenate(embeddings), np.tile(lesson.labels, VARIANTS + 1), np.tile(each, VARIANTS + 1)


class _Progress:
    """Hands the steps of `softmax.fit` on as a training's progress."""

    def __init__(self, step: str, report: Report) -> None:
        self.step, self.report = step, report
        self.start = time.monotonic()

    def __call__(self, step: int, loss: float) -> None:
        passed = time.monotonic() - self.start
        left = passed / step * (softmax.STEPS - step)
        self.report({"step": self.step, "epoch": step, "epochs": softmax.STEPS, "loss": loss, "seconds_left": left})


def _export(base: Bundle, head: Head, record: dict[str, Any], report: Report) -> Bundle:
    report({"step": "export"})
    model = load_keras(base)
    set_head(model, head)
    manifest = base.manifest
    bundle = export_bundle(
        model,
        recognizer=manifest["recognizer"],
        labels=manifest["labels"],
        unsure_below=manifest["unsure_below"],
        probe=probe_rasters(manifest),
        metrics={},
        training={**manifest["training"], **record},
        quantise=bool(manifest.get("quantised")),
    )
    return with_rehearsal(bundle, base.rehearsal)


def get_head(model: keras.Model) -> Head:
    """The last layer of a Keras model."""
    return Head(*_last_dense(model).get_weights())


def set_head(model: keras.Model, head: Head) -> None:
    """Put a last layer into a Keras model."""
    _last_dense(model).set_weights([head.weights, head.bias])


def _last_dense(model: keras.Model) -> keras.layers.Dense:
    import keras

    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][-1]
