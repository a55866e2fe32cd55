"""Exports as the readers of other projects see them: Quick, Draw! files, and the image folders of Hugging Face."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ml.data.labelled_files import EvaluationError, read_ink_lines
from recognizer.models import Drawing
from tests.recognizer.datasets.conftest import Command, counts, wipe

Community = dict[str, Drawing]


def test_a_line_of_a_picture_has_no_strokes(community: Community, export: Command, tmp_path: Path) -> None:
    """Readers of Quick, Draw! files look up `drawing` in each line, and skip one without strokes."""
    export(tmp_path / "all.ndjson")
    lines = [json.loads(line) for line in (tmp_path / "all.ndjson").read_text().splitlines()]
    assert [bool(line["drawing"]) for line in lines] == [True] * 6 + [False]
    assert [line.get("image", "")[:22] for line in lines] == [""] * 6 + ["data:image/png;base64,"]
    assert lines[-1]["drawing"] == []


def test_lines_of_pictures_are_imported_with_and_without_an_empty_drawing(
    community: Community, export: Command, bring: Command, tmp_path: Path
) -> None:
    file = tmp_path / "all.ndjson"
    export(file)
    for text in (file.read_text(), file.read_text().replace('"drawing": [], ', "")):
        wipe()
        file.write_text(text)
        assert counts(bring(file))[:3] == (7, 0, 0)
        assert Drawing.objects.filter(image__isnull=False, ink__isnull=True).count() == 1


def test_a_line_without_strokes_and_picture_is_refused(digits: Any, bring: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.ndjson").write_text('{"recognizer": "digits", "label": "7", "drawing": []}\n')
    assert counts(bring(tmp_path / "empty.ndjson"))[:3] == (0, 0, 1)


def test_a_reader_of_strokes_names_the_line_of_a_picture(community: Community, export: Command, tmp_path: Path) -> None:
    export(tmp_path / "all.ndjson")
    with pytest.raises(EvaluationError, match=r"line 7.* picture"):
        list(read_ink_lines(tmp_path / "all.ndjson"))


@pytest.mark.parametrize("name", ["all.zip", "all"])
def test_an_image_folder_has_a_line_of_texts_for_each_picture(
    community: Community, export: Command, tmp_path: Path, name: str
) -> None:
    """As `load_dataset("imagefolder", ...)` reads it: metadata.jsonl beside the pictures names each of them."""
    export(tmp_path / name, "--format=png", "--licence=CC BY 4.0")
    root = tmp_path / name
    if name.endswith(".zip"):
        root = tmp_path / "unpacked"
        with zipfile.ZipFile(tmp_path / name) as archive:
            archive.extractall(root)
    lines = [json.loads(line) for line in (root / "metadata.jsonl").read_text().splitlines()]
    pictures = {file.relative_to(root).as_posix() for file in root.rglob("*.png")}
    assert {line["file_name"] for line in lines} == pictures
    assert len(lines) == len(pictures) == 7
    assert [line["label"] for line in lines] == ["7", "1", "3", "0", "", "9", "7"]
    assert {tuple(line) for line in lines} == {tuple(lines[0])}
    assert all(isinstance(value, str) for line in lines for value in line.values())
