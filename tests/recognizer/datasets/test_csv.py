"""CSV: no spreadsheet takes a cell for a formula, and an import reads the texts as they were."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from recognizer.datasets import columns
from recognizer.datasets.read_lines import read_csv
from recognizer.models import Recognizer
from tests.ink import SEVEN
from tests.pages.conftest import named
from tests.recognizer.datasets.conftest import Command, counts


@given(st.text(st.sampled_from("=+-@\t\r'a7,\"\uff1d"), max_size=6))
def test_no_cell_of_csv_is_a_formula_and_each_is_read_as_it_was(text: str) -> None:
    line = io.StringIO()
    csv.writer(line).writerow([columns.defuse_cell(text)])
    (cell,) = next(csv.reader(io.StringIO(line.getvalue(), newline="")))
    assert not cell.startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
    assert columns.restore_cell(cell) == text


@pytest.mark.parametrize("number", [-7, -0.5, 1e-9, None, True])
def test_numbers_stay_numbers_in_csv(number: Any) -> None:
    assert columns.defuse_cell(number) is number


@pytest.mark.parametrize("form", ["csv", "png"])
def test_labels_that_look_like_formulas_are_exported_as_texts_and_imported_as_they_were(
    digits: Recognizer, alice: User, export: Command, bring: Command, tmp_path: Path, form: str
) -> None:
    digits.labels.filter(slug="7").update(name='=HYPERLINK("http://x.example","7")')
    drawing = named(alice, SEVEN, "7").drawing
    export(tmp_path / f"all.{form}", f"--format={form}")
    table = tmp_path / f"all.{form}" / "drawings.csv" if form == "png" else tmp_path / "all.csv"
    with table.open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert row["word"] == '\'=HYPERLINK("http://x.example","7")'
    (line,) = read_csv(table)
    assert line.fields
    assert line.fields["word"] == '=HYPERLINK("http://x.example","7")'
    drawing.delete()
    assert counts(bring(tmp_path / f"all.{form}"))[0] == 1
