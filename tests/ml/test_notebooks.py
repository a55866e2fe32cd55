"""The notebooks are stored with outputs of their present code, and run on synthetic digits."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import ml
from ml.commands import notebooks
from ml.commands.main import main

NOTEBOOKS = sorted(Path("ml/notebooks").glob("*.ipynb"))
SMALL = {"DRAWINGS": "240", "EPOCHS": "2"}
PICTURES = {"01-data-and-preprocessing": 8, "02-the-network-and-its-training": 5, "03-mistakes-and-calibration": 8}
MAX_BYTES = 1_500_000  # of all notebooks together

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[Any]:
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == kind]


def structure(notebook: Any) -> list[list[tuple[str, list[str]]]]:
    """The types of the outputs of each cell."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [[(output.output_type, sorted(output.get("data", {}))) for output in cell.outputs] for cell in code]


def texts(notebook: Any) -> Iterator[str]:
    """What the outputs say."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield output.get("text", "")
            yield from (value for kind, value in output.get("data", {}).items() if kind.startswith("text/"))


def test_there_are_three_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(PICTURES)


@pytest.mark.slow
@each_notebook
def test_the_stored_outputs_are_those_of_a_run(path: Path) -> None:
    stored = nbformat.read(path, 4)
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None

    notebooks.run_notebook(notebook, path.parent, SMALL)
    notebooks.clean_outputs(notebook)

    assert structure(notebook) == structure(stored)
    assert "synthetic_digits" in "".join(texts(notebook))


@each_notebook
def test_the_stored_outputs_are_of_the_present_code(path: Path) -> None:
    """If this fails: python -m ml notebooks."""
    stored = nbformat.read(path, 4)
    assert stored.metadata[notebooks.CODE_SHA256] == notebooks.code_sha256(stored)


@each_notebook
def test_every_cell_was_run_in_order_without_an_error(path: Path) -> None:
    assert [cell.execution_count for cell in cells(path, "code")] == list(range(1, len(cells(path, "code")) + 1))
    kinds = [kind for outputs in structure(nbformat.read(path, 4)) for kind, _data in outputs]
    assert set(kinds) == {"execute_result"}


@each_notebook
def test_the_pictures_are_stored_and_show_synthetic_digits_only(path: Path) -> None:
    stored = nbformat.read(path, 4)
    data = [kinds for outputs in structure(stored) for _kind, kinds in outputs]
    assert data.count(["image/png"]) == PICTURES[path.stem]
    assert not [kinds for kinds in data if "image/png" in kinds and kinds != ["image/png"]]  # as bytes once more
    assert "synthetic_digits" in "".join(texts(stored))
    assert "pendigits" not in "".join(texts(stored))


@each_notebook
def test_nothing_of_the_machine_is_stored(path: Path) -> None:
    said = "".join(texts(nbformat.read(path, 4)))
    for trace in (Path(ml.__file__).parent.parent, Path.home(), tempfile.gettempdir(), "site-packages", "0x"):
        assert str(trace) not in said
    assert not re.search(r"/(home|root|work|Users)/", said)
    assert nbformat.read(path, 4).metadata.language_info == {"name": "python"}
    assert all("execution" not in cell.metadata for cell in cells(path, "code"))


def test_the_notebooks_are_small() -> None:
    assert sum(path.stat().st_size for path in NOTEBOOKS) < MAX_BYTES


@each_notebook
def test_a_notebook_explains_its_code(path: Path) -> None:
    words = sum(len(cell.source.split()) for cell in cells(path, "markdown"))

    assert words > 500
    assert len(cells(path, "markdown")) >= len(cells(path, "code")) - 3


# The command


def test_the_command_stores_outputs_without_warnings_and_pictures_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = [
        "import os, sys\nprint('a warning', file=sys.stderr)\nprint('a path')\nos.environ.get('INKLING_DATA')",
        "class Dot:\n    def _repr_png_(self):\n        return b'a picture'\n\nDot()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in code])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "small.ipynb")
    monkeypatch.setenv("INKLING_DATA", "somewhere")

    assert main(["notebooks", "--folder", str(tmp_path)]) == 0

    stored = nbformat.read(tmp_path / "small.ipynb", 4)
    assert structure(stored) == [[], [("execute_result", ["image/png"])]]  # and INKLING_DATA was None
    assert "small.ipynb" in capsys.readouterr().out
    assert stored.metadata[notebooks.CODE_SHA256] == notebooks.code_sha256(stored)
    assert [cell.execution_count for cell in stored.cells] == [1, 2]
    shutil.rmtree(tmp_path)


def test_other_code_has_another_checksum() -> None:
    one, other = (
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code), nbformat.v4.new_markdown_cell("words")])
        for code in ("1", "2")
    )
    assert notebooks.code_sha256(one) != notebooks.code_sha256(other)
    one.cells[1].source = "other words"
    one.cells[0].source = "2"
    assert notebooks.code_sha256(one) == notebooks.code_sha256(other)
    assert json.dumps(structure(one)) == "[[]]"
