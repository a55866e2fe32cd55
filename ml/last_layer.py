"""Fine-tuning the last layer alone: seconds, and no data set.

The trunk stays as it is, so the embeddings in the base's rehearsal pack stay true. The last layer
goes on from where it is, on the pack's exemplars and on the drawings, each also as other hands
would have made it. Exemplars and variants keep it calibrated.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ml import softmax
from ml.artifact import Bundle, export_bundle, load_keras, probe_rasters, verify_bundle, with_rehearsal
from ml.lesson import Lesson, LessonError, Report, only, vary, weights_of
from ml.predictor import Head
from ml.rehearsal import Rehearsal, unpack
from ml.trust import believed

if TYPE_CHECKING:
    import keras

VARIANTS = 4  # of each drawing, besides itself
STRENGTH = 0.8
WEIGHT = 2.0  # of a drawing with its variants, an exemplar being 1
MOST = 0.5  # of the exemplars' weight is that of all drawings, at most


def finetune(base: Bundle, lesson: Lesson, *, seed: int, report: Report) -> Bundle:
    """The base with another last layer; see `ml.finetune.finetune`."""
    predictor, pack = verify_bundle(base), unpack(base.rehearsal)
    rng = np.random.default_rng(seed)
    embeddings = []
    for variant in range(VARIANTS + 1):
        report({"step": "reading the drawings", "epoch": variant + 1, "epochs": VARIANTS + 1})
        rasters = vary(lesson, rng, strength=STRENGTH) if variant else lesson.rasters
        embeddings.append(predictor.predict(rasters).embeddings)
    before = predictor.head()
    kept = trusted(before, pack, embeddings[0], lesson)
    after = _fit(before, pack, np.stack(embeddings)[:, kept], only(lesson, kept), report)
    report({"step": "export"})
    model = load_keras(base)
    set_head(model, after)
    real = pack.study[pack.study_labels < len(base.slugs)]
    answers = [softmax.answer(head, real)[:, : len(base.slugs)] for head in (before, after)]
    below = softmax.move_limit(base.manifest["unsure_below"], *answers)
    bundle = export(model, base, unsure_below=below, mode="head", seed=seed, lesson=lesson, kept=kept)
    return with_rehearsal(bundle, base.rehearsal)


def trusted(head: Head, pack: Rehearsal, embeddings: np.ndarray, lesson: Lesson) -> np.ndarray:
    """Which drawings to learn from, bool (n,). Raises LessonError if there are none."""
    if lesson.authors is None:
        return np.ones(len(lesson.labels), bool)
    kept = believed(head, pack, embeddings, lesson.labels, lesson.authors)
    if not kept.any():
        raise LessonError("Every author contradicts the base and the others. Have their drawings reviewed.")
    return kept


def _fit(head: Head, pack: Rehearsal, embeddings: np.ndarray, lesson: Lesson, report: Report) -> Head:
    """Teach a last layer `embeddings`, float32 (variants, n, width), together with the pack's exemplars."""
    variants, _, width = embeddings.shape
    weights = np.tile(weights_of(lesson) * WEIGHT / variants, variants)
    weights *= min(1.0, MOST * len(pack.study) / max(float(weights.sum()), 1e-9))
    return softmax.fit(
        head,
        np.concatenate([pack.study, embeddings.reshape(-1, width)]),
        np.concatenate([pack.study_labels, np.tile(lesson.labels, variants)]),
        np.concatenate([np.ones(len(pack.study)), weights]),
        report=_progress(report),
    )


def _progress(report: Report) -> softmax.Watch:
    start = time.monotonic()

    def tell(step: int, loss: float) -> None:
        left = (time.monotonic() - start) / step * (softmax.STEPS - step)
        report({"step": "last layer", "epoch": step, "epochs": softmax.STEPS, "loss": loss, "seconds_left": left})

    return tell


# The same for both modes


def export(
    model: keras.Model, base: Bundle, *, unsure_below: float, mode: str, seed: int, lesson: Lesson, kept: np.ndarray
) -> Bundle:
    """The taught model as a bundle like its base, with a record of how it was taught; without a pack."""
    manifest = base.manifest
    record = {
        "sources": manifest["training"].get("sources", []),
        "mode": mode,
        "base": manifest["sha256"]["tflite"],
        "drawings": int(kept.sum()),
        "left_out": int((~kept).sum()),
        "seed": seed,
    }
    return export_bundle(
        model,
        recognizer=manifest["recognizer"],
        labels=manifest["labels"],
        unsure_below=unsure_below,
        probe=probe_rasters(manifest),
        metrics={},
        training=record,
        quantise=bool(manifest.get("quantised")),
    )


def get_head(model: keras.Model) -> Head:
    """The last layer of a Keras model."""
    return Head(*_last_dense(model).get_weights())


def set_head(model: keras.Model, head: Head) -> None:
    """Put a last layer into a Keras model."""
    _last_dense(model).set_weights([head.weights, head.bias])


def _last_dense(model: keras.Model) -> keras.layers.Dense:
    import keras

    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][-1]
