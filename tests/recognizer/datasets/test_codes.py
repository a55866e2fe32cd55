"""Codes of labels in files: written in every format, found in imports, and in the way of nobody who reads them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from accounts.models import User
from ml.data.recognizer_folder import read_description
from ml.preprocessing.content import Content
from recognizer.drawings import corrections, store
from recognizer.models import Drawing, Recognizer
from tests.ink import SEVEN
from tests.recognizer.datasets.conftest import Command, counts, refusals

USUAL = {"latex": "\\curvearrowright", "typst": "curved.arrow.right", "unicode": "↷", "html": "&#x21B7;"}


@pytest.fixture
def arrow(maths: Recognizer, alice: User) -> Drawing:
    """A drawing of a curved arrow with a label that has codes."""
    drawing, _new = store.save_drawing(author=alice, recognizer="maths", content=Content.from_ink(SEVEN))
    corrections.correct(drawing=drawing, label="curvearrowright")
    return drawing


def test_lines_and_tables_have_the_usual_code_of_each_kind(arrow: Drawing, export: Command, tmp_path: Path) -> None:
    for form in ("ndjson", "csv", "png"):
        export(tmp_path / f"all.{form}", f"--format={form}")
    line = json.loads((tmp_path / "all.ndjson").read_text())
    assert line["codes"] == USUAL
    assert line["drawing"] == SEVEN
    for table in (tmp_path / "all.csv", tmp_path / "all.png" / "drawings.csv"):
        with table.open(newline="") as lines:
            (row,) = csv.DictReader(lines)
        assert json.loads(row["codes"]) == USUAL
        assert list(row)[-1] == "codes"  # programs that count columns find the others where they were


def test_arrays_have_the_codes_of_each_label(arrow: Drawing, export: Command, tmp_path: Path) -> None:
    export(tmp_path / "all.npz", "--format=npz", "--recognizer=maths")
    arrays = np.load(tmp_path / "all.npz")
    assert json.loads(arrays["codes"][arrays["y"][0]]) == USUAL


def test_the_folder_of_a_recognizer_has_all_its_codes(arrow: Drawing, export: Command, tmp_path: Path) -> None:
    export(tmp_path / "all", "--format=png")
    label = read_description(tmp_path / "all" / "maths").labels[7]
    assert label["codes"]["latex"] == [{"code": "\\curvearrowright", "package": "amssymb", "mode": "math"}]
    assert label["names"] == ["curved arrow right sign"]


def test_lines_of_labels_without_codes_are_as_before(
    digits: Recognizer, alice: User, export: Command, tmp_path: Path
) -> None:
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SEVEN))
    corrections.correct(drawing=drawing, label="7")
    export(tmp_path / "all.ndjson", "--format=ndjson")
    assert "codes" not in json.loads((tmp_path / "all.ndjson").read_text())


@pytest.mark.parametrize("form", ["ndjson", "csv", "npz", "png"])
def test_exported_drawings_with_codes_are_imported_again(
    arrow: Drawing, export: Command, bring: Command, tmp_path: Path, form: str
) -> None:
    export(tmp_path / f"all.{form}", f"--format={form}", "--recognizer=maths")
    arrow.delete()
    assert counts(bring(tmp_path / f"all.{form}"))[0] == 1
    assert Drawing.objects.labelled("curvearrowright").count() == 1


def test_an_import_finds_a_label_by_its_command_and_refuses_what_two_labels_have(
    maths: Recognizer, bring: Command, tmp_path: Path
) -> None:
    shared = maths.labels.get(slug="pm")
    shared.names = ["infinity sign"]
    shared.save()
    words = ["\\curvearrowright", "↷", "infinity sign"]
    lines = [json.dumps({"recognizer": "maths", "word": word, "drawing": SEVEN}) for word in words]
    (tmp_path / "some.ndjson").write_text("\n".join(lines))
    output = bring(tmp_path / "some.ndjson")
    assert len(refusals(output)) == 1
    assert "infty" in next(iter(refusals(output).values()))
