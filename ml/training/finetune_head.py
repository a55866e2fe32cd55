"""Fine-tune the last layer only: takes seconds and needs no data set and no TensorFlow.

The trunk does not change, so the embeddings in the base's replay pack stay valid. The last layer continues from
where it is, on the exemplars of the pack and on the drawings, each also in variations. Exemplars and variations
keep it calibrated. Then it replaces the old layer in both model files (`ml.bundles.replace_head`).
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

Rng = np.random.Generator

VARIANTS = 4  # of each drawing, besides itself
STRENGTH = 0.8  # of the variations

# Weights in the loss. A real exemplar of the pack has the weight 1.
DRAWING_WEIGHT = 2.0  # of a drawing with all its variants
MAX_DRAWINGS_SHARE = 0.5  # weight of all drawings, at most, as a share of the weight of all exemplars
MAX_NEGATIVE_WEIGHT = 3.0  # of a negative exemplar, at most: the drawings bring no negatives and would outweigh them
# The weight of all negatives is limited too, or they would outweigh a small pack:
NEGATIVES_SHARE = 0.4  # of the weight of the real exemplars,
NEGATIVES_DRAWINGS_SHARE = 0.2  # plus so much of the drawings' weight, beside which they would else be too light

MIN_UNSURE = 0.004  # share of the real exemplars that stays "not sure"; it is about 1 % of drawings never trained on
MAX_COMPARED = 200  # drawings, to compare both model files


def finetune(base: Bundle, drawings: ApprovedDrawings, *, seed: int, report: ProgressCallback) -> Bundle:
    """Return the base with another last layer; see `ml.training.finetune.finetune`. Needs no TensorFlow."""
    predictor, pack = verify_bundle(base), read_pack(base.rehearsal)
    embeddings = _embed_variants(predictor, drawings, base.raster, np.random.default_rng(seed), report)
    before = predictor.head()
    trusted = choose_trusted(before, pack, embeddings[0], drawings)
    after = _fit(before, pack, embeddings[:, trusted], select_drawings(drawings, trusted), report)
    report({"step": "export"})
    tflite, keras_file = replace_tflite_head(base.tflite, after), replace_keras_head(base.keras, after)
    labels = len(base.slugs)
    exemplars = pack.study[pack.study_labels < labels]
    answers = [softmax.predict_head(head, exemplars)[:, :labels] for head in (before, after)]
    bundle = assemble_bundle(
        tflite,
        keras_file,
        **manifest_of_base(base),
        unsure_below=softmax.move_unsure_limit(base.manifest["unsure_below"], *answers, least=MIN_UNSURE),
        training={
            **training_record(base, trusted, mode="head", seed=seed),
            "agreement": _compare_files(tflite, after, drawings.rasters[:MAX_COMPARED]),
        },
        quantised=bool(base.manifest.get("quantised")),
    )
    return with_replay_pack(bundle, base.rehearsal)


def _embed_variants(
    predictor: Predictor, drawings: ApprovedDrawings, spec: RasterSpec, rng: Rng, report: ProgressCallback
) -> np.ndarray:
    """Embeddings of the drawings and then of their variants, float32 (1 + variants, n, width)."""
    embeddings = [predictor.predict(drawings.rasters).embeddings]
    for variant in range(1, VARIANTS + 1):
        rasters = run_with_heartbeat(
            lambda: make_variants(drawings, rng, spec, strength=STRENGTH),
            report,
            step="reading the drawings",
            epoch=variant,
            epochs=VARIANTS,
        )
        embeddings.append(predictor.predict(rasters).embeddings)
    return np.stack(embeddings)


def choose_trusted(head: Head, pack: ReplayPack, embeddings: np.ndarray, drawings: ApprovedDrawings) -> np.ndarray:
    """Return which drawings to train on, bool (n,); `embeddings` are (n, width).

    Raises ApprovedDrawingsError if there are none (see `ml.embeddings.author_filter`).
    """
    if drawings.authors is None:
        return np.ones(len(drawings.labels), bool)
    trusted = find_trusted(head, pack, embeddings, drawings.labels, drawings.authors)
    if not trusted.any():
        raise ApprovedDrawingsError(
            "The labels of every author contradict the base and the other authors. Have their drawings reviewed."
        )
    return trusted


def _fit(
    head: Head, pack: ReplayPack, embeddings: np.ndarray, drawings: ApprovedDrawings, report: ProgressCallback
) -> Head:
    """Train the last layer on `embeddings`, float32 (variants, n, width), together with the exemplars of the pack."""
    variants, _, width = embeddings.shape
    negative = pack.study_labels == len(head.bias) - 1  # bool (exemplars,)
    weights = np.tile(weights_of(drawings) * DRAWING_WEIGHT / variants, variants)  # (variants * n,)
    weights *= min(1.0, MAX_DRAWINGS_SHARE * len(pack.study) / max(float(weights.sum()), 1e-9))
    all_negatives = NEGATIVES_SHARE * int((~negative).sum()) + NEGATIVES_DRAWINGS_SHARE * float(weights.sum())
    negative_weight = min(MAX_NEGATIVE_WEIGHT, all_negatives / max(int(negative.sum()), 1))
    start = time.monotonic()

    def report_step(step: int, loss: float) -> None:
        left = (time.monotonic() - start) / step * (softmax.STEPS - step)
        report({"step": "last layer", "epoch": step, "epochs": softmax.STEPS, "loss": loss, "seconds_left": left})

    return softmax.fit_head(
        head,
        np.concatenate([pack.study, embeddings.reshape(-1, width)]),
        np.concatenate([pack.study_labels, np.tile(drawings.labels, variants)]),
        np.concatenate([np.where(negative, negative_weight, 1.0), weights]),
        report=report_step,
    )


def _compare_files(tflite: bytes, head: Head, rasters: np.ndarray) -> dict[str, Any]:
    """The largest difference between the `.tflite` file and the new layer of the `.keras` file on the same trunk.

    `ml.evaluation.exam` uses it, so that it need not start TensorFlow.
    """
    labels = len(head.bias) - 1
    output = Predictor(tflite, labels).predict(rasters)
    difference = np.abs(softmax.predict_head(head, output.embeddings)[:, :labels] - output.probabilities).max()
    return {"difference": round(float(difference), 6), "compared": len(rasters)}


# Both modes


def manifest_of_base(base: Bundle) -> dict[str, Any]:
    """Return the parts of the manifest that a challenger has in common with its base."""
    manifest = base.manifest
    return {
        **{key: manifest.get(key, "") for key in ("recognizer", "title", "prompt", "labels")},
        "raster": base.raster,
        "probe": probe_rasters(manifest),
        "metrics": {},
    }


def training_record(base: Bundle, trusted: np.ndarray, *, mode: str, seed: int) -> dict[str, Any]:
    """Return the `training` part of a challenger's manifest; nothing personal. `trusted` is bool (n,)."""
    return {
        "sources": base.manifest["training"].get("sources", []),
        "mode": mode,
        "base": base.manifest["sha256"]["tflite"],
        "drawings": int(trusted.sum()),
        "left_out": int((~trusted).sum()),
        "seed": seed,
    }
