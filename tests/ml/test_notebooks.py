"""The notebooks run from the first cell to the last, on synthetic digits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted(Path("ml/notebooks").glob("*.ipynb"))
SMALL = {"DRAWINGS": "240", "EPOCHS": "2"}
PICTURES = {"01-data-and-preprocessing": 8, "02-the-network-and-its-training": 5, "03-mistakes-and-calibration": 8}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def cells(path: Path, kind: str) -> list[Any]:
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == kind]


def test_there_are_three_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(PICTURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_synthetic_digits(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, 4)
    environment = {key: value for key, value in os.environ.items() if key != "INKLING_DATA"}
    client = NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": path.parent}})

    client.execute(env={**environment, "INKLING_CACHE": str(tmp_path), **SMALL})

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == PICTURES[path.stem]
    assert "synthetic_digits" in json.dumps(outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    for cell in cells(path, "code"):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_explains_its_code(path: Path) -> None:
    words = sum(len(cell.source.split()) for cell in cells(path, "markdown"))

    assert words > 500
    assert len(cells(path, "markdown")) >= len(cells(path, "code")) - 3
