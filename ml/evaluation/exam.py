"""Give champion and challenger the same tests, and let the gate judge the answers.

Both models answer the field test as they serve. The base test and the negatives are embeddings in each bundle's own
replay pack, answered by its last layer: the same drawings, each as seen by the trunk of that bundle.
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

MAX_COMPARED = 200  # drawings that the Keras model answers too
TIMED_CALLS = 200


def examine(
    champion: Bundle,
    challenger: Bundle,
    field: ApprovedDrawings,
    *,
    by_author: bool,
    authors: int,
    starter: Bundle | None = None,
) -> GateVerdict:
    """Return the gate's verdict on the challenger beside the champion.

    `field` are drawings that neither model was trained on. `by_author` says that none of their authors drew anything
    the challenger was trained on; `authors` is how many drew them. With `starter`, the bundle from which both came,
    the challenger must not have lost too much beside it either. Raises BundleError for a bundle that must not be
    used, and ApprovedDrawingsError for drawings that do not fit. Needs TensorFlow, unless the challenger's two model
    files were compared when its last layer was replaced.
    """
    verdict = judge(_collect_answers(champion, challenger, field, by_author, authors, starter))
    if starter is None or starter.tflite == champion.tflite:
        return verdict
    return compare_with_starter(verdict, _collect_answers(starter, challenger, field, by_author, authors, starter))


def _collect_answers(
    champion: Bundle, challenger: Bundle, field: ApprovedDrawings, by_author: bool, authors: int, starter: Bundle | None
) -> ExamAnswers:
    check_drawings(field, len(challenger.slugs), challenger.raster.size)
    if champion.slugs != challenger.slugs:
        raise BundleError(f"The bundles have other labels: {', '.join(champion.slugs)}; {', '.join(challenger.slugs)}.")
    if champion.raster != challenger.raster:
        raise BundleError(f"The bundles use other rasters: {champion.raster}; {challenger.raster}.")
    old, new = verify_bundle(champion), verify_bundle(challenger)
    old_pack, new_pack = _read_pack(champion, old), _read_pack(challenger, new)
    # Tests that are not the same are left out; the gate then says that evidence is missing.
    if not have_same_test(old_pack, new_pack):
        old_pack, new_pack = (
            pack._replace(test=pack.test[:0], test_labels=pack.test_labels[:0]) for pack in (old_pack, new_pack)
        )
    if len(old_pack.junk) != len(new_pack.junk):
        old_pack, new_pack = (pack._replace(junk=pack.junk[:0]) for pack in (old_pack, new_pack))
    old_ms, new_ms = measure_latency(old, new, probe_rasters(challenger.manifest))
    difference, compared = _compare_model_files(challenger, new, field)
    references = [champion, starter or champion]
    return ExamAnswers(
        slugs=challenger.slugs,
        champion=_answer_tests(champion, old, old_pack, field, old_ms),
        challenger=_answer_tests(challenger, new, new_pack, field, new_ms),
        base_truth=new_pack.test_labels,
        field_truth=field.labels,
        by_author=by_author,
        authors=authors,
        difference=difference,
        compared=compared,
        tflite=max(len(bundle.tflite) for bundle in references),
        keras=max(len(bundle.keras) for bundle in references),
    )


def _read_pack(bundle: Bundle, predictor: Predictor) -> ReplayPack:
    """The bundle's replay pack; an empty one if it has none."""
    if bundle.rehearsal:
        return read_pack(bundle.rehearsal)
    none, labels = np.zeros((0, predictor.embedding_size), np.float32), np.zeros(0, np.int64)
    return ReplayPack(none, labels, none, labels, none)


def _answer_tests(
    bundle: Bundle, predictor: Predictor, pack: ReplayPack, field: ApprovedDrawings, latency_ms: float
) -> ModelAnswers:
    head, labels = predictor.head(), len(bundle.slugs)
    return ModelAnswers(
        base=softmax.predict_head(head, pack.test)[:, :labels],  # without "other", as the model serves
        field=predictor.predict(field.rasters).probabilities,
        junk=softmax.predict_head(head, pack.junk)[:, :labels],
        unsure_below=float(bundle.manifest["unsure_below"]),
        tflite=len(bundle.tflite),
        keras=len(bundle.keras),
        latency_ms=latency_ms,
    )


def measure_latency(old: Predictor, new: Predictor, rasters: np.ndarray) -> tuple[float, float]:
    """Return the median milliseconds of one answer of each model; `rasters` is uint8 (n, size, size).

    The models answer in turn, so that a busy machine slows down both.
    """
    times = np.empty((2, TIMED_CALLS))
    for call in range(TIMED_CALLS):
        raster = rasters[call % len(rasters)][np.newaxis]
        for row, predictor in enumerate((old, new)):
            start = time.perf_counter()
            predictor.predict(raster)
            times[row, call] = time.perf_counter() - start
    before, after = np.median(times, axis=1) * 1_000
    return float(before), float(after)


def _compare_model_files(bundle: Bundle, predictor: Predictor, field: ApprovedDrawings) -> tuple[float, int]:
    """The largest difference in probability between the two model files, and on how many drawings."""
    if known := bundle.manifest["training"].get("agreement"):
        return float(known["difference"]), int(known["compared"])
    rasters = np.concatenate([probe_rasters(bundle.manifest), field.rasters])[:MAX_COMPARED]
    answers = predictor.predict(rasters).probabilities  # (n, labels)
    return float(np.abs(keras_probabilities(bundle, rasters) - answers).max()), len(rasters)
