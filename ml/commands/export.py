"""`python -m ml export`: write the model of a bundle in other formats."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ml.bundles.bundle import probe_rasters
from ml.bundles.export import EXPORT_FORMATS, export_files
from ml.commands.options import DATA_HELP, add_command, open_bundle, print_result, read_drawings
from ml.progress import progress_bars
from ml.reporting import text_tables
from ml.reporting.figures import percent

TEXT = """Write the model of a bundle in the formats that other tools read.

  {forms}

Each file is loaded again and must answer the bundle's probe, and the drawings of --data, like the Keras model of
the bundle; a file that does not is removed with an error. export.json lists the labels in the order of the outputs,
the input, and how far the answers of each file differ."""

EXAMPLES = """  python -m ml export digits --out exported
  python -m ml export sketches --format tflite savedmodel --data drawings.jsonl --out exported"""


def add(commands: Any) -> None:
    forms = "\n  ".join(f"{name:13} {form.file:18} {form.text}" for name, form in EXPORT_FORMATS.items())
    text = TEXT.format(forms=forms)
    parser = add_command(commands, "export", run, text, "recognizer", "--bundle", "--json", examples=EXAMPLES)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    names = list(EXPORT_FORMATS)
    parser.add_argument(
        "--format", nargs="+", choices=names, default=names, metavar="FORMAT", help="default: all of them"
    )
    parser.add_argument("--data", type=Path, nargs="+", metavar="FILE", help=f"drawings to compare with; {DATA_HELP}")


def run(options: argparse.Namespace) -> None:
    bundle, _ = open_bundle(options)
    drawings = probe_rasters(bundle.manifest)
    if options.data:
        drawings = np.concatenate([drawings, read_drawings(options.data, bundle, keep_unknown=True).rasters])
    with contextlib.redirect_stdout(sys.stderr):  # TensorFlow prints what it writes
        done = export_files(bundle, options.out, formats=options.format, drawings=drawings, progress=progress_bars)
    rows = [
        (file.file, f"{file.bytes:,}", percent(file.same_answers), f"{file.largest_difference:.6f}") for file in done
    ]
    text = text_tables.table((str(options.out), "bytes", "same answer", "largest difference"), rows)
    figures = {"out": str(options.out), "drawings": len(drawings), "files": [asdict(file) for file in done]}
    text += f"\n\nCompared with the Keras model of the bundle on {len(drawings):,} drawings."
    print_result(options, figures, text)
