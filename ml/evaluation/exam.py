"""Ask champion and challenger the same questions, and let the gate judge.

The field test is answered by the models as they serve. The base test and the junk are embeddings in
each bundle's own rehearsal pack, answered by its last layer: the same base, whatever the trunk.
"""

from __future__ import annotations

import time

import numpy as np

from ml.bundles.build import keras_probabilities
from ml.bundles.bundle import Bundle, BundleError, probe_rasters, verify_bundle
from ml.bundles.predictor import Predictor
from ml.data.approved import ApprovedDrawings, check_drawings
from ml.embeddings import softmax
from ml.embeddings.replay_pack import ReplayPack, have_same_test, read_pack
from ml.evaluation.compare import ExamAnswers, ModelAnswers
from ml.evaluation.gate import GateVerdict, compare_with_starter, judge

COMPARED = 200  # drawings at most that the Keras model answers too
CALLS = 200  # that are timed


def examine(
    champion: Bundle,
    challenger: Bundle,
    field: ApprovedDrawings,
    *,
    by_author: bool,
    authors: int,
    starter: Bundle | None = None,
) -> GateVerdict:
    """Examine both on the field test, which neither was taught with, on the base test and on junk.

    Beside the `starter`, from which both came, the challenger must not have lost too much either.

    `by_author`: nobody who drew `field` taught the challenger; `authors`: how many drew it. Raises
    BundleError for a bundle that must not be used. Needs TensorFlow to compare the challenger's two
    models, unless they were compared when its last layer was put in place.
    """
    verdict = judge(_sit(champion, challenger, field, by_author, authors, starter))
    if starter is None or starter.tflite == champion.tflite:
        return verdict
    return compare_with_starter(verdict, _sit(starter, challenger, field, by_author, authors, starter))


def _sit(
    champion: Bundle, challenger: Bundle, field: ApprovedDrawings, by_author: bool, authors: int, starter: Bundle | None
) -> ExamAnswers:
    known = [champion, starter or champion]
    check_drawings(field, len(challenger.slugs), challenger.raster.size)
    if champion.slugs != challenger.slugs:
        raise BundleError(f"They know different labels: {', '.join(champion.slugs)}; {', '.join(challenger.slugs)}.")
    if champion.raster != challenger.raster:
        raise BundleError(f"They see ink on different rasters: {champion.raster}; {challenger.raster}.")
    old, new = verify_bundle(champion), verify_bundle(challenger)
    old_pack, new_pack = _pack(champion, old), _pack(challenger, new)
    if not have_same_test(old_pack, new_pack):
        old_pack, new_pack = _without_test(old_pack), _without_test(new_pack)
    if len(old_pack.junk) != len(new_pack.junk):
        old_pack, new_pack = (pack._replace(junk=pack.junk[:0]) for pack in (old_pack, new_pack))
    old_ms, new_ms = measure_latency(old, new, probe_rasters(challenger.manifest))
    difference, compared = _difference(challenger, new, field)
    return ExamAnswers(
        slugs=challenger.slugs,
        champion=_side(champion, old, old_pack, field, old_ms),
        challenger=_side(challenger, new, new_pack, field, new_ms),
        base_truth=new_pack.test_labels,
        field_truth=field.labels,
        by_author=by_author,
        authors=authors,
        difference=difference,
        compared=compared,
        tflite=max(len(bundle.tflite) for bundle in known),
        keras=max(len(bundle.keras) for bundle in known),
    )


def _pack(bundle: Bundle, predictor: Predictor) -> ReplayPack:
    """The bundle's pack; an empty one where it has none, which the gate calls not enough evidence."""
    if bundle.rehearsal:
        return read_pack(bundle.rehearsal)
    none, labels = np.zeros((0, predictor.embedding_size), np.float32), np.zeros(0, np.int64)
    return ReplayPack(none, labels, none, labels, none)


def _without_test(pack: ReplayPack) -> ReplayPack:
    return pack._replace(test=pack.test[:0], test_labels=pack.test_labels[:0])


def _side(
    bundle: Bundle, predictor: Predictor, pack: ReplayPack, field: ApprovedDrawings, latency_ms: float
) -> ModelAnswers:
    head, labels = predictor.head(), len(bundle.slugs)
    return ModelAnswers(
        base=softmax.predict_head(head, pack.test)[:, :labels],
        field=predictor.predict(field.rasters).probabilities,
        junk=softmax.predict_head(head, pack.junk)[:, :labels],
        unsure_below=float(bundle.manifest["unsure_below"]),
        tflite=len(bundle.tflite),
        keras=len(bundle.keras),
        latency_ms=latency_ms,
    )


def measure_latency(old: Predictor, new: Predictor, rasters: np.ndarray) -> tuple[float, float]:
    """Median milliseconds of one answer, asked in turn, so that a busy machine slows both."""
    times = np.empty((2, CALLS))
    for call in range(CALLS):
        raster = rasters[call % len(rasters)][np.newaxis]
        for place, predictor in enumerate((old, new)):
            start = time.perf_counter()
            predictor.predict(raster)
            times[place, call] = time.perf_counter() - start
    before, after = np.median(times, axis=1) * 1_000
    return float(before), float(after)


def _difference(bundle: Bundle, predictor: Predictor, field: ApprovedDrawings) -> tuple[float, int]:
    """How far the exported model is from the Keras model at most, and on how many drawings."""
    if known := bundle.manifest["training"].get("agreement"):
        return float(known["difference"]), int(known["compared"])
    rasters = np.concatenate([probe_rasters(bundle.manifest), field.rasters])[:COMPARED]
    answers = predictor.predict(rasters).probabilities
    return float(np.abs(keras_probabilities(bundle, rasters) - answers).max()), len(rasters)
