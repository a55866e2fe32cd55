"""Give champion and challenger the same tests, and let the gate judge the answers.

Both models answer the field test and the base test of the recognizer as they serve. The negatives are embeddings in
each bundle's own replay pack, answered by its last layer. A recognizer without a base test has embeddings of test
drawings in the packs, which are used instead.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from ml.bundles.build import keras_probabilities
from ml.bundles.bundle import Bundle, BundleError, probe_rasters, verify_bundle
from ml.bundles.predictor import Predictor
from ml.data.approved import ApprovedDrawings, check_drawings
from ml.embeddings import softmax
from ml.embeddings.replay_pack import ReplayPack, have_same_test, read_pack
from ml.evaluation.base_test import BaseTest
from ml.evaluation.compare import ExamAnswers, ModelAnswers, independent_units
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
    base_test: BaseTest | None = None,
) -> GateVerdict:
    """Return the gate's verdict on the challenger beside the champion.

    `field` are drawings that neither model was trained on. `by_author` says that none of their authors drew anything
    the challenger was trained on; `authors` is how many drew them. With `starter`, the bundle from which both came,
    the challenger must not have lost too much beside it either. `base_test` is the recognizer's. Raises BundleError for
    a bundle or a base test that must not be used, and ApprovedDrawingsError for drawings that do not fit. Needs
    TensorFlow, unless the challenger's two model files were compared when its last layer was replaced.
    """
    check_drawings(field, len(challenger.slugs), challenger.raster.size)
    if base_test and not base_test.fits(challenger):
        raise BundleError("The base test of the recognizer has other labels or another raster than the new version.")
    starter = starter or champion
    # Drawings of one person are not independent, if there are enough people to count instead.
    units = np.arange(len(field.labels))
    if by_author and field.authors is not None:
        units = independent_units(field.authors)
    before, after = (_answer_tests(bundle, challenger, field, base_test) for bundle in (champion, challenger))
    difference, compared = _compare_model_files(challenger, after.predictor, field)

    def exam_beside(old: _TestedModel) -> ExamAnswers:
        return ExamAnswers(
            challenger.slugs,
            *_pair(old, after),
            base_truth=base_test.labels if base_test else _common_test(old.pack, after.pack),
            field_truth=field.labels,
            by_author=by_author,
            authors=authors,
            units=units,
            difference=difference,
            compared=compared,
            tflite=max(len(bundle.tflite) for bundle in (old.bundle, starter)),
            keras=max(len(bundle.keras) for bundle in (old.bundle, starter)),
        )

    verdict = judge(exam_beside(before))
    if starter.tflite == champion.tflite:
        return verdict
    return compare_with_starter(verdict, exam_beside(_answer_tests(starter, challenger, field, base_test)))


class _TestedModel(NamedTuple):
    """A model and its answers, float (n, labels)."""

    bundle: Bundle
    predictor: Predictor
    pack: ReplayPack
    base: np.ndarray | None
    """To the base test of the recognizer, if it has one."""
    field: np.ndarray


def _answer_tests(
    bundle: Bundle, challenger: Bundle, field: ApprovedDrawings, base_test: BaseTest | None
) -> _TestedModel:
    """The answers of a model that is compared with the challenger, or of the challenger itself."""
    if bundle.slugs != challenger.slugs:
        raise BundleError(f"The bundles have other labels: {', '.join(bundle.slugs)}; {', '.join(challenger.slugs)}.")
    if bundle.raster != challenger.raster:
        raise BundleError(f"The bundles use other rasters: {bundle.raster}; {challenger.raster}.")
    predictor = verify_bundle(bundle)
    return _TestedModel(
        bundle,
        predictor,
        _read_pack(bundle, predictor),
        base=predictor.predict(base_test.rasters).probabilities if base_test else None,
        field=predictor.predict(field.rasters).probabilities,
    )


def _pair(old: _TestedModel, new: _TestedModel) -> tuple[ModelAnswers, ModelAnswers]:
    """The answers of both to what they have in common. Tests that are not the same are left out of both."""
    count = len(_common_test(old.pack, new.pack))
    negatives = len(old.pack.junk) if len(old.pack.junk) == len(new.pack.junk) else 0
    latencies = measure_latency(old.predictor, new.predictor, probe_rasters(new.bundle.manifest))

    def answers(model: _TestedModel, latency_ms: float) -> ModelAnswers:
        head, labels = model.predictor.head(), len(model.bundle.slugs)
        # Without "other", as the model serves.
        packed, junk = (
            softmax.predict_head(head, part)[:, :labels]
            for part in (model.pack.test[:count], model.pack.junk[:negatives])
        )
        return ModelAnswers(
            base=packed if model.base is None else model.base,
            field=model.field,
            junk=junk,
            unsure_below=float(model.bundle.manifest["unsure_below"]),
            tflite=len(model.bundle.tflite),
            keras=len(model.bundle.keras),
            latency_ms=latency_ms,
        )

    return answers(old, latencies[0]), answers(new, latencies[1])


def _common_test(one: ReplayPack, other: ReplayPack) -> np.ndarray:
    """The labels of the test that both packs hold, int (n,). Empty if they differ: evidence is missing then."""
    return other.test_labels if have_same_test(one, other) else other.test_labels[:0]


def _read_pack(bundle: Bundle, predictor: Predictor) -> ReplayPack:
    """The bundle's replay pack; an empty one if it has none."""
    if bundle.rehearsal:
        return read_pack(bundle.rehearsal)
    none, labels = np.zeros((0, predictor.embedding_size), np.float32), np.zeros(0, np.int64)
    return ReplayPack(none, labels, none, labels, none)


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
