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
from ml.bundles.export_browser import FOLDER, export_browser
from ml.commands.options import DATA_HELP, add_command, open_bundle, print_result, read_drawings
from ml.reporting import text_tables
from ml.reporting.figures import percent

TEXT = """Write the model of a bundle in the formats that other tools read.

  {forms}

  {browser:13} {folder:18} a page that recognizes drawings by itself, from any static web server

Each file but the page is loaded again and must answer the bundle's probe, and the drawings of --data, like the Keras
model of the bundle; a file that does not is removed with an error. export.json lists the labels in the order of the
outputs, the input, and how far the answers of each file differ. The page has the file that the bundle serves, and
checks itself when it is opened: python -m http.server --directory DIR/browser."""

EXAMPLES = """  python -m ml export digits --out exported
  python -m ml export digits --format browser --out exported
  python -m ml export sketches --format tflite savedmodel --data drawings.jsonl --out exported"""


def add(commands: Any) -> None:
    forms = "\n  ".join(f"{name:13} {form.file:18} {form.text}" for name, form in EXPORT_FORMATS.items())
    text = TEXT.format(forms=forms, browser=FOLDER, folder=f"{FOLDER}/")
    parser = add_command(commands, "export", run, text, "recognizer", "--bundle", "--json", examples=EXAMPLES)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    names = [*EXPORT_FORMATS, FOLDER]
    parser.add_argument(
        "--format", nargs="+", choices=names, default=names, metavar="FORMAT", help="default: all of them"
    )
    parser.add_argument("--data", type=Path, nargs="+", metavar="FILE", help=f"drawings to compare with; {DATA_HELP}")


def run(options: argparse.Namespace) -> None:
    bundle, _ = open_bundle(options)
    page = export_browser(bundle, options.out) if FOLDER in options.format else None
    formats = [name for name in options.format if name != FOLDER]
    if not formats:
        print_result(options, {"out": str(options.out), "page": str(page)}, f"{page}/ has the page.")
        return
    drawings = probe_rasters(bundle.manifest)
    if options.data:
        drawings = np.concatenate([drawings, read_drawings(options.data, bundle, keep_unknown=True).rasters])
    with contextlib.redirect_stdout(sys.stderr):  # TensorFlow prints what it writes
        done = export_files(bundle, options.out, formats=formats, drawings=drawings)
    rows = [
        (file.file, f"{file.bytes:,}", percent(file.same_answers), f"{file.largest_difference:.6f}") for file in done
    ]
    text = text_tables.table((str(options.out), "bytes", "same answer", "largest difference"), rows)
    figures = {"out": str(options.out), "drawings": len(drawings), "files": [asdict(file) for file in done]}
    if page:
        figures["page"] = str(page)
    text += f"\n\nCompared with the Keras model of the bundle on {len(drawings):,} drawings."
    print_result(options, figures, text)
