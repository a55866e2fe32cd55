"""A folder of one's own: what is read of it, and what is said where it cannot be."""

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


def test_it_reads_pictures_and_strokes(folder: Path) -> None:
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
    read = next(drawing.raster for drawing in drawn if drawing.place.endswith("more.jpeg"))
    assert read is not None
    assert np.abs(read.astype(int) - rasterise([np.array(stroke, float) for stroke in strokes])).mean() < 20


def test_the_raster_is_the_one_that_is_asked_for(folder: Path) -> None:
    described, drawn = read_folder(respecified(folder, raster={"size": 40, "box": 30, "pen": 3}))
    assert described.raster == RasterSpec(40, 30, 3)
    assert {drawing.raster.shape for drawing in of_label(drawn, 0) if drawing.raster is not None} == {(40, 40)}


def test_a_folder_in_a_label_names_who_drew(folder: Path) -> None:
    (folder / "ring" / "alice").mkdir()
    (folder / "ring" / "0.png").rename(folder / "ring" / "alice" / "0.png")
    _, drawn = read_folder(folder)
    assert sorted(drawing.writer for drawing in of_label(drawn, 0)) == ["", "", "", "", "", "alice"]


def test_folders_inside_that_one_name_nobody_else(folder: Path) -> None:
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


def test_a_drawing_cannot_have_two_labels(folder: Path) -> None:
    (folder / "vee").mkdir()
    (folder / "vee" / "odd.png").write_bytes((folder / "ring" / "0.png").read_bytes())
    with pytest.raises(FolderError, match=r"vee/odd.png is the same drawing as .*ring/0.png"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slug": None}, "the recognizer lacks slug"),
        ({"slug": "Old Runes"}, "'Old Runes' must be of small letters"),
        ({"title": ""}, "needs a text of at most 80 characters as title"),
        ({"prompt": "Draw a rune"}, "'Draw a rune' needs {glyph} or {name} once, where the label stands, as in 'Draw"),
        ({"prompt": "Draw {name}, {glyph}"}, "needs {glyph} or {name} once"),
        ({"lables": []}, "has lables, which nobody reads. Known are slug, title, labels, prompt, raster, not_junk"),
        ({"labels": [{"slug": "one", "name": "one"}]}, "a list of 2 to 250 labels"),
        ({"labels": [{"slug": "one", "name": "one"}, "two"]}, "label 2 must be an object"),
        ({"labels": [{"slug": "one", "name": "one"}, {"slug": "two"}]}, "label 2 lacks name"),
        ({"labels": [{"slug": "one", "name": "one"}] * 2}, "two labels share the slug one"),
        ({"labels": [{"slug": "one", "name": 1}, {"slug": "two", "name": "2"}]}, "label 1 needs a text"),
        ({"raster": {"size": 500}}, "the raster cannot be drawn: A raster has a side of 24 to 64"),
        ({"raster": {"height": 28}}, "the raster cannot be drawn"),
        ({"raster": 28}, "raster must be an object like"),
        ({"not_junk": ["moon"]}, "not_junk must be a list of these: zigzag, spiral, dots, grid, cross, star, arrow"),
        ({"not_junk": "star"}, "not_junk must be a list of these"),
    ],
)
def test_what_is_wrong_with_the_description_is_said(folder: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(FolderError, match=said):
        read_description(respecified(folder, **changes))


def test_without_a_description_it_shows_how_one_looks(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r'recognizer.json cannot be read .*Write one: \{"slug": "runes"'):
        read_description(tmp_path)


@pytest.mark.parametrize(("text", "said"), [("{", "is not JSON"), ("[]", "must hold an object, not list")])
def test_a_description_of_another_form_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "recognizer.json").write_text(text)
    with pytest.raises(FolderError, match=said):
        read_description(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("ring/notes.txt", b"to do", "notes.txt is no picture that is read. Take it away, or save it as .png"),
        ("ring/broken.png", b"\x89PNG and no more", "ring/broken.png: "),
        ("ring/empty.png", picture([]), "ring/empty.png: "),
        ("vee.jsonl", b'{"drawing": [[[1, 2], [1, 2]]]}\n{"drawing": [[[1], []]]}', "vee.jsonl, line 2: Stroke 1 must"),
        ("vee.jsonl", b"[]", 'vee.jsonl, line 1: an object with "drawing"'),
        ("vee.jsonl", b"\n{", "vee.jsonl, line 2: "),
        ("vee.jsonl.gz", b"no gzip", "vee.jsonl.gz cannot be read"),
        ("circle.ndjson", b"", r"circle.ndjson belongs to no label of recognizer.json \(ring, vee, aitch\)"),
        ("rings/1.png", b"", "rings belongs to no label"),
        (
            "ring.png",
            b"",
            r"ring.png is not read where it is: pictures belong into the folder .* \(ring/\), and strokes",
        ),
        ("odd.JPG", b"", "odd.JPG is not read where it is"),
        ("vee.json", b"", "vee.json is not read where it is: .* strokes are files that end in .ndjson, .jsonl"),
        ("vee.NDJSON", b"", "vee.NDJSON is not read where it is"),
    ],
)
def test_an_error_names_the_file_and_the_line(folder: Path, file: str, content: bytes, said: str) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_bytes(content)
    with pytest.raises(FolderError, match=said):
        read_folder(folder)


def test_what_is_no_drawing_is_left_alone(folder: Path) -> None:
    (folder / "README.md").write_text("how these came to be")
    (folder / "ring" / ".thumbnails").write_text("")
    assert len(read_folder(folder)[1]) == 18


def test_a_label_may_be_called_recognizer(folder: Path) -> None:
    named = [{"slug": "recognizer", "name": "recognizer"}, *SPEC["labels"]]
    assert len(read_folder(respecified(folder, labels=named))[1]) == 18


def test_a_folder_without_drawings_says_where_they_go(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"no drawings. Put pictures into .*ring/, or strokes into .*ring.ndjson"):
        read_folder(respecified(tmp_path))


def test_progress_sees_every_file(folder: Path) -> None:
    seen: list[str] = []

    def count(rows: Any, title: str) -> Any:
        for row in rows:
            seen.append(title)
            yield row

    read_folder(folder, progress=count)
    assert seen == ["files"] * 8
