"""Options that several commands share, how they read their inputs, and how they print their result."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import ml
from ml.bundles.bundle import Bundle, load_bundle, verify_bundle
from ml.bundles.predictor import Predictor
from ml.data import labelled_files
from ml.data.find_labels import label_names
from ml.data.labelled_files import EvaluationError, LabelledDrawings
from ml.progress import progress_bars

MODELS = Path(ml.__file__).parent / "models"

DATA_HELP = (
    ".jsonl, .ndjson (also .gz): lines with `label` (or `word`), `drawing` (strokes [[x...], [y...]]) and optional "
    "`writer`; .npz: `x` (n, h, w) uint8 white on black, `y`, optional `writer`"
)


SHARED_ARGUMENTS: dict[str, dict[str, Any]] = {
    "recognizer": {"nargs": "?", "default": "digits", "help": "which recognizer (default: digits)"},
    "--bundle": {"type": Path, "metavar": "DIR", "help": "default: the bundle that ships with Inkling"},
    "--data-dir": {
        "type": Path,
        "metavar": "DIR",
        "help": "a folder of data sets (default: INKLING_DATA, then downloads)",
    },
    "--json": {"action": "store_true", "help": "print JSON instead of tables"},
}


def add_command(
    commands: Any, name: str, run: Any, text: str, *shared: str, examples: str = ""
) -> argparse.ArgumentParser:
    """Add a command with some of SHARED_ARGUMENTS.

    Its help shows `text`, the list of commands only the first paragraph of it.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text.partition("\n\n")[0],
        description=text,
        epilog=f"examples:\n{examples}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    for argument in shared:
        parser.add_argument(argument, **SHARED_ARGUMENTS[argument])
    return parser


def add_drawings(parser: argparse.ArgumentParser, *, required: bool = True, text: str = "") -> None:
    """Add the options for files of labelled drawings and for choosing among the drawings."""
    parser.add_argument("--data", type=Path, nargs="+", required=required, metavar="FILE", help=text + DATA_HELP)
    parser.add_argument("--split", default="", metavar="PART", help="only this part of .npz files that have `split`")
    parser.add_argument(
        "--holdout",
        action="store_true",
        help="only the fifth of the writers that is not trained on (by sha256 of the writer)",
    )
    parser.add_argument(
        "--junk", action="store_true", help="count drawings of other labels as negative examples, not as an error"
    )


def folder_of(options: argparse.Namespace) -> Path:
    """Return the folder of the bundle that the options name."""
    folder: Path = options.bundle or MODELS / options.recognizer
    return folder


def open_bundle(options: argparse.Namespace) -> tuple[Bundle, Predictor]:
    bundle = load_bundle(folder_of(options))
    return bundle, verify_bundle(bundle)


def read_drawings(
    paths: Sequence[Path], bundle: Bundle, *, keep_unknown: bool = False, holdout: bool = False, split: str = ""
) -> LabelledDrawings:
    """Return the drawings of the files, on the bundle's raster, with its slugs as labels.

    With `keep_unknown`, words that are none of its labels are kept. With `holdout`, only the drawings of the held-out
    writers are returned.
    """
    labels = label_names(bundle.manifest["labels"])
    for path in paths:
        if not split and (parts := labelled_files.split_names(path)):
            print(f"{path}: all parts are used ({', '.join(parts)}). Choose one with --split.", file=sys.stderr)
    drawings = labelled_files.join_labelled(
        [
            labelled_files.read_drawings(
                path, bundle.raster, labels=labels, keep_unknown=keep_unknown, split=split, progress=progress_bars
            )
            for path in paths
        ]
    )
    if not holdout:
        return drawings
    kept_out = labelled_files.held_out_writers(drawings.writers)
    if not kept_out:
        raise EvaluationError("--holdout needs drawings by at least 5 named writers.")
    return labelled_files.select_labelled(drawings, np.isin(drawings.writers, kept_out))


def print_result(options: argparse.Namespace, figures: Any, text: str) -> None:
    """Print `figures` as JSON with --json, else `text`."""
    print(json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) if options.json else text)
