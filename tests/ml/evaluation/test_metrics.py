"""Figures worked out by hand come out of the evaluation."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.data.labelled_files import (
    NEGATIVE_LABEL,
    EvaluationError,
    LabelledDrawings,
    held_out_writers,
    join_labelled,
    label_indices,
    read_drawings,
    read_inks,
    select_labelled,
)
from ml.evaluation.metrics import calibration_error, evaluate_answers
from ml.preprocessing.image import normalise_image
from ml.preprocessing.ink import RasterSpec, parse_ink, rasterise
from tests.ml.photos import SEVEN, line_mask

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


def write_lines(path: Path, *rows: Any) -> Path:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


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


# Labels and writers


def test_labels_become_places() -> None:
    assert label_indices(["2", "0"], SLUGS).tolist() == [2, 0]


def test_unknown_labels_are_an_error_that_names_them() -> None:
    with pytest.raises(EvaluationError, match=r"Not labels of this recognizer \(0, 1, 2, 3\): eight, nine"):
        label_indices(["0", "nine", "eight"], SLUGS)


def test_unknown_labels_are_junk_when_asked_for() -> None:
    assert label_indices(["0", "nine"], SLUGS, junk=True).tolist() == [0, NEGATIVE_LABEL]


def test_a_fifth_of_the_writers_is_held_out_whoever_asks() -> None:
    writers = [f"writer-{number}" for number in range(30)]
    chosen = held_out_writers(writers)
    assert len(chosen) == 6
    assert held_out_writers([*reversed(writers), *writers, ""]) == chosen
    assert held_out_writers(["", "one"]) == []


# Reading


@pytest.mark.parametrize("name", ["drawings.jsonl", "drawings.jsonl.gz"])
def test_it_reads_ink(tmp_path: Path, name: str) -> None:
    seven = [stroke.tolist() for stroke in SEVEN]
    rows = [{"label": "7", "drawing": seven, "writer": "ann"}, {"label": 1, "drawing": [[[1, 1], [0, 9], [0, 8]]]}]
    path = write_lines(tmp_path / name, *rows, "")
    drawings = read_drawings(path)
    assert drawings.labels == ["7", "1"]
    assert drawings.writers == ["ann", ""]
    np.testing.assert_array_equal(drawings.rasters[0], rasterise(parse_ink(seven)))
    assert len(read_inks(path)) == 2


@pytest.mark.parametrize("labels", [np.array([7, 1]), np.array([7, 1], np.int8), np.array(["7", "1"])])
def test_it_reads_pictures_through_the_normaliser(tmp_path: Path, labels: np.ndarray) -> None:
    x = np.stack([line_mask(SEVEN, (90, 60), 0.5, 4), line_mask(SEVEN[:1], (90, 60), 0.5, 4)])
    np.savez(tmp_path / "pictures.npz", x=x, y=labels)
    drawings = read_drawings(tmp_path / "pictures.npz")
    assert drawings.labels == ["7", "1"]
    assert drawings.writers == ["", ""]
    np.testing.assert_array_equal(drawings.rasters[0], normalise_image(x[0], polarity="light_on_dark"))


def test_it_draws_what_it_reads_on_the_raster_of_the_bundle_that_answers(tmp_path: Path) -> None:
    spec = RasterSpec(40, 34, 2.5)
    seven = [stroke.tolist() for stroke in SEVEN]
    drawn = read_drawings(write_lines(tmp_path / "d.jsonl", {"label": "7", "drawing": seven}), spec)
    np.testing.assert_array_equal(drawn.rasters[0], rasterise(parse_ink(seven), spec))
    blank = np.zeros((90, 60), np.uint8)
    np.savez(tmp_path / "p.npz", x=np.stack([line_mask(SEVEN, (90, 60), 0.5, 4), blank]), y=[7, 7])
    pictures = read_drawings(tmp_path / "p.npz", spec).rasters
    assert pictures.shape == (2, 40, 40)
    assert [picture.any() for picture in pictures] == [True, False]


def test_it_reads_the_writers_of_pictures(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", x=np.full((1, 9, 9), 9, np.uint8), y=[1], writer=[30])
    assert read_drawings(tmp_path / "p.npz").writers == ["30"]


def test_a_blank_picture_of_a_data_set_counts_as_a_black_raster(tmp_path: Path) -> None:
    np.savez(tmp_path / "blank.npz", x=np.zeros((1, 28, 28), np.uint8), y=[0])
    assert not read_drawings(tmp_path / "blank.npz").rasters.any()


@pytest.mark.parametrize("name", ["clocks.ndjson", "clocks.ndjson.gz"])
def test_quick_draws_own_files_are_read_by_their_word(tmp_path: Path, name: str) -> None:
    line = json.dumps({"word": "alarm clock", "key_id": "5", "recognized": True, "drawing": [[[1, 9], [2, 9]]]})
    content = f"{line}\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    drawings = read_drawings(tmp_path / name)
    assert (drawings.labels, drawings.writers) == (["alarm-clock"], [""])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: Expecting"),
        ("[]", "line 2: an object with label and drawing"),
        ('{"label": "1"}', "line 2: an object with label and drawing"),
        ('{"drawing": [[[1],[1]]]}', "line 2: an object with label and drawing"),
        ('{"label": null, "drawing": [[[1],[1]]]}', "line 2: an object with label and drawing"),
        ('{"label": true, "drawing": [[[1],[1]]]}', "line 2: an object with label and drawing"),
        ('{"label": "1", "drawing": [[[1],[1, 2]]]}', "line 2: Stroke 1 must have as many x as y"),
        ('{"label": "1", "drawing": []}', "line 2: The ink has no strokes"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = write_lines(tmp_path / "bad.jsonl", {"label": "1", "drawing": [[[1], [1]]]}, line)
    with pytest.raises(EvaluationError, match=rf"bad\.jsonl, {message}"):
        read_drawings(path)


def _savez(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


PICTURES = np.zeros((2, 5, 5), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": PICTURES}, "arrays x and y are needed"),
        ({"x": PICTURES, "y": np.array([0, None], object)}, "arrays x and y are needed, of plain numbers"),
        ({"x": PICTURES, "y": [1]}, r"not uint8 \(2, 5, 5\) and \(1,\)"),
        ({"x": PICTURES.astype(float), "y": [1, 2]}, "x must be uint8"),
        ({"x": PICTURES[0], "y": [1, 2]}, "x must be uint8"),
        ({"x": PICTURES, "y": [1.0, 2.0]}, "y must hold whole numbers"),
        ({"x": PICTURES, "y": [1, 2], "writer": [1]}, "x must be"),
        ({"x": PICTURES[:0], "y": np.zeros(0, int)}, "holds no drawings"),
    ],
)
def test_pictures_in_another_form_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        read_drawings(_savez(tmp_path / "p.npz", **arrays))


@pytest.mark.parametrize("name", ["none.jsonl", "none.jsonl.gz", "none.npz"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvaluationError, match=f"{name} cannot be read: No such file"):
        read_drawings(tmp_path / name)


@pytest.mark.parametrize("name", ["broken.jsonl.gz", "broken.npz"])
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    for content in (b"what", b"\x1f\x8b\x08\x00no", b"PK\x03\x04no", b""):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EvaluationError, match=name):
            read_drawings(tmp_path / name)


def test_an_empty_file_holds_no_drawings(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="holds no drawings"):
        read_drawings(write_lines(tmp_path / "empty.jsonl", "", ""))


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"only \.jsonl, \.ndjson, these as \.gz, and \.npz files are read"):
        read_drawings(tmp_path / "drawings.csv")


def test_files_are_joined_and_drawings_selected() -> None:
    one = LabelledDrawings(np.zeros((1, 28, 28), np.uint8), ["a"], ["ann"])
    two = LabelledDrawings(np.ones((2, 28, 28), np.uint8), ["b", "c"], ["", "bob"])
    both = join_labelled([one, two])
    assert both.labels == ["a", "b", "c"]
    chosen = select_labelled(both, np.array([True, False, True]))
    assert chosen.labels == ["a", "c"]
    assert chosen.writers == ["ann", "bob"]
    assert chosen.rasters[:, 0, 0].tolist() == [0, 1]
