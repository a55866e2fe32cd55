"""`python -m ml notebooks`: run the notebooks and store them with their outputs.

They run on synthetic digits, so that no drawing of anybody is in a stored output.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml
from ml.commands.options import add_command

FOLDER = Path(ml.__file__).parent / "notebooks"
CELL_SECONDS = 1_800  # a cell may take; training takes minutes
CODE_SHA256 = "code_sha256"  # in the metadata of a notebook: of the code that its outputs are from

NOTEBOOKS = """Run the three notebooks and store them with their outputs.

They run on synthetic digits, in a few minutes each. Run it again after a change to their code: a test compares the
stored outputs with the code. It needs the extra 'dev'."""


def add(commands: Any) -> None:
    parser = add_command(commands, "notebooks", notebooks, NOTEBOOKS)
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="default: ml/notebooks")


def notebooks(options: argparse.Namespace) -> None:
    import nbformat

    for path in sorted(options.folder.glob("*.ipynb")):
        notebook = nbformat.read(path, 4)
        run_notebook(notebook, path.parent)
        clean_outputs(notebook)
        path.write_text(nbformat.writes(notebook) + "\n", "utf-8")
        print(f"{path}: {path.stat().st_size:,} bytes.")


def run_notebook(notebook: Any, folder: Path, variables: Mapping[str, str] | None = None) -> None:
    """Run all cells in place, on synthetic digits. `variables` are more environment variables."""
    from nbclient import NotebookClient

    environment = {key: value for key, value in os.environ.items() if key != "INKLING_DATA"}
    with tempfile.TemporaryDirectory() as cache:  # without data sets
        environment |= {"INKLING_CACHE": cache, "TF_CPP_MIN_LOG_LEVEL": "3", **(variables or {})}
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": folder}},
        )
        client.execute(env=environment)


def clean_outputs(notebook: Any) -> None:
    """Keep the results of cells only, and no pictures as text; in place.

    What is printed goes: TensorFlow prints warnings and paths of the machine.
    """
    notebook.metadata.language_info = {"name": "python"}
    notebook.metadata[CODE_SHA256] = code_sha256(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.output_type != "stream"]
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output.data.pop("text/plain", None)


def code_sha256(notebook: Any) -> str:
    """The checksum of the code of a notebook."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()
