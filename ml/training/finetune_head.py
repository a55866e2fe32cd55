"""Fine-tuning the last layer alone: seconds, and no data set.

The trunk stays as it is, so the embeddings in the base's rehearsal pack stay true. The last layer
goes on from where it is, on the pack's exemplars and on the drawings, each also as other hands
would have made it. Exemplars and variants keep it calibrated. Then it is put in place of the old
one in both model files (`ml.bundles.replace_head`).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ml.bundles.build import assemble_bundle
from ml.bundles.bundle import Bundle, probe_rasters, verify_bundle, with_replay_pack
from ml.bundles.predictor import Head, Predictor
from ml.bundles.replace_head import replace_keras_head, replace_tflite_head
from ml.data.approved import (
    ApprovedDrawings,
    ApprovedDrawingsError,
    ProgressCallback,
    make_variants,
    select_drawings,
    weights_of,
)
from ml.embeddings import softmax
from ml.embeddings.author_filter import find_trusted
from ml.embeddings.replay_pack import ReplayPack, read_pack
from ml.preprocessing.ink import RasterSpec
from ml.training.heartbeat import run_with_heartbeat

VARIANTS = 4  # of each drawing, besides itself
STRENGTH = 0.8
WEIGHT = 2.0  # of a drawing with its variants, an exemplar being 1
OTHER = 3.0  # of a junk exemplar, at most: the drawings bring none, and would crowd it out
JUNK = 0.4  # of the real exemplars' weight is that of all junk, at most: a small pack would be drowned in it;
BESIDE = 0.2  # and so much of the drawings', beside which the junk of a small pack would be nothing
DOUBTED = 0.004  # of the real exemplars, which it was taught, stay "not sure" at least; 1 % of what it never saw
COMPARED = 200  # drawings, at most
MOST = 0.5  # of the exemplars' weight is that of all drawings, at most


def finetune(base: Bundle, lesson: ApprovedDrawings, *, seed: int, report: ProgressCallback) -> Bundle:
    """The base with another last layer; see `ml.training.finetune.finetune`. Without TensorFlow."""
    predictor, pack = verify_bundle(base), read_pack(base.rehearsal)
    embeddings = _embed(predictor, lesson, base.raster, np.random.default_rng(seed), report)
    before = predictor.head()
    kept = choose_trusted(before, pack, embeddings[0], lesson)
    after = _fit(before, pack, embeddings[:, kept], select_drawings(lesson, kept), report)
    report({"step": "export"})
    tflite, keras_file = replace_tflite_head(base.tflite, after), replace_keras_head(base.keras, after)
    agreement = _agreement(tflite, after, lesson.rasters[:COMPARED])
    bundle = assemble_bundle(
        tflite,
        keras_file,
        **manifest_of_base(base),
        unsure_below=_limit(base, pack, before, after),
        training={**training_record(base, kept, mode="head", seed=seed), "agreement": agreement},
        quantised=bool(base.manifest.get("quantised")),
    )
    return with_replay_pack(bundle, base.rehearsal)


def _embed(
    predictor: Predictor, lesson: ApprovedDrawings, spec: RasterSpec, rng: np.random.Generator, report: ProgressCallback
) -> np.ndarray:
    """Embeddings of the drawings and then of each of their variants, float32 (1 + variants, n, width)."""
    embeddings = [predictor.predict(lesson.rasters).embeddings]
    for variant in range(1, VARIANTS + 1):
        told = {"step": "reading the drawings", "epoch": variant, "epochs": VARIANTS}
        rasters = run_with_heartbeat(lambda: make_variants(lesson, rng, spec, strength=STRENGTH), report, **told)
        embeddings.append(predictor.predict(rasters).embeddings)
    return np.stack(embeddings)


def choose_trusted(head: Head, pack: ReplayPack, embeddings: np.ndarray, lesson: ApprovedDrawings) -> np.ndarray:
    """Which drawings to learn from, bool (n,). Raises ApprovedDrawingsError if there are none."""
    if lesson.authors is None:
        return np.ones(len(lesson.labels), bool)
    kept = find_trusted(head, pack, embeddings, lesson.labels, lesson.authors)
    if not kept.any():
        raise ApprovedDrawingsError("Every author contradicts the base and the others. Have their drawings reviewed.")
    return kept


def _fit(
    head: Head, pack: ReplayPack, embeddings: np.ndarray, lesson: ApprovedDrawings, report: ProgressCallback
) -> Head:
    """Teach a last layer `embeddings`, float32 (variants, n, width), together with the pack's exemplars."""
    variants, _, width = embeddings.shape
    is_junk = pack.study_labels == len(head.bias) - 1
    weights = np.tile(weights_of(lesson) * WEIGHT / variants, variants)
    weights *= min(1.0, MOST * len(pack.study) / max(float(weights.sum()), 1e-9))
    all_junk = JUNK * int((~is_junk).sum()) + BESIDE * float(weights.sum())
    other = min(OTHER, all_junk / max(int(is_junk.sum()), 1))
    return softmax.fit_head(
        head,
        np.concatenate([pack.study, embeddings.reshape(-1, width)]),
        np.concatenate([pack.study_labels, np.tile(lesson.labels, variants)]),
        np.concatenate([np.where(is_junk, other, 1.0), weights]),
        report=_progress(report),
    )


def _progress(report: ProgressCallback) -> softmax.StepCallback:
    start = time.monotonic()

    def tell(step: int, loss: float) -> None:
        left = (time.monotonic() - start) / step * (softmax.STEPS - step)
        report({"step": "last layer", "epoch": step, "epochs": softmax.STEPS, "loss": loss, "seconds_left": left})

    return tell


def _limit(base: Bundle, pack: ReplayPack, before: Head, after: Head) -> float:
    """The new limit of "not sure", by the exemplars."""
    labels = len(base.slugs)
    real = pack.study[pack.study_labels < labels]
    answers = [softmax.predict_head(head, real)[:, :labels] for head in (before, after)]
    return softmax.move_unsure_limit(base.manifest["unsure_below"], *answers, least=DOUBTED)


def _agreement(tflite: bytes, head: Head, rasters: np.ndarray) -> dict[str, Any]:
    """How far what serves is from the Keras file's last layer on the same trunk; see `ml.evaluation.exam`."""
    labels = len(head.bias) - 1
    said = Predictor(tflite, labels).predict(rasters)
    difference = np.abs(softmax.predict_head(head, said.embeddings)[:, :labels] - said.probabilities).max()
    return {"difference": round(float(difference), 6), "compared": len(rasters)}


# The same for both modes


def manifest_of_base(base: Bundle) -> dict[str, Any]:
    """What a challenger has in common with its base, for its manifest."""
    manifest = base.manifest
    return {
        "recognizer": manifest["recognizer"],
        "title": manifest.get("title", ""),
        "prompt": manifest.get("prompt", ""),
        "labels": manifest["labels"],
        "raster": base.raster,
        "probe": probe_rasters(manifest),
        "metrics": {},
    }


def training_record(base: Bundle, kept: np.ndarray, *, mode: str, seed: int) -> dict[str, Any]:
    """How the challenger was taught; nothing personal."""
    return {
        "sources": base.manifest["training"].get("sources", []),
        "mode": mode,
        "base": base.manifest["sha256"]["tflite"],
        "drawings": int(kept.sum()),
        "left_out": int((~kept).sum()),
        "seed": seed,
    }
