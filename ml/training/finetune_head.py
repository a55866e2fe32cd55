"""Fine-tune the last layer only: takes seconds and needs no data set and no TensorFlow.

The trunk does not change, so the embeddings in the base's replay pack stay valid. The last layer continues from
where it is, on the exemplars of the pack and on the drawings, each also in variations. Exemplars and variations
keep it calibrated. Two settings are chosen on drawings by other people (`ml.training.choice`): the weight of the new
drawings, and how much of the base's own answers is in the targets of the exemplars (Buzzega et al. 2020). Then the
layer replaces the old one in both model files (`ml.bundles.replace_head`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

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
from ml.training.choice import BaseCheck, Candidate, Choice, base_accuracy, choose, choose_validation, defaults
from ml.training.heartbeat import run_with_heartbeat

Rng = np.random.Generator

LAYERS = "last layer"
VARIANTS = 4  # of each drawing, besides itself
STRENGTH = 0.8  # of the variations

# The settings. `weight` is that of a drawing with all its variants in the loss; a real exemplar of the pack has 1.
# `soft` is the share of the base's own answers in the targets of the exemplars; the rest is their label.
SETTINGS = [{"weight": weight, "soft": soft} for soft in (0.5, 0.9) for weight in (0.3, 1.0, 2.0)]
DEFAULT = {"weight": 1.0, "soft": 0.5}
SEARCH_STEPS = 40  # instead of all steps, while the settings are compared
VALIDATION_EVERY = 4  # one exemplar of the pack in four measures the loss on base data meanwhile
# The drop on those exemplars that is allowed, or that share of the errors on them. Measured on sketches: they lose 0.3
# points more than the base test does, because the base was trained on them.
ALLOWED_DROP, ALLOWED_DROP_OF_ERRORS = 0.001, 0.2

MAX_DRAWINGS_SHARE = 0.5  # weight of all drawings, at most, as a share of the weight of all exemplars
MAX_NEGATIVE_WEIGHT = 3.0  # of a negative exemplar, at most: the drawings bring no negatives and would outweigh them
# The weight of all negatives is limited too, or they would outweigh a small pack:
NEGATIVES_SHARE = 0.4  # of the weight of the real exemplars,
NEGATIVES_DRAWINGS_SHARE = 0.2  # plus so much of the drawings' weight, beside which they would else be too light

# Of as many "not sure" as before: 1 % of few drawings is no exact measure, and the gate is strict.
UNSURE_FACTOR = 0.9
MIN_UNSURE = 0.004  # share of the real exemplars that stays "not sure"; it is about 1 % of drawings never trained on
MAX_COMPARED = 200  # drawings, to compare both model files


def finetune(
    base: Bundle, drawings: ApprovedDrawings, *, seed: int, report: ProgressCallback, check: BaseCheck | None = None
) -> Bundle:
    """Return the base with another last layer; see `ml.training.finetune.finetune`. Needs no TensorFlow.

    `check` measures what the settings forget; without it a part of the replay pack does.
    """
    predictor, pack = verify_bundle(base), read_pack(base.rehearsal)
    embeddings = _embed_variants(predictor, drawings, base.raster, np.random.default_rng(seed), report)
    before = predictor.head()
    trusted = choose_trusted(before, pack, embeddings[0], drawings)
    chosen, taken = select_drawings(drawings, trusted), embeddings[:, trusted]
    measured = _measure_on_base(predictor, check, pack) if check else _measure_on_pack(before, pack)
    choice = _choose_settings(before, pack, measured, taken, chosen, seed, report)
    fit = LastLayerFit(before, pack, taken, chosen)
    after = fit.run(choice.settings, report=_step_reporter(report, softmax.STEPS, LAYERS))
    report({"step": "export"})
    tflite, keras_file = replace_tflite_head(base.tflite, after), replace_keras_head(base.keras, after)
    labels = len(base.slugs)
    exemplars = pack.study[pack.study_labels < labels]
    answers = [softmax.predict_head(head, exemplars)[:, :labels] for head in (before, after)]
    bundle = assemble_bundle(
        tflite,
        keras_file,
        **manifest_of_base(base),
        unsure_below=softmax.move_unsure_limit(
            base.manifest["unsure_below"], *answers, least=MIN_UNSURE, factor=UNSURE_FACTOR
        ),
        training={
            **training_record(base, trusted, mode="head", seed=seed),
            "choices": [choice.record],
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
    if drawings.authors is None or drawings.unreviewed is None:
        return np.ones(len(drawings.labels), bool)
    authors = np.where(drawings.unreviewed, drawings.authors, -1)
    trusted = find_trusted(head, pack, embeddings, drawings.labels, authors)
    if not trusted.any():
        raise ApprovedDrawingsError(
            "The labels of every author contradict the base and the other authors. Have their drawings reviewed."
        )
    return trusted


class _Forgetting(NamedTuple):
    """How the loss on base data is measured while the settings are compared."""

    drop: Callable[[Head], float]
    """By how much the accuracy of a last layer is lower than that of the base, mean over labels, 0 to 1."""
    allowed: float
    exemplars: np.ndarray
    """bool (m,): the rows of the pack that may be trained on meanwhile."""


def _measure_on_base(predictor: Predictor, check: BaseCheck, pack: ReplayPack) -> _Forgetting:
    embeddings = predictor.predict(check.rasters).embeddings

    def drop(head: Head) -> float:
        return check.drop(softmax.predict_head(head, embeddings)[:, :-1])

    return _Forgetting(drop, check.allowed, np.ones(len(pack.study), bool))


def _measure_on_pack(before: Head, pack: ReplayPack) -> _Forgetting:
    """On exemplars that are not trained on meanwhile."""
    rows = np.arange(len(pack.study)) % VALIDATION_EVERY == 0  # the pack is in the order of the labels
    real = rows & (pack.study_labels < len(before.bias) - 1)

    def accuracy(head: Head) -> float:
        return base_accuracy(softmax.predict_head(head, pack.study[real])[:, :-1], pack.study_labels[real])

    base = accuracy(before)
    allowed = max(ALLOWED_DROP, ALLOWED_DROP_OF_ERRORS * (1 - base))
    return _Forgetting(lambda head: base - accuracy(head), allowed, ~rows)


def _choose_settings(
    before: Head,
    pack: ReplayPack,
    forgetting: _Forgetting,
    embeddings: np.ndarray,
    drawings: ApprovedDrawings,
    seed: int,
    report: ProgressCallback,
) -> Choice:
    """Fit the layer with each of the settings, without the validation drawings."""
    held = choose_validation(drawings, seed)
    if not held.any():
        return defaults(LAYERS, DEFAULT)
    validation, examples = select_drawings(drawings, held), embeddings[0][held]

    def candidate(settings: dict[str, float], head: Head) -> Candidate:
        answers = softmax.predict_head(head, examples)[:, :-1]
        return Candidate.of(settings, answers, validation.labels, drop=forgetting.drop(head))

    rest = select_drawings(drawings, ~held)
    fit = LastLayerFit(before, pack, embeddings[:, ~held], rest, exemplars=forgetting.exemplars)
    candidates = []
    for number, settings in enumerate(SETTINGS, 1):
        report({"step": "choosing the settings", "epoch": number, "epochs": len(SETTINGS)})
        candidates.append(candidate(settings, fit.run(settings, steps=SEARCH_STEPS)))
    return choose(LAYERS, candidate({}, before), candidates, forgetting.allowed, validation)


class LastLayerFit:
    """Trains the last layer on exemplars of the pack and on drawings, with any settings.

    `embeddings` of the drawings are float32 (variants, n, width); `exemplars`, bool (m,), are the rows of the pack to
    train on (default: all).
    """

    def __init__(
        self,
        head: Head,
        pack: ReplayPack,
        embeddings: np.ndarray,
        drawings: ApprovedDrawings,
        exemplars: np.ndarray | None = None,
    ) -> None:
        chosen = np.ones(len(pack.study), bool) if exemplars is None else exemplars
        self._head, self._study, self._labels = head, pack.study[chosen], pack.study_labels[chosen]
        self._answers = softmax.predict_head(head, self._study)  # (m, classes)
        self._drawings = drawings
        self._variants, _, width = embeddings.shape
        self._embeddings = embeddings.reshape(-1, width)

    def run(
        self,
        settings: dict[str, float],
        *,
        steps: int = softmax.STEPS,
        report: softmax.StepCallback = lambda step, loss: None,
    ) -> Head:
        """Return the trained layer."""
        classes = len(self._head.bias)
        one_hot = np.eye(classes, dtype=np.float32)
        soft = settings["soft"]
        targets = soft * self._answers + (1 - soft) * one_hot[self._labels]
        layer = softmax.fit_head(
            self._head,
            np.concatenate([self._study, self._embeddings]),
            np.concatenate([targets, one_hot[np.tile(self._drawings.labels, self._variants)]]),
            self._weights(settings["weight"], negative=self._labels == classes - 1),
            steps=steps,
            report=report,
        )
        return softmax.keep_share(layer, self._head, self._study, without=self._labels_without_drawings(classes))

    def _weights(self, weight: float, negative: np.ndarray) -> np.ndarray:
        """The weight of each row in the loss: exemplars, then drawings."""
        drawings = np.tile(weights_of(self._drawings) * weight / self._variants, self._variants)
        drawings *= min(1.0, MAX_DRAWINGS_SHARE * len(self._study) / max(float(drawings.sum()), 1e-9))
        all_negatives = NEGATIVES_SHARE * int((~negative).sum()) + NEGATIVES_DRAWINGS_SHARE * float(drawings.sum())
        negative_weight = min(MAX_NEGATIVE_WEIGHT, all_negatives / max(int(negative.sum()), 1))
        return np.concatenate([np.where(negative, negative_weight, 1.0), drawings])

    def _labels_without_drawings(self, classes: int) -> np.ndarray:
        """bool (classes,); "other" is neither with nor without."""
        without = np.bincount(self._drawings.labels, minlength=classes) == 0
        without[-1] = False
        return without


def _step_reporter(report: ProgressCallback, steps: int, title: str) -> softmax.StepCallback:
    start = time.monotonic()

    def report_step(step: int, loss: float) -> None:
        left = (time.monotonic() - start) / step * (steps - step)
        report({"step": title, "epoch": step, "epochs": steps, "loss": loss, "seconds_left": left})

    return report_step


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
