"""Figures worked out by hand come out of the evaluation."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from ml.data.labelled_files import (
    NEGATIVE_LABEL,
)
from ml.evaluation.metrics import calibration_error, evaluate_answers

SLUGS = ["0", "1", "2", "3"]
ANSWERS = np.array(
    [
        [0.9, 0.05, 0.03, 0.01],  # right, sure
        [0.6, 0.3, 0.05, 0.05],  # wrong (1), second
        [0.1, 0.8, 0.05, 0.05],  # right
        [0.3, 0.25, 0.2, 0.1],  # wrong (3), fourth, unsure
        [0.2, 0.1, 0.4, 0.1],  # right, unsure
        [0.1, 0.2, 0.1, 0.1],  # junk, unsure
        [0.1, 0.7, 0.1, 0.1],  # junk, answered
    ]
)
TRUTH = np.array([0, 1, 1, 3, 2, NEGATIVE_LABEL, NEGATIVE_LABEL])
WRITERS = ["ann", "ann", "bob", "bob", "", "", "bob"]


# Measuring


def test_it_counts_right_answers_and_leaves_junk_out() -> None:
    report = evaluate_answers(ANSWERS, TRUTH, SLUGS, unsure_below=0.5)
    assert report.count == 5
    assert report.accuracy == pytest.approx(3 / 5)
    assert report.top3 == pytest.approx(4 / 5)
    assert report.unsure == pytest.approx(2 / 5)
    assert report.accuracy_when_sure == pytest.approx(2 / 3)


def test_junk_should_be_unsure() -> None:
    report = evaluate_answers(ANSWERS, TRUTH, SLUGS, unsure_below=0.5)
    assert report.junk_count == 2
    assert report.junk_unsure == pytest.approx(1 / 2)


def test_it_tells_labels_apart() -> None:
    labels = {label.slug: label for label in evaluate_answers(ANSWERS, TRUTH, SLUGS, unsure_below=0.5).labels}
    assert (labels["1"].count, labels["1"].accuracy, labels["1"].unsure) == (2, 0.5, 0.0)
    assert (labels["2"].count, labels["2"].accuracy, labels["2"].unsure) == (1, 1.0, 1.0)
    assert labels["3"].accuracy == 0.0


def test_the_confusion_matrix_has_the_truth_in_its_rows() -> None:
    confusion = evaluate_answers(ANSWERS, TRUTH, SLUGS, unsure_below=0.5).confusion
    assert confusion == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]


def test_it_tells_writers_apart_the_worst_first() -> None:
    writers = evaluate_answers(ANSWERS, TRUTH, SLUGS, unsure_below=0.5, groups=WRITERS).writers
    assert [(w.slug, w.count, w.accuracy) for w in writers] == [("ann", 2, 0.5), ("bob", 2, 0.5)]
    better = evaluate_answers(
        ANSWERS, np.array([0, 0, 1, 3, 2, NEGATIVE_LABEL, NEGATIVE_LABEL]), SLUGS, unsure_below=0.5, groups=WRITERS
    ).writers
    assert [w.slug for w in better] == ["bob", "ann"]


def test_without_writers_there_is_no_table_of_them() -> None:
    assert evaluate_answers(ANSWERS, TRUTH, SLUGS, unsure_below=0.5).writers == []


def test_a_label_without_drawings_has_no_accuracy() -> None:
    report = evaluate_answers(ANSWERS[:1], TRUTH[:1], SLUGS, unsure_below=0.5)
    assert math.isnan(report.labels[3].accuracy)
    assert report.to_dict()["labels"][3]["accuracy"] is None
    json.dumps(report.to_dict(), allow_nan=False)


def test_junk_alone_can_be_measured() -> None:
    report = evaluate_answers(ANSWERS[5:], TRUTH[5:], SLUGS, unsure_below=0.5)
    assert report.count == 0
    assert math.isnan(report.accuracy)
    assert report.junk_unsure == 0.5
    json.dumps(report.to_dict(), allow_nan=False)


def test_equal_probabilities_do_not_push_the_right_label_out_of_the_first_three() -> None:
    assert evaluate_answers(np.full((1, 4), 0.25), np.array([3]), SLUGS, 0.5).top3 == 1.0


def test_answers_as_right_as_they_are_confident_are_calibrated() -> None:
    confidences = np.full(100, 0.75)
    assert calibration_error(confidences, np.arange(100) < 75) == pytest.approx(0)


def test_overconfidence_is_a_calibration_error() -> None:
    assert calibration_error(np.full(10, 0.9), np.arange(10) < 5) == pytest.approx(0.4)


def test_errors_of_two_bins_are_weighted_by_their_answers() -> None:
    confidences = np.array([0.95] * 3 + [0.35])
    right = np.array([True, True, True, True])
    assert calibration_error(confidences, right) == pytest.approx((3 * 0.05 + 0.65) / 4)


def test_over_and_under_confidence_in_one_bin_cancel_and_in_two_do_not() -> None:
    assert calibration_error(np.array([0.61, 0.61]), np.array([True, False])) == pytest.approx(0.11)
    assert calibration_error(np.array([1.0, 0.0]), np.array([False, True])) == pytest.approx(1.0)
