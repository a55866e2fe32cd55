"""`python -m ml export`: the model of a bundle in other forms."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ml.bundles.bundle import Bundle, probe_rasters, verify_bundle
from ml.bundles.export import EXPORT_FORMATS, export_files
from ml.commands.options import DATA_HELP, add_bundle, add_command, add_json, open_bundle, print_result, read_drawings
from ml.progress import progress_bars
from ml.reporting import text_tables

TEXT = """Write the model of a bundle in the forms that other tools read.

  {forms}

Each is loaded again and must answer the bundle's probe, and the drawings of --data, as the Keras model of the
bundle does; one that does not is removed and said. export.json tells the labels in the order of the outputs,
what goes in, and how far the answers of each form were apart."""

EXAMPLES = """  python -m ml export digits --out exported
  python -m ml export sketches --format tflite savedmodel --data drawings.jsonl --out exported"""


def add(commands: Any) -> None:
    forms = "\n  ".join(f"{name:13} {form.file:18} {form.text}" for name, form in EXPORT_FORMATS.items())
    parser = add_command(commands, "export", run, TEXT.format(forms=forms), examples=EXAMPLES)
    add_bundle(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    parser.add_argument(
        "--format",
        nargs="+",
        choices=EXPORT_FORMATS,
        default=list(EXPORT_FORMATS),
        metavar="FORMAT",
        help="default: all of them",
    )
    parser.add_argument("--data", type=Path, nargs="+", metavar="FILE", help=f"drawings to compare with; {DATA_HELP}")
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    bundle, _ = open_bundle(options)
    verify_bundle(bundle)
    drawings = _drawings(options, bundle)
    with contextlib.redirect_stdout(sys.stderr):  # TensorFlow tells where it wrote what
        done = export_files(bundle, options.out, formats=options.format, drawings=drawings, progress=progress_bars)
    rows = [(file.file, f"{file.bytes:,}", text_tables.percent(file.same_answers), _apart(file)) for file in done]
    text = text_tables.table((str(options.out), "bytes", "same answer", "apart by"), rows)
    figures = {"out": str(options.out), "drawings": len(drawings), "files": [asdict(file) for file in done]}
    print_result(
        options, figures, f"{text}\n\nCompared with the Keras model of the bundle on {len(drawings):,} drawings."
    )


def _drawings(options: argparse.Namespace, bundle: Bundle) -> np.ndarray:
    """The probe, and what was given."""
    given = [read_drawings(options.data, bundle).rasters] if options.data else []
    return np.concatenate([probe_rasters(bundle.manifest), *given])


def _apart(file: Any) -> str:
    return f"{file.largest_difference:.6f}"
