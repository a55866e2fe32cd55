"""`python -m ml evaluate`, `robustness` and `junk`: what a bundle answers, and how reliably."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.bundles.bundle import Bundle
from ml.bundles.predictor import Predictor
from ml.commands.options import (
    add_bundle,
    add_command,
    add_data_dir,
    add_drawings,
    add_json,
    open_bundle,
    print_result,
    read_drawings,
)
from ml.data import labelled_files
from ml.data.labelled_files import EvaluationError
from ml.evaluation import metrics as measure
from ml.evaluation.metrics import EvaluationReport
from ml.evaluation.robustness import measure_junk, measure_robustness
from ml.progress import progress_bars
from ml.recipes import RECIPES
from ml.recipes.base import Examples
from ml.reporting import text_tables

TEXT = """Measure a bundle on labelled drawings, through the same code that serves.

Without --data the tests of its recipe are measured, those of the model card: drawings that training, tuning and
calibrating left alone."""

EXAMPLES = """  python -m ml evaluate bangla-digits
  python -m ml evaluate sketches --only eye,face,mouth,nose
  python -m ml evaluate digits --data pendigits.jsonl.gz --holdout --by-writer"""


def add(commands: Any) -> None:
    _add_evaluate(commands)
    _add_robustness(commands)
    _add_junk(commands)


def _add_evaluate(commands: Any) -> None:
    parser = add_command(commands, "evaluate", evaluate, TEXT, examples=EXAMPLES)
    add_bundle(parser)
    add_drawings(parser, required=False, text="default: the tests of the recipe; ")
    add_data_dir(parser)
    parser.add_argument(
        "--only",
        type=lambda said: [slug.strip() for slug in said.split(",")],
        metavar="SLUG,SLUG",
        help="choose among these labels alone, and leave out drawings of all others",
    )
    parser.add_argument("--by-writer", action="store_true", help="also a table by writer")
    add_json(parser)


def evaluate(options: argparse.Namespace) -> None:
    bundle, predictor = open_bundle(options)
    _check_only(bundle, options.only or [])
    if options.data:
        report = _of_files(options, bundle, predictor)
        print_result(options, report.to_dict(), text_tables.report_text(report, by_writer=options.by_writer))
        return
    reports = _of_recipe(options, bundle, predictor)
    text = [
        f"{name}\n\n{text_tables.report_text(report, by_writer=options.by_writer)}" for name, report in reports.items()
    ]
    figures = {name: report.to_dict() for name, report in reports.items()}
    print_result(options, figures, "\n\n\n".join([text_tables.tests_text(reports), *text]))


def _check_only(bundle: Bundle, only: list[str]) -> None:
    if unknown := [slug for slug in only if slug not in bundle.slugs]:
        raise EvaluationError(
            f"--only names labels that the bundle does not have: {', '.join(unknown)}. "
            f"It has {', '.join(bundle.slugs)}."
        )


def _of_files(options: argparse.Namespace, bundle: Bundle, predictor: Predictor) -> EvaluationReport:
    drawings = read_drawings(options.data, bundle, holdout=options.holdout, split=options.split)
    if options.only:
        drawings = labelled_files.select_labelled(drawings, np.isin(drawings.labels, options.only))
    truth = labelled_files.label_indices(drawings.labels, options.only or bundle.slugs, junk=options.junk)
    return _report(options, bundle, predictor, Examples(drawings.rasters, truth, drawings.writers))


def _of_recipe(options: argparse.Namespace, bundle: Bundle, predictor: Predictor) -> dict[str, EvaluationReport]:
    """The tests that its recipe keeps out, each as the model card has it."""
    name = bundle.manifest["recognizer"]
    if name not in RECIPES or options.holdout or options.split:
        raise EvaluationError(
            f"Name files of drawings with --data. Without it the tests of a recipe are measured, whole: "
            f"{', '.join(RECIPES)}."
        )
    asked = {
        name: _places(examples, options, bundle)
        for name, examples in RECIPES[name].load(options.data_dir).tests.items()
    }
    return {
        name: _report(options, bundle, predictor, part)
        for name, part in progress_bars(asked.items(), "tests")
        if len(part.y)
    }


def _places(examples: Examples, options: argparse.Namespace, bundle: Bundle) -> Examples:
    """The drawings of the labels that are asked for, and their places among these; junk where all are."""
    if not options.only:
        return replace(examples, y=np.where(examples.y < len(bundle.slugs), examples.y, labelled_files.NEGATIVE_LABEL))
    slugs = np.array([*bundle.slugs, ""])[examples.y]
    chosen = np.flatnonzero(np.isin(slugs, options.only))
    writers = [examples.writers[place] for place in chosen] if examples.writers else None
    return Examples(examples.x[chosen], labelled_files.label_indices(slugs[chosen].tolist(), options.only), writers)


def _report(options: argparse.Namespace, bundle: Bundle, predictor: Predictor, asked: Examples) -> EvaluationReport:
    slugs = options.only or bundle.slugs
    probabilities = predictor.predict(asked.x).probabilities[:, [bundle.slugs.index(slug) for slug in slugs]]
    return measure.evaluate_answers(
        probabilities, asked.y, slugs, bundle.manifest["unsure_below"], groups=asked.writers
    )


def _add_robustness(commands: Any) -> None:
    text = "Move, scale and resample drawings and draw them on other canvases: which answers stay the same?"
    parser = add_command(commands, "robustness", robustness, text)
    add_bundle(parser)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help=".jsonl or .jsonl.gz")
    parser.add_argument("--limit", type=int, default=2_000, metavar="N", help="drawings to take (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    add_json(parser)


def robustness(options: argparse.Namespace) -> None:
    bundle, predictor = open_bundle(options)
    inks = [ink for path in options.data for ink in labelled_files.read_inks(path)]
    figures = measure_robustness(predictor, inks, limit=options.limit, seed=options.seed, spec=bundle.raster)
    text = text_tables.shares_text("the same ink", figures)
    print_result(
        options, figures, f"{text}\n\nBrush and colour are not part of the ink, so they cannot change an answer."
    )


def _add_junk(commands: Any) -> None:
    text = "Measure how much junk (blanks, dots, scribbles, foreign characters) is answered 'not sure'."
    parser = add_command(commands, "junk", junk, text)
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
    print_result(options, figures, text_tables.shares_text("drawn", figures))
