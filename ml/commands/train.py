"""`python -m ml train`, `rehearse`, `base-test`, `examples`: train a bundle, and make what belongs to it anew."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml.bundles.bundle import Bundle, load_bundle, save_bundle
from ml.commands.options import MODELS, add_command, folder_of, print_result
from ml.embeddings import replay_pack
from ml.evaluation.base_test import BASE_TEST_FILE, make_base_test, save_base_test
from ml.evaluation.examples import EXAMPLES_FILE, make_examples, save_examples
from ml.progress import progress_bars
from ml.recipes import RECIPES
from ml.recipes.base import Recipe
from ml.recipes.custom import recipe_from_folder
from ml.reporting.figures import share_with_interval
from ml.training.train import SEED, TrainingError, recipe_of, train_recognizer

TEXT = """Train a recognizer and write its bundle, model card and confusion matrix.

A shipped recognizer is trained from its data sets (`python -m ml data` shows which are here).
Any other is trained from a folder of labelled drawings, at least ten of each label:

  FOLDER/recognizer.json   {"slug": "runes", "title": "Runes", "labels": [{"slug": "fehu", "name": "fehu"}, ...]}
  FOLDER/fehu/*.png        pictures (.png .jpg .jpeg .webp .bmp); folders in it are named like the writers
  FOLDER/fehu.ndjson       strokes, one drawing in a line, in the formats of Quick, Draw! (also .jsonl, .gz)

docs/adding-a-recognizer.md describes the next steps, up to the page for drawing."""

EXAMPLES = """  python -m ml train bangla-digits --data-dir ../datasets
  python -m ml train --from runes --out runes-bundle
  python manage.py install_recognizer runes-bundle"""

BASE_TEST = """Make the base test of a recognizer from the held-out drawings of its data sets.

`train` does the same. The bundle of an earlier release has none; for a recognizer of your own, name the folder that it
was trained from. Then install the bundle again."""

BASE_TEST_EXAMPLES = """  python -m ml base-test digits
  python -m ml base-test --from runes --bundle runes-bundle
  python manage.py install_recognizer runes-bundle"""

EXAMPLE_DRAWINGS = """Make the example drawings of a recognizer, which people see after a round: one of each label.

They are chosen from the data sets that it was trained on. For a recognizer of your own, name the folder that it was
trained from, if whoever drew in it agrees that visitors see their drawings. Then install the bundle again."""

EXAMPLE_DRAWINGS_EXAMPLES = """  python -m ml examples digits
  python -m ml examples --from runes --bundle runes-bundle
  python manage.py install_recognizer runes-bundle"""

REHEARSE = "Make the replay pack of a bundle from the data sets that its base was trained on."


def add(commands: Any) -> None:
    parser = add_command(commands, "train", train, TEXT, "--data-dir", "--json", examples=EXAMPLES)
    parser.add_argument("recognizer", nargs="?", help=f"one of {', '.join(RECIPES)} (default: digits)")
    parser.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="a folder of labelled drawings")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: the shipped bundle)")
    parser.add_argument(
        "--onwards", type=Path, metavar="DIR", help="continue from this bundle, with the recipe's further cycle only"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data (default: the recipe's)")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"random seed (default: {SEED})")
    add_command(commands, "rehearse", rehearse, REHEARSE, "recognizer", "--bundle", "--data-dir")
    shared = ("recognizer", "--bundle", "--data-dir")
    made = add_command(commands, "base-test", base_test, BASE_TEST, *shared, examples=BASE_TEST_EXAMPLES)
    made.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="a folder of labelled drawings")
    drawn = add_command(commands, "examples", examples, EXAMPLE_DRAWINGS, *shared, examples=EXAMPLE_DRAWINGS_EXAMPLES)
    drawn.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="a folder of labelled drawings")


def train(options: argparse.Namespace) -> None:
    with contextlib.redirect_stdout(sys.stderr):  # Keras prints its progress where the result belongs
        recognizer, recipe, out = _what_to_train(options)
        # Fail before the training, not after it. Leave no new folder behind, because the training may still fail.
        new = not out.exists()
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
        if new:
            out.rmdir()
        bundle = train_recognizer(
            recognizer,
            recipe,
            out=out,
            epochs=options.epochs,
            seed=options.seed,
            data=options.data_dir,
            onwards=options.onwards,
        )
    metrics, notes = bundle.manifest["metrics"], bundle.manifest.get("card", {}).get("notes", [])
    figures = {"recognizer": bundle.manifest["recognizer"], "bundle": str(out), "metrics": metrics, "notes": notes}
    lines = [f"{out}: {bundle.manifest['recognizer']} is trained."]
    lines += [f"  {name}: {_describe(test)}" for name, test in metrics.items()]
    print_result(options, figures, "\n".join([*lines, *notes]))


def _what_to_train(options: argparse.Namespace) -> tuple[str, Recipe | None, Path]:
    """The recognizer, its recipe unless it is the shipped one, and the folder for the bundle."""
    if not options.folder:
        recognizer = options.recognizer or "digits"
        return recognizer, None, options.out or MODELS / recognizer
    if options.recognizer:
        raise TrainingError(f"The name is taken from {options.folder}/recognizer.json. Omit {options.recognizer!r}.")
    if not options.out:
        raise TrainingError("Give the folder for the bundle with --out.")
    slug, recipe = recipe_from_folder(options.folder, progress=progress_bars)
    return slug, recipe, options.out


def _describe(figures: Mapping[str, Any]) -> str:
    """The result of one test with its confidence interval."""
    if "count" in figures:
        return share_with_interval(figures["accuracy"], figures["count"], "right")
    return share_with_interval(figures["junk_unsure"], figures["junk_count"], "answered 'not sure'")


def rehearse(options: argparse.Namespace) -> None:
    out = folder_of(options)
    bundle = load_bundle(out)
    material = recipe_of(bundle.manifest["recognizer"]).replay(options.data_dir)
    packed = replay_pack.add_replay_pack(bundle, material)
    save_bundle(packed, out)
    print(f"{out}: the replay pack has {len(packed.rehearsal):,} bytes.")


def base_test(options: argparse.Namespace) -> None:
    if options.folder and not options.bundle:
        raise TrainingError("Give the folder of the bundle with --bundle.")
    out = folder_of(options)
    bundle = load_bundle(out)
    test = make_base_test(bundle, _recipe_for(bundle, options.folder).replay(options.data_dir))
    save_base_test(test, out)
    counts = ", ".join(f"{(test.sources == name).sum():,} of {name}" for name in dict.fromkeys(test.sources.tolist()))
    print(f"{out / BASE_TEST_FILE}: {len(test.labels):,} drawings ({counts}).")


def examples(options: argparse.Namespace) -> None:
    if options.folder and not options.bundle:
        raise TrainingError("Give the folder of the bundle with --bundle.")
    out = folder_of(options)
    bundle = load_bundle(out)
    recipe = _recipe_for(bundle, options.folder)
    made = make_examples(bundle, recipe, recipe.replay(options.data_dir))
    size = save_examples(made, out)
    missing = [slug for slug in bundle.slugs if slug not in made["labels"]]
    rest = f" None for {', '.join(missing)}." if missing else ""
    print(f"{out / EXAMPLES_FILE}: {len(made['labels'])} examples, {size:,} bytes.{rest}")


def _recipe_for(bundle: Bundle, folder: Path | None) -> Recipe:
    """The recipe of the bundle's recognizer, which is a shipped one or that of the folder. Raises TrainingError."""
    slug = bundle.manifest["recognizer"]
    if folder is None:
        return recipe_of(slug)
    name, recipe = recipe_from_folder(folder, progress=progress_bars)
    if name != slug:
        raise TrainingError(f"{folder} is the recognizer {name!r}, and the bundle is of {slug!r}.")
    return recipe
