"""`python -m ml evaluate`, `robustness` and `junk`: what a bundle answers, and how reliably."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from ml import evaluate as measure
from ml import tables
from ml.artifact import Bundle
from ml.commands.options import DATA_HELP, add_bundle, add_data_dir, add_json, answer, command, open_bundle, read
from ml.evaluate import EvaluationError
from ml.robustness import measure_junk, measure_robustness


def add(commands: Any) -> None:
    _add_evaluate(commands)
    _add_robustness(commands)
    _add_junk(commands)


def _add_evaluate(commands: Any) -> None:
    text = "Measure a bundle on labelled drawings, through the same code that serves."
    parser = command(commands, "evaluate", evaluate, text)
    add_bundle(parser)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help=DATA_HELP)
    parser.add_argument("--by-writer", action="store_true", help="also a table by writer")
    parser.add_argument(
        "--holdout",
        action="store_true",
        help="only the fifth of the writers that training leaves alone (by sha256 of the writer)",
    )
    parser.add_argument("--junk", action="store_true", help="count drawings of other labels as junk, not as an error")
    parser.add_argument(
        "--only",
        type=lambda said: [slug.strip() for slug in said.split(",")],
        metavar="SLUG,SLUG",
        help="choose among these labels alone, and leave out drawings of all others",
    )
    add_json(parser)


def evaluate(options: argparse.Namespace) -> None:
    bundle, predictor = open_bundle(options)
    drawings = read(options.data, bundle, holdout=options.holdout)
    slugs, places = _asked(bundle, options.only)
    if options.only:
        drawings = measure.select(drawings, np.isin(drawings.labels, slugs))
    truth = measure.to_indices(drawings.labels, slugs, junk=options.junk)
    probabilities = predictor.predict(drawings.rasters).probabilities[:, places]
    report = measure.evaluate(probabilities, truth, slugs, bundle.manifest["unsure_below"], groups=drawings.writers)
    answer(options, report.to_dict(), tables.report_text(report, by_writer=options.by_writer))


def _asked(bundle: Bundle, only: list[str] | None) -> tuple[list[str], list[int]]:
    """The labels to choose among, and their places in the model's answers."""
    slugs = only or bundle.slugs
    if unknown := [slug for slug in slugs if slug not in bundle.slugs]:
        raise EvaluationError(
            f"--only names labels that the bundle does not have: {', '.join(unknown)}. "
            f"It has {', '.join(bundle.slugs)}."
        )
    return slugs, [bundle.slugs.index(slug) for slug in slugs]


def _add_robustness(commands: Any) -> None:
    text = "Move, scale and resample drawings and draw them on other canvases: which answers stay the same?"
    parser = command(commands, "robustness", robustness, text)
    add_bundle(parser)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help=".jsonl or .jsonl.gz")
    parser.add_argument("--limit", type=int, default=2_000, metavar="N", help="drawings to take (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    add_json(parser)


def robustness(options: argparse.Namespace) -> None:
    bundle, predictor = open_bundle(options)
    inks = [ink for path in options.data for ink in measure.read_inks(path)]
    figures = measure_robustness(predictor, inks, limit=options.limit, seed=options.seed, spec=bundle.raster)
    text = tables.shares_text("the same ink", figures)
    answer(options, figures, f"{text}\n\nBrush and colour are not part of the ink, so they cannot change an answer.")


def _add_junk(commands: Any) -> None:
    text = "Measure how much junk (blanks, dots, scribbles, foreign characters) is answered 'not sure'."
    parser = command(commands, "junk", junk, text)
    add_bundle(parser)
    add_data_dir(parser)
    parser.add_argument("--count", type=int, default=500, metavar="N", help="drawings of each made-up kind")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    add_json(parser)


def junk(options: argparse.Namespace) -> None:
    bundle, predictor = open_bundle(options)
    figures = measure_junk(
        predictor,
        bundle.manifest["unsure_below"],
        recognizer=bundle.manifest["recognizer"],
        spec=bundle.raster,
        data=options.data_dir,
        count=options.count,
        seed=options.seed,
    )
    answer(options, figures, tables.shares_text("drawn", figures))
