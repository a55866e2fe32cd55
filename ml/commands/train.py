"""`python -m ml train`, and `rehearse`: making a bundle, and its rehearsal pack anew."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ml import rehearsal
from ml.artifact import load_bundle, save_bundle
from ml.commands.options import MODELS, add_bundle, add_data_dir, add_recognizer, command, folder_of
from ml.recipes import RECIPES
from ml.train import SEED, TrainingError, train_recognizer


def add(commands: Any) -> None:
    text = "Train a recognizer from its data sets and write its bundle, model card and confusion matrix."
    parser = command(commands, "train", train, text)
    add_recognizer(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: the shipped bundle)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data (default: the recipe's)")
    parser.add_argument(
        "--seed", type=int, default=SEED, metavar="N", help=f"for every choice made by chance (default: {SEED})"
    )
    add_data_dir(parser)
    text = "Make the rehearsal pack of a bundle from the data sets that its base was trained on."
    parser = command(commands, "rehearse", rehearse, text)
    add_bundle(parser)
    add_data_dir(parser)


def train(options: argparse.Namespace) -> None:
    out = options.out or MODELS / options.recognizer
    chosen = {} if options.epochs is None else {"epochs": options.epochs}
    train_recognizer(options.recognizer, out=out, seed=options.seed, data=options.data_dir, **chosen)


def rehearse(options: argparse.Namespace) -> None:
    out = folder_of(options)
    bundle = load_bundle(out)
    if bundle.manifest["recognizer"] not in RECIPES:
        raise TrainingError(f"No recipe for {bundle.manifest['recognizer']!r}; there are: {', '.join(RECIPES)}.")
    packed = rehearsal.make(bundle, RECIPES[bundle.manifest["recognizer"]].replay(options.data_dir))
    save_bundle(packed, out)
    print(f"{out}: {len(packed.rehearsal):,} bytes of rehearsal pack.")
