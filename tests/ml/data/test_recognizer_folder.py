"""Folders that describe a recognizer: what is read, and which file and line an error names."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.data.recognizer_folder import FolderDrawing, FolderError, read_description, read_folder
from ml.preprocessing.ink import RasterSpec, rasterise
from tests.ml.runes import SPEC, picture, ring, write_folder

RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "runes", count=6)


def respecified(folder: Path, **changes: Any) -> Path:
    said = {key: value for key, value in {**SPEC, **changes}.items() if value is not None}
    (folder / "recognizer.json").write_text(json.dumps(said), "utf-8")
    return folder


def of_label(drawn: list[FolderDrawing], label: int) -> list[FolderDrawing]:
    return [drawing for drawing in drawn if drawing.label == label]


def test_a_folder_gives_the_description_the_pictures_and_the_strokes(folder: Path) -> None:
    described, drawn = read_folder(folder)
    assert (described.slug, described.title, described.prompt) == ("runes", "Runes", "Scratch {name}")
    assert [label["glyph"] for label in described.labels] == ["○", "", ""]
    assert [len(of_label(drawn, label)) for label in range(3)] == [6, 6, 6]
    assert all(drawing.raster is not None and drawing.raster.max() > 200 for drawing in of_label(drawn, 0))
    assert all(drawing.ink is not None and len(drawing.ink) == 3 for drawing in of_label(drawn, 2))


def test_a_picture_becomes_the_raster_that_its_ink_would(folder: Path) -> None:
    strokes = ring(np.random.default_rng(5))
    (folder / "ring" / "more.jpeg").write_bytes(picture(strokes))
    _, drawn = read_folder(folder)
    read = next(drawing.raster for drawing in drawn if drawing.source.endswith("more.jpeg"))
    assert read is not None
    assert np.abs(read.astype(int) - rasterise([np.array(stroke, float) for stroke in strokes])).mean() < 20


def test_pictures_are_read_with_the_raster_of_the_description(folder: Path) -> None:
    described, drawn = read_folder(respecified(folder, raster={"size": 40, "box": 30, "pen": 3}))
    assert described.raster == RasterSpec(40, 30, 3)
    assert {drawing.raster.shape for drawing in of_label(drawn, 0) if drawing.raster is not None} == {(40, 40)}


def test_a_folder_inside_a_label_names_the_writer(folder: Path) -> None:
    (folder / "ring" / "alice").mkdir()
    (folder / "ring" / "0.png").rename(folder / "ring" / "alice" / "0.png")
    _, drawn = read_folder(folder)
    assert sorted(drawing.writer for drawing in of_label(drawn, 0)) == ["", "", "", "", "", "alice"]


def test_only_the_first_folder_inside_a_label_names_the_writer(folder: Path) -> None:
    session = folder / "ring" / "alice" / "first" / "session"
    session.mkdir(parents=True)
    (folder / "ring" / "0.png").rename(session / "0.png")
    _, drawn = read_folder(folder)
    assert {drawing.writer for drawing in of_label(drawn, 0)} == {"", "alice"}


def test_strokes_come_in_all_layouts_of_quick_draw(folder: Path) -> None:
    rows = [
        {"key_id": "71", "word": "vee", "recognized": True, "drawing": [[[0, 9, 20], [0, 30, 0], [0, 10, 20]]]},
        {"key_id": 72, "drawing": "[[[0, 9, 20], [0, 30, 1]]]", "writer": 5},
    ]
    (folder / "vee.ndjson").unlink()
    (folder / "vee.jsonl.gz").write_bytes(gzip.compress("\n\n".join(map(json.dumps, rows)).encode()))
    _, drawn = read_folder(folder)
    assert [(drawing.key, drawing.writer) for drawing in of_label(drawn, 1)] == [("71", ""), ("72", "5")]


def test_the_same_drawing_counts_once(folder: Path) -> None:
    (folder / "ring" / "copy.png").write_bytes((folder / "ring" / "0.png").read_bytes())
    (folder / "vee.jsonl").write_text((folder / "vee.ndjson").read_text())
    _, drawn = read_folder(folder)
    assert len(drawn) == 18


def test_the_same_strokes_cannot_have_two_labels_whatever_their_keys(folder: Path) -> None:
    for number, label in enumerate(("vee", "aitch")):
        (folder / f"{label}.jsonl").write_text(json.dumps({"key_id": number + 1, "drawing": [[[0, 9], [0, 9]]]}))
    with pytest.raises(FolderError, match=r"aitch\.jsonl, line 1.*vee\.jsonl, line 1"):
        read_folder(folder)


@pytest.mark.parametrize("name", ["alarm clock", "alarm-clock", "Alarm_clock", "\u23f0"])
def test_files_and_folders_may_have_the_name_or_glyph_of_their_label(folder: Path, name: str) -> None:
    labels = [*SPEC["labels"], {"slug": "alarm-clock", "name": "alarm clock", "glyph": "\u23f0"}]
    (folder / f"{name}.ndjson").write_text(json.dumps({"word": "alarm clock", "drawing": [[[0, 9], [0, 9]]]}))
    (folder / name / "ann").mkdir(parents=True)
    (folder / name / "ann" / "1.png").write_bytes((folder / "ring" / "0.png").read_bytes() + b"another")
    _, drawn = read_folder(respecified(folder, labels=labels))
    assert [drawing.writer for drawing in of_label(drawn, 3)] == ["", "ann"]


@pytest.mark.parametrize("name", ["vee.", "-vee", "v", "vee!"])
def test_a_folder_whose_name_would_have_to_be_altered_is_refused(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    with pytest.raises(FolderError, match=r"recognizer.json \(ring, vee, aitch\)"):
        read_folder(folder)


def test_a_drawing_cannot_have_two_labels(folder: Path) -> None:
    (folder / "vee").mkdir()
    (folder / "vee" / "odd.png").write_bytes((folder / "ring" / "0.png").read_bytes())
    with pytest.raises(FolderError, match=r"vee/odd.png.*ring/0.png"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"slug": None}, r"recognizer.json.*\bslug\b"),
        ({"slug": "Old Runes"}, "slug 'Old Runes'"),
        ({"title": ""}, "title.*80"),
        ({"prompt": "Draw a rune"}, "'Draw a rune'.*{glyph}.*{name}"),
        ({"prompt": "Draw {name}, {glyph}"}, "'Draw {name}, {glyph}'"),
        ({"lables": []}, "lables.*slug, title, labels, prompt, raster, not_junk"),
        ({"labels": [{"slug": "one", "name": "one"}]}, r"\b2\b.*\b2000\b"),
        ({"labels": [{"slug": "one", "name": "one"}, "two"]}, "label 2 .*object"),
        ({"labels": [{"slug": "one", "name": "one"}, {"slug": "two"}]}, r"label 2 .*\bname\b"),
        ({"labels": [{"slug": "one", "name": "one"}] * 2}, r"slug one\b"),
        ({"labels": [{"slug": "one", "name": 1}, {"slug": "two", "name": "2"}]}, "name of label 1"),
        ({"raster": {"size": 500}}, "raster.* 24 .*64.* 500"),
        ({"raster": {"height": 28}}, "raster.*height"),
        ({"raster": 28}, "raster.*object"),
        ({"not_junk": ["moon"]}, "not_junk.*zigzag, spiral, dots, grid, cross, star, arrow"),
        ({"not_junk": "star"}, "not_junk.*list"),
    ],
)
def test_an_invalid_description_is_refused(folder: Path, changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(FolderError, match=expected):
        read_description(respecified(folder, **changes))


def test_the_error_without_a_description_shows_an_example(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r'recognizer.json.*\{"slug": "runes"'):
        read_description(tmp_path)


@pytest.mark.parametrize(("text", "expected"), [("{", "JSON"), ("[]", "object.*list")])
def test_a_description_that_is_no_json_object_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "recognizer.json").write_text(text)
    with pytest.raises(FolderError, match=expected):
        read_description(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("ring/notes.txt", b"to do", "ring/notes.txt.*.png"),
        ("ring/broken.png", b"\x89PNG and no more", "ring/broken.png: "),
        ("ring/empty.png", picture([]), "ring/empty.png: "),
        ("vee.jsonl", b'{"drawing": [[[1, 2], [1, 2]]]}\n{"drawing": [[[1], []]]}', "vee.jsonl, line 2: Stroke 1"),
        ("vee.jsonl", b"[]", 'vee.jsonl, line 1: .*"drawing"'),
        ("vee.jsonl", b"\n{", "vee.jsonl, line 2: "),
        ("vee.jsonl.gz", b"no gzip", "vee.jsonl.gz"),
        ("circle.ndjson", b"", r"circle.ndjson.*recognizer.json \(ring, vee, aitch\)"),
        ("rings/1.png", b"", r"rings\b.*recognizer.json"),
        ("ring.png", b"", r"ring.png.*\(ring/\).*.ndjson"),
        ("odd.JPG", b"", "odd.JPG.*ring/"),
        ("vee.json", b"", "vee.json.*.ndjson, .jsonl"),
        ("vee.NDJSON", b"", "vee.NDJSON.*.ndjson"),
    ],
)
def test_an_error_names_the_file_and_the_line(folder: Path, file: str, content: bytes, expected: str) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_bytes(content)
    with pytest.raises(FolderError, match=expected):
        read_folder(folder)


def test_notes_and_hidden_files_are_ignored(folder: Path) -> None:
    (folder / "README.md").write_text("how these came to be")
    (folder / "ring" / ".thumbnails").write_text("")
    assert len(read_folder(folder)[1]) == 18


def test_a_label_may_be_called_recognizer(folder: Path) -> None:
    named = [{"slug": "recognizer", "name": "recognizer"}, *SPEC["labels"]]
    assert len(read_folder(respecified(folder, labels=named))[1]) == 18


def test_the_error_for_a_folder_without_drawings_says_where_to_put_them(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"ring/.*ring.ndjson"):
        read_folder(respecified(tmp_path))


def test_progress_sees_every_file(folder: Path) -> None:
    seen: list[str] = []

    def count(rows: Any, title: str) -> Any:
        for row in rows:
            seen.append(title)
            yield row

    read_folder(folder, progress=count)
    assert seen == ["files"] * 8


def test_a_label_may_have_names_and_codes(folder: Path) -> None:
    codes = {"typst": ["rune.fehu"]}
    labels = [{**SPEC["labels"][0], "names": ["wealth"], "codes": codes}, *SPEC["labels"][1:]]
    described, _ = read_folder(respecified(folder, labels=labels))
    assert described.labels[0]["codes"] == codes
    assert described.labels[0]["names"] == ["wealth"]
    labels[0] = {**labels[0], "codes": {"tex": ["x"]}}
    with pytest.raises(FolderError, match="tex"):
        read_folder(respecified(folder, labels=labels))
