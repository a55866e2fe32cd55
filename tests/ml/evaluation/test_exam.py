"""The exam: both models answer the same tests, through the code that serves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ml.bundles.build import assemble_bundle, export_bundle
from ml.bundles.bundle import Bundle, BundleError, probe_rasters, verify_bundle, with_replay_pack
from ml.bundles.predictor import Head
from ml.bundles.replace_head import replace_keras_head, replace_tflite_head
from ml.data.approved import ApprovedDrawings, ApprovedDrawingsError
from ml.embeddings import replay_pack
from ml.evaluation import exam, gate
from ml.evaluation.exam import examine
from ml.evaluation.gate import NOT_ENOUGH_EVIDENCE, PASSED, REFUSED
from ml.recipes.base import Material
from tests.ml.tiny import tiny_network
from tests.ml.trained import LABELS, approved_drawings


@pytest.fixture(scope="module")
def field() -> ApprovedDrawings:
    return approved_drawings(40, 20)


@pytest.fixture(scope="module")
def untrained(training_material: Material) -> Bundle:
    """A network that has learned nothing, of the same form."""
    probe = training_material.validation["digits"].x[:8]
    bundle = export_bundle(
        tiny_network(4), recognizer="three-digits", labels=LABELS, unsure_below=0.5, probe=probe, metrics={},
        training={}, quantise=True,
    )  # fmt: skip
    return replay_pack.add_replay_pack(bundle, training_material)


def with_sums(bundle: Bundle) -> dict[str, Any]:
    """The manifest with the checksum of what is there, and what was compared when a last layer is put in place."""
    sums = {**bundle.manifest["sha256"], "keras": hashlib.sha256(bundle.keras).hexdigest()}
    return {**bundle.manifest, "sha256": sums, "training": {"agreement": {"difference": 0.0, "compared": 1}}}


def test_a_model_compared_with_itself_has_the_same_figures(trained_base: Bundle, field: ApprovedDrawings) -> None:
    verdict = examine(trained_base, trained_base, field, by_author=True, authors=2)

    assert verdict.figures["base"]["before"] == verdict.figures["base"]["after"]
    assert (verdict.figures["field"]["wins"], verdict.figures["field"]["losses"]) == (0, 0)
    assert verdict.before == verdict.after
    assert verdict.figures["junk"]["count"] == 80
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_a_better_model_wins(untrained: Bundle, trained_base: Bundle, field: ApprovedDrawings) -> None:
    verdict = examine(untrained, trained_base, field, by_author=True, authors=2)

    assert verdict.figures["field"]["wins"] > 10
    assert verdict.figures["base"]["after"] > verdict.figures["base"]["before"] + 0.3


def test_a_worse_model_is_refused_by_each_rule_it_breaks(
    untrained: Bundle, trained_base: Bundle, field: ApprovedDrawings
) -> None:
    verdict = examine(trained_base, untrained, field, by_author=True, authors=2)

    assert verdict.outcome == REFUSED
    assert {result.rule for result in verdict.results if result.outcome == REFUSED} >= {"field", "base", "labels"}


def test_the_base_test_is_the_one_of_the_data_set(
    trained_base: Bundle, training_material: Material, field: ApprovedDrawings
) -> None:

    test = training_material.tests["other digits"]
    answers = verify_bundle(trained_base).predict(test.x).probabilities.argmax(axis=1)

    measured = examine(trained_base, trained_base, field, by_author=True, authors=2).figures["base"]

    assert measured["count"] == 300
    assert measured["before"] == pytest.approx((answers == test.y).mean(), abs=0.007)


def test_the_figures_name_the_number_of_authors(trained_base: Bundle, field: ApprovedDrawings) -> None:
    figures = examine(trained_base, trained_base, field, by_author=False, authors=1).figures["field"]

    assert (figures["count"], figures["authors"], figures["by_author"]) == (40, 1, False)


def test_without_drawings_there_is_not_enough_evidence(trained_base: Bundle, field: ApprovedDrawings) -> None:
    none = ApprovedDrawings(field.rasters[:0], [], field.labels[:0])

    verdict = examine(trained_base, trained_base, none, by_author=False, authors=0)

    assert verdict.outcome == NOT_ENOUGH_EVIDENCE
    assert verdict.before == []


def test_without_a_replay_pack_there_is_not_enough_evidence(trained_base: Bundle, field: ApprovedDrawings) -> None:
    old = replace(trained_base, rehearsal=b"")

    verdict = examine(old, trained_base, field, by_author=True, authors=2)

    assert verdict.outcome == NOT_ENOUGH_EVIDENCE
    assert verdict.figures["base"]["count"] == verdict.figures["junk"]["count"] == 0
    assert [result.rule for result in verdict.results if result.outcome == NOT_ENOUGH_EVIDENCE] == ["base"]


def test_different_base_tests_are_not_compared(trained_base: Bundle, field: ApprovedDrawings) -> None:
    packed = replay_pack.read_pack(trained_base.rehearsal)
    other = with_replay_pack(
        trained_base, replay_pack.write_pack(packed._replace(test=packed.test[:9], test_labels=packed.test_labels[:9]))
    )

    assert examine(other, trained_base, field, by_author=True, authors=2).figures["base"]["count"] == 0


def test_bundles_with_different_labels_are_refused(trained_base: Bundle, field: ApprovedDrawings) -> None:
    labels = [*LABELS[:2], {"slug": "two", "glyph": "2", "name": "two"}]
    other = replace(trained_base, manifest={**trained_base.manifest, "labels": labels})

    with pytest.raises(BundleError, match="0, 1, 2; 0, 1, two"):
        examine(trained_base, other, field, by_author=True, authors=2)


def test_bundles_with_different_rasters_are_refused(trained_base: Bundle, field: ApprovedDrawings) -> None:
    other = replace(trained_base, manifest={**trained_base.manifest, "raster": {"size": 28, "box": 24, "pen": 2}})

    with pytest.raises(BundleError, match=r"RasterSpec.*RasterSpec"):
        examine(other, trained_base, field, by_author=True, authors=2)


def test_a_challenger_may_be_as_large_as_the_starter(trained_base: Bundle, field: ApprovedDrawings) -> None:
    """A newer starter may be larger than the champion; what comes of it must not be refused for ever."""
    larger = replace(trained_base, keras=trained_base.keras * 2)
    large = replace(larger, manifest=with_sums(larger))

    def size(starter: Bundle | None) -> str:
        verdict = examine(trained_base, large, field, by_author=True, authors=2, starter=starter)
        return next(result.outcome for result in verdict.results if result.rule == "size")

    assert (size(None), size(large)) == (REFUSED, PASSED)


def test_a_field_test_of_other_labels_is_refused(trained_base: Bundle, field: ApprovedDrawings) -> None:
    with pytest.raises(ApprovedDrawingsError, match="0 to 2"):
        examine(trained_base, trained_base, field._replace(labels=field.labels + 1), by_author=True, authors=2)


def test_a_broken_challenger_is_not_examined(trained_base: Bundle, field: ApprovedDrawings) -> None:
    with pytest.raises(BundleError, match="sha256"):
        examine(trained_base, replace(trained_base, tflite=b"broken"), field, by_author=True, authors=2)


def test_an_exported_model_that_differs_from_its_keras_model_is_refused(
    trained_base: Bundle, untrained: Bundle, field: ApprovedDrawings
) -> None:
    sums = {**trained_base.manifest["sha256"], "keras": untrained.manifest["sha256"]["keras"]}
    mixed = replace(trained_base, manifest={**trained_base.manifest, "sha256": sums}, keras=untrained.keras)

    verdict = examine(trained_base, mixed, field, by_author=True, authors=2)

    assert verdict.outcome == REFUSED
    assert verdict.figures["agreement"]["difference"] > gate.MAX_DIFFERENCE
    assert "export" in [result.rule for result in verdict.results if result.outcome == REFUSED]


def test_both_are_timed_in_turn(trained_base: Bundle) -> None:

    predictor = verify_bundle(trained_base)

    before, after = exam.measure_latency(predictor, predictor, np.zeros((3, 28, 28), np.uint8))

    assert 0 < before < 100
    assert after < 5 * before


def test_a_higher_probability_of_the_right_label_lowers_the_log_loss(
    trained_base: Bundle, field: ApprovedDrawings
) -> None:
    weaker = softened(trained_base)

    verdict = examine(weaker, trained_base, field, by_author=True, authors=2)

    assert verdict.figures["field"]["wins"] == verdict.figures["field"]["losses"] == 0
    assert verdict.figures["field"]["log_loss"]["after"] < verdict.figures["field"]["log_loss"]["before"]


def softened(bundle: Bundle) -> Bundle:
    """The same model, less sure of everything."""
    head = verify_bundle(bundle).head()
    soft = Head(head.weights / 2, head.bias / 2)
    exported = assemble_bundle(
        replace_tflite_head(bundle.tflite, soft), replace_keras_head(bundle.keras, soft),
        recognizer="three-digits", labels=LABELS,
        unsure_below=0.5, probe=probe_rasters(bundle.manifest), metrics={}, training={}, quantised=True,
    )  # fmt: skip
    return with_replay_pack(exported, bundle.rehearsal)


def test_model_files_that_were_compared_before_are_not_compared_again(
    trained_base: Bundle, field: ApprovedDrawings
) -> None:
    training = {**trained_base.manifest["training"], "agreement": {"difference": 0.2, "compared": 7}}
    known = replace(trained_base, manifest={**trained_base.manifest, "training": training})

    verdict = examine(trained_base, known, field, by_author=True, authors=2)

    assert verdict.figures["agreement"] == {"count": 7, "difference": 0.2}
    assert verdict.outcome == REFUSED
