"""`python -m ml train`, and `rehearse`: making a bundle, and its rehearsal pack anew."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml.bundles.bundle import Bundle, load_bundle, save_bundle
from ml.commands.options import MODELS, add_bundle, add_command, add_data_dir, add_json, folder_of, print_result
from ml.embeddings import replay_pack
from ml.progress import progress_bars
from ml.recipes import RECIPES
from ml.recipes.custom import recipe_from_folder
from ml.reporting import text_tables
from ml.statistics import wilson_interval
from ml.training.train import SEED, TrainingError, recipe_of, train_recipe, train_recognizer

TEXT = """Train a recognizer and write its bundle, model card and confusion matrix.

One of those that ship is trained from its data sets (`python -m ml data` shows what is here).
Another one is trained from a folder of labelled drawings, as few as ten a label:

  FOLDER/recognizer.json   {"slug": "runes", "title": "Runes", "labels": [{"slug": "fehu", "name": "fehu"}, ...]}
  FOLDER/fehu/*.png        pictures (.png .jpg .jpeg .webp .bmp); folders in it name who drew them
  FOLDER/fehu.ndjson       strokes, one drawing a line, in the layouts of Quick, Draw! (also .jsonl, .gz)

docs/adding-a-recognizer.md tells the rest of the way, to the page where it is drawn on."""

EXAMPLES = """  python -m ml train bangla-digits --data-dir ../datasets
  python -m ml train --from runes --out runes-bundle
  python manage.py install_recognizer runes-bundle"""


def add(commands: Any) -> None:
    _add_train(commands)
    _add_rehearse(commands)


def _add_train(commands: Any) -> None:
    parser = add_command(commands, "train", train, TEXT, examples=EXAMPLES)
    parser.add_argument("recognizer", nargs="?", help=f"one of {', '.join(RECIPES)} (default: digits)")
    parser.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="a folder of labelled drawings")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: the shipped bundle)")
    parser.add_argument(
        "--onwards", type=Path, metavar="DIR", help="go on from the bundle there: the recipe's further cycle alone"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data (default: the recipe's)")
    parser.add_argument(
        "--seed", type=int, default=SEED, metavar="N", help=f"for every choice made by chance (default: {SEED})"
    )
    add_data_dir(parser)
    add_json(parser)


def train(options: argparse.Namespace) -> None:
    with contextlib.redirect_stdout(sys.stderr):  # Keras shows its progress where the answer belongs
        bundle, out = _train_from_folder(options) if options.folder else _train_recognizer(options)
    metrics, notes = bundle.manifest["metrics"], _notes(bundle)
    figures = {"recognizer": bundle.manifest["recognizer"], "bundle": str(out), "metrics": metrics, "notes": notes}
    print_result(
        options, figures, "\n".join([f"{out}: {bundle.manifest['recognizer']} is trained.", *_lines(metrics), *notes])
    )


def _train_recognizer(options: argparse.Namespace) -> tuple[Bundle, Path]:
    recognizer = options.recognizer or "digits"
    out = options.out or MODELS / recognizer
    _check_place(out)
    bundle = train_recognizer(
        recognizer,
        out=out,
        epochs=options.epochs,
        seed=options.seed,
        data=options.data_dir,
        onwards=options.onwards,
    )
    return bundle, out


def _train_from_folder(options: argparse.Namespace) -> tuple[Bundle, Path]:
    if options.recognizer:
        raise TrainingError(f"{options.folder} says itself what it is called; leave {options.recognizer!r} out.")
    if not options.out:
        raise TrainingError("Say with --out where to write the bundle.")
    slug, recipe = recipe_from_folder(options.folder, progress=progress_bars)
    _check_place(options.out)
    bundle = train_recipe(
        slug, recipe, out=options.out, epochs=options.epochs, seed=options.seed, onwards=options.onwards
    )
    return bundle, options.out


def _check_place(out: Path) -> None:
    """Better before a training than after it. What is made for it is taken away again: the training may yet fail."""
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out):
        pass
    if new:
        out.rmdir()


def _notes(bundle: Bundle) -> list[str]:
    """What the card says of this training in particular."""
    notes: list[str] = bundle.manifest.get("card", {}).get("notes", [])
    return notes


def _lines(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The figures, with what they may really be."""
    return [f"  {name}: {_line(figures)}" for name, figures in metrics.items()]


def _line(figures: Mapping[str, Any]) -> str:
    share, count, what = (
        (figures["accuracy"], figures["count"], "right")
        if "count" in figures
        else (figures["junk_unsure"], figures["junk_count"], "answered 'not sure'")
    )
    low, high = wilson_interval(share, count)
    return f"{text_tables.percent(share)} of {count:,} {what} (95 of 100 times from {low:.1%} to {high:.1%})"


def _add_rehearse(commands: Any) -> None:
    text = "Make the rehearsal pack of a bundle from the data sets that its base was trained on."
    parser = add_command(commands, "rehearse", rehearse, text)
    add_bundle(parser)
    add_data_dir(parser)


def rehearse(options: argparse.Namespace) -> None:
    out = folder_of(options)
    bundle = load_bundle(out)
    packed = replay_pack.add_replay_pack(bundle, recipe_of(bundle.manifest["recognizer"]).replay(options.data_dir))
    save_bundle(packed, out)
    print(f"{out}: {len(packed.rehearsal):,} bytes of rehearsal pack.")
