"""Labelled drawings are read from files, and an error names the file and the line."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.data.find_labels import LabelNames
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
from ml.preprocessing.image import normalise_image
from ml.preprocessing.ink import RasterSpec, parse_ink, rasterise
from tests.ml.photos import SEVEN, line_mask

SLUGS = ["0", "1", "2", "3"]


def write_lines(path: Path, *rows: Any) -> Path:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


# Labels and writers


def test_labels_become_indices() -> None:
    assert label_indices(["2", "0"], SLUGS).tolist() == [2, 0]


def test_unknown_labels_are_an_error_that_names_them() -> None:
    with pytest.raises(EvaluationError, match=r"\(0, 1, 2, 3\): eight, nine"):
        label_indices(["0", "nine", "eight"], SLUGS)


def test_unknown_labels_can_be_counted_as_negatives() -> None:
    assert label_indices(["0", "nine"], SLUGS, junk=True).tolist() == [0, NEGATIVE_LABEL]


def test_the_same_fifth_of_the_writers_is_held_out_in_any_order() -> None:
    writers = [f"writer-{number}" for number in range(30)]
    chosen = held_out_writers(writers)
    assert len(chosen) == 6
    assert held_out_writers([*reversed(writers), *writers, ""]) == chosen
    assert held_out_writers(["", "one"]) == []


# Reading


@pytest.mark.parametrize("name", ["drawings.jsonl", "drawings.jsonl.gz"])
def test_ink_is_read_from_json_lines(tmp_path: Path, name: str) -> None:
    seven = [stroke.tolist() for stroke in SEVEN]
    rows = [{"label": "7", "drawing": seven, "writer": "ann"}, {"label": 1, "drawing": [[[1, 1], [0, 9], [0, 8]]]}]
    path = write_lines(tmp_path / name, *rows, "")
    drawings = read_drawings(path)
    assert drawings.labels == ["7", "1"]
    assert drawings.writers == ["ann", ""]
    np.testing.assert_array_equal(drawings.rasters[0], rasterise(parse_ink(seven)))
    assert len(read_inks(path)) == 2


@pytest.mark.parametrize("labels", [np.array([7, 1]), np.array([7, 1], np.int8), np.array(["7", "1"])])
def test_pictures_are_read_through_the_normaliser(tmp_path: Path, labels: np.ndarray) -> None:
    x = np.stack([line_mask(SEVEN, (90, 60), 0.5, 4), line_mask(SEVEN[:1], (90, 60), 0.5, 4)])
    np.savez(tmp_path / "pictures.npz", x=x, y=labels)
    drawings = read_drawings(tmp_path / "pictures.npz")
    assert drawings.labels == ["7", "1"]
    assert drawings.writers == ["", ""]
    np.testing.assert_array_equal(drawings.rasters[0], normalise_image(x[0], polarity="light_on_dark"))


def test_drawings_are_read_with_a_given_raster_spec(tmp_path: Path) -> None:
    spec = RasterSpec(40, 34, 2.5)
    seven = [stroke.tolist() for stroke in SEVEN]
    drawn = read_drawings(write_lines(tmp_path / "d.jsonl", {"label": "7", "drawing": seven}), spec)
    np.testing.assert_array_equal(drawn.rasters[0], rasterise(parse_ink(seven), spec))
    blank = np.zeros((90, 60), np.uint8)
    np.savez(tmp_path / "p.npz", x=np.stack([line_mask(SEVEN, (90, 60), 0.5, 4), blank]), y=[7, 7])
    pictures = read_drawings(tmp_path / "p.npz", spec).rasters
    assert pictures.shape == (2, 40, 40)
    assert [picture.any() for picture in pictures] == [True, False]


def test_the_writers_of_pictures_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", x=np.full((1, 9, 9), 9, np.uint8), y=[1], writer=[30])
    assert read_drawings(tmp_path / "p.npz").writers == ["30"]


def test_a_blank_picture_of_a_data_set_counts_as_a_black_raster(tmp_path: Path) -> None:
    np.savez(tmp_path / "blank.npz", x=np.zeros((1, 28, 28), np.uint8), y=[0])
    assert not read_drawings(tmp_path / "blank.npz").rasters.any()


@pytest.mark.parametrize("name", ["clocks.ndjson", "clocks.ndjson.gz"])
def test_the_word_of_a_quick_draw_file_is_the_label(tmp_path: Path, name: str) -> None:
    line = json.dumps({"word": "alarm clock", "key_id": "5", "recognized": True, "drawing": [[[1, 9], [2, 9]]]})
    content = f"{line}\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    drawings = read_drawings(tmp_path / name)
    assert (drawings.labels, drawings.writers) == (["alarm clock"], [""])
    assert read_drawings(tmp_path / name, labels=CLOCKS).labels == ["alarm-clock"]


CLOCKS = (
    LabelNames("alarm-clock", "alarm clock", "⏰"),
    LabelNames("clock", "Clock", ""),
    LabelNames("7", "seven", ""),
)


@pytest.mark.parametrize("key", ["label", "word"])
def test_the_words_of_a_file_become_the_slugs_of_a_recognizer(tmp_path: Path, key: str) -> None:
    words = ["alarm-clock", "alarm clock", "⏰", "Alarm_Clock", "CLOCK", 7, "7", "seven"]
    path = write_lines(tmp_path / "d.jsonl", *({key: word, "drawing": [[[1], [1]]]} for word in words))
    assert read_drawings(path, labels=CLOCKS).labels == [*["alarm-clock"] * 4, "clock", "7", "7", "7"]
    np.savez(tmp_path / "p.npz", x=np.zeros((2, 9, 9), np.uint8), y=["Alarm clock", "7"])
    assert read_drawings(tmp_path / "p.npz", labels=CLOCKS).labels == ["alarm-clock", "7"]


@pytest.mark.parametrize("word", ["clock.", "7?", "-7", -7, "alarmclock"])
def test_an_unknown_word_is_refused_with_its_line_or_kept(tmp_path: Path, word: object) -> None:
    rows = [{"label": label, "drawing": [[[1], [1]]]} for label in ("clock", word)]
    path = write_lines(tmp_path / "d.jsonl", *rows)
    with pytest.raises(EvaluationError, match=rf"d\.jsonl, line 2: '{re.escape(str(word))}'"):
        read_drawings(path, labels=CLOCKS)
    assert read_drawings(path, labels=CLOCKS, keep_unknown=True).labels == ["clock", str(word)]
    np.savez(tmp_path / "p.npz", x=np.zeros((2, 9, 9), np.uint8), y=["clock", str(word)], split=["train", "test"])
    with pytest.raises(EvaluationError, match=r"p\.npz, drawing 2: "):
        read_drawings(tmp_path / "p.npz", labels=CLOCKS, split="test")


def test_an_ambiguous_word_is_refused_with_its_line(tmp_path: Path) -> None:
    labels = (*CLOCKS, LabelNames("wall-clock", "clock", ""))
    path = write_lines(tmp_path / "d.jsonl", {"word": "clock", "drawing": [[[1], [1]]]})
    with pytest.raises(EvaluationError, match=r"d\.jsonl, line 1: .*\bclock, wall-clock\b"):
        read_drawings(path, labels=labels, keep_unknown=True)
    path = write_lines(tmp_path / "d.jsonl", {"label": "clock", "drawing": [[[1], [1]]]})
    assert read_drawings(path, labels=labels).labels == ["clock"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "line 2: "),
        ("[]", "line 2: "),
        ('{"label": "1"}', "line 2: "),
        ('{"drawing": [[[1],[1]]]}', "line 2: "),
        ('{"label": null, "drawing": [[[1],[1]]]}', "line 2: "),
        ('{"label": true, "drawing": [[[1],[1]]]}', "line 2: "),
        ('{"label": "1", "drawing": [[[1],[1, 2]]]}', "line 2: Stroke 1 "),
        ('{"label": "1", "drawing": []}', "line 2: .*ink"),
    ],
)
def test_an_invalid_line_is_named_by_its_number(tmp_path: Path, line: str, expected: str) -> None:
    path = write_lines(tmp_path / "bad.jsonl", {"label": "1", "drawing": [[[1], [1]]]}, line)
    with pytest.raises(EvaluationError, match=rf"bad\.jsonl, {expected}"):
        read_drawings(path)


def _savez(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


PICTURES = np.zeros((2, 5, 5), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"x": PICTURES}, r"p\.npz: .*\bx\b.*\by\b"),
        ({"x": PICTURES, "y": np.array([0, None], object)}, r"p\.npz: .*\bx\b.*\by\b"),
        ({"x": PICTURES, "y": [1]}, r"not uint8 \(2, 5, 5\) and \(1,\)"),
        ({"x": PICTURES.astype(float), "y": [1, 2]}, r"x .*uint8 \(n, h, w\)"),
        ({"x": PICTURES[0], "y": [1, 2]}, r"x .*uint8 \(n, h, w\)"),
        ({"x": PICTURES, "y": [1.0, 2.0]}, "float64"),
        ({"x": PICTURES, "y": [1, 2], "writer": [1]}, r"x .*uint8 \(n, h, w\)"),
        ({"x": PICTURES[:0], "y": np.zeros(0, int)}, r"p\.npz"),
    ],
)
def test_invalid_arrays_are_refused(tmp_path: Path, arrays: dict[str, Any], expected: str) -> None:
    with pytest.raises(EvaluationError, match=expected):
        read_drawings(_savez(tmp_path / "p.npz", **arrays))


@pytest.mark.parametrize("name", ["none.jsonl", "none.jsonl.gz", "none.npz"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvaluationError, match=f"{name}.*No such file"):
        read_drawings(tmp_path / name)


@pytest.mark.parametrize("name", ["broken.jsonl.gz", "broken.npz"])
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    for content in (b"what", b"\x1f\x8b\x08\x00no", b"PK\x03\x04no", b""):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EvaluationError, match=name):
            read_drawings(tmp_path / name)


def test_an_empty_file_holds_no_drawings(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"empty\.jsonl"):
        read_drawings(write_lines(tmp_path / "empty.jsonl", "", ""))


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"drawings\.csv"):
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
