"""`python -m ml report` and `card`: write a page about a bundle, and measure its model card anew."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ml.bundles.bundle import load_bundle, save_bundle
from ml.commands.options import add_command, add_drawings, folder_of, open_bundle, print_result, read_drawings
from ml.progress import progress_bars
from ml.reporting.card_markdown import card_markdown
from ml.reporting.measure_bundle import measure_bundle
from ml.reporting.model_card import write_card
from ml.training.train import recipe_of

REPORT = """Write a page about a bundle: samples, learning curves, confusions, confident mistakes, calibration.

The bundle answers labelled drawings through the code that serves. The page (report.html) needs no other file; its
pictures are written beside it. With --against, it also compares two versions: which one answers which drawings
better, and whether the difference may be chance."""

REPORT_EXAMPLES = """  python -m ml report digits --data pendigits.jsonl.gz --holdout --out report
  python -m ml report runes --bundle runes-2 --against runes-1 --data more.jsonl --out report"""

CARD = """Measure a bundle again on the tests of its recipe, and write a new model card.

Nothing is trained. The new figures are written into manifest.json, card.md and confusion.svg."""


def add(commands: Any) -> None:
    shared = ("recognizer", "--bundle", "--json")
    parser = add_command(commands, "report", report, REPORT, *shared, examples=REPORT_EXAMPLES)
    add_drawings(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the page")
    parser.add_argument("--against", type=Path, metavar="DIR", help="the bundle of another version to compare with")
    add_command(commands, "card", card, CARD, *shared, "--data-dir")


def report(options: argparse.Namespace) -> None:
    from ml.reporting import html  # imports Matplotlib, which only the extra 'train' installs

    bundle, _ = open_bundle(options)
    against = load_bundle(options.against) if options.against else None
    chosen = {"keep_unknown": options.junk, "holdout": options.holdout, "split": options.split}
    drawings, against_drawings = read_drawings(options.data, bundle, **chosen), None
    if against and against.raster != bundle.raster:
        against_drawings = read_drawings(options.data, against, **chosen)
    page = html.write_report(
        bundle,
        drawings,
        options.out,
        against=against,
        against_drawings=against_drawings,
        junk=options.junk,
        progress=progress_bars,
    )
    pictures = sorted(str(path) for path in options.out.glob("*.png"))
    figures = {"page": str(page), "pictures": pictures, "drawings": len(drawings.labels)}
    print_result(options, figures, f"{page}: {len(drawings.labels):,} drawings, {len(pictures)} pictures beside it.")


def card(options: argparse.Namespace) -> None:
    folder = folder_of(options)
    bundle = load_bundle(folder)
    recipe = recipe_of(bundle.manifest["recognizer"])
    measured, _ = measure_bundle(bundle, recipe, recipe.load(options.data_dir))
    save_bundle(measured, folder)
    write_card(measured, folder)
    print_result(options, measured.manifest["card"], card_markdown(measured))
