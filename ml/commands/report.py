"""`python -m ml report` and `card`: what a bundle is worth, to look at."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ml.bundles.bundle import Bundle, load_bundle, save_bundle
from ml.commands.options import (
    add_bundle,
    add_command,
    add_data_dir,
    add_drawings,
    add_json,
    folder_of,
    open_bundle,
    print_result,
    read_drawings,
)
from ml.data.labelled_files import LabelledDrawings
from ml.progress import progress_bars
from ml.recipes import RECIPES
from ml.reporting.card_markdown import card_markdown
from ml.reporting.measure_bundle import measure_again
from ml.reporting.model_card import CONFUSION_FILE, write_card
from ml.training.train import TrainingError

REPORT = """Write a page about a bundle: samples, curves, confusions, confident mistakes, calibration.

The bundle is asked about labelled drawings, through the code that serves. The page (report.html) needs nothing
else to be read, and its pictures lie beside it. With --against it says, too, which of two versions answers which
drawings better, and whether that is more than chance."""

REPORT_EXAMPLES = """  python -m ml report digits --data pendigits.jsonl.gz --holdout --out report
  python -m ml report runes --bundle runes-2 --against runes-1 --data more.jsonl --out report"""

CARD = """Measure a bundle again on the tests of its recipe, and write its model card anew.

Nothing is trained: the figures in manifest.json, card.md and the confusion matrix become those of today."""


def add(commands: Any) -> None:
    _add_report(commands)
    _add_card(commands)


def _add_report(commands: Any) -> None:
    parser = add_command(commands, "report", report, REPORT, examples=REPORT_EXAMPLES)
    add_bundle(parser)
    add_drawings(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the page")
    parser.add_argument("--against", type=Path, metavar="DIR", help="the bundle of another version to compare with")
    add_json(parser)


def report(options: argparse.Namespace) -> None:
    from ml.reporting import html as pages  # brings Matplotlib, which only the extra 'train' has

    bundle, _ = open_bundle(options)
    against = load_bundle(options.against) if options.against else None
    drawings = read_drawings(options.data, bundle, holdout=options.holdout, split=options.split)
    page = pages.write_report(
        bundle,
        drawings,
        options.out,
        against=against,
        against_drawings=_seen_otherwise(options, bundle, against),
        history=pages.read_history(folder_of(options)),
        junk=options.junk,
        progress=progress_bars,
    )
    pictures = sorted(str(path) for path in options.out.glob("*.png"))
    figures = {"page": str(page), "pictures": pictures, "drawings": len(drawings.labels)}
    print_result(options, figures, f"{page}: {len(drawings.labels):,} drawings, {len(pictures)} pictures beside it.")


def _seen_otherwise(options: argparse.Namespace, bundle: Bundle, against: Bundle | None) -> LabelledDrawings | None:
    """The same drawings on the raster of the other version, where that is another."""
    if against is None or against.raster == bundle.raster:
        return None
    return read_drawings(options.data, against, holdout=options.holdout, split=options.split)


def _add_card(commands: Any) -> None:
    parser = add_command(commands, "card", card, CARD)
    add_bundle(parser)
    add_data_dir(parser)
    add_json(parser)


def card(options: argparse.Namespace) -> None:
    folder = folder_of(options)
    bundle = load_bundle(folder)
    name = bundle.manifest["recognizer"]
    if name not in RECIPES:
        raise TrainingError(f"No recipe for {name!r}, whose tests could be measured; there are: {', '.join(RECIPES)}.")
    measured = measure_again(bundle, RECIPES[name], options.data_dir)
    save_bundle(measured, folder)
    write_card(measured, folder)
    print_result(options, measured.manifest["card"], card_markdown(measured, CONFUSION_FILE))
