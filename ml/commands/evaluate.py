"""`python -m ml evaluate`, `robustness` and `junk`: measure the answers of a bundle."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.bundles.bundle import Bundle
from ml.bundles.predictor import Predictor
from ml.commands.options import add_command, add_drawings, open_bundle, print_result, read_drawings
from ml.data import labelled_files
from ml.data.find_labels import find_labels, label_names
from ml.data.labelled_files import EvaluationError
from ml.evaluation.metrics import EvaluationReport, evaluate_answers
from ml.evaluation.robustness import measure_junk, measure_robustness
from ml.progress import progress_bars
from ml.recipes import RECIPES
from ml.recipes.base import Examples
from ml.reporting import text_tables

TEXT = """Measure a bundle on labelled drawings, through the same code that serves.

Without --data, the tests of its recipe are measured, as in the model card. Their drawings were not used for
training, tuning or calibration."""

EXAMPLES = """  python -m ml evaluate bangla-digits
  python -m ml evaluate sketches --only eye,face,mouth,nose
  python -m ml evaluate digits --data pendigits.jsonl.gz --holdout --by-writer"""


def add(commands: Any) -> None:
    shared = ("recognizer", "--bundle", "--data-dir", "--json")
    parser = add_command(commands, "evaluate", evaluate, TEXT, *shared, examples=EXAMPLES)
    add_drawings(parser, required=False, text="default: the tests of the recipe; ")
    parser.add_argument(
        "--only",
        type=lambda text: [slug.strip() for slug in text.split(",")],
        default=[],
        metavar="LABEL,LABEL",
        help="choose among these labels only, and leave out drawings of all others",
    )
    parser.add_argument("--by-writer", action="store_true", help="add a table by writer")

    text = "Move, scale and resample drawings and draw them on other canvases: which answers stay the same?"
    parser = add_command(commands, "robustness", robustness, text, "recognizer", "--bundle", "--json")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help=".jsonl or .jsonl.gz")
    parser.add_argument("--limit", type=int, default=2_000, metavar="N", help="drawings to use (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")

    text = "Measure how many negative examples (blanks, dots, scribbles, foreign characters) are answered 'not sure'."
    parser = add_command(commands, "junk", junk, text, *shared)
    parser.add_argument("--count", type=int, default=500, metavar="N", help="drawings of each synthetic kind")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")


def evaluate(options: argparse.Namespace) -> None:
    bundle, predictor = open_bundle(options)
    options.only = _find_slugs(options.only, bundle)
    if options.data:
        keep_unknown = options.junk or bool(options.only)
        chosen = {"keep_unknown": keep_unknown, "holdout": options.holdout, "split": options.split}
        drawings = read_drawings(options.data, bundle, **chosen)
        if options.only:
            drawings = labelled_files.select_labelled(drawings, np.isin(drawings.labels, options.only))
        truth = labelled_files.label_indices(drawings.labels, options.only or bundle.slugs, junk=options.junk)
        examples = Examples(drawings.rasters, truth, drawings.writers)
        report = _evaluate_examples(options, bundle, predictor, examples)
        print_result(options, report.to_dict(), text_tables.report_text(report, by_writer=options.by_writer))
        return
    reports = _evaluate_recipe(options, bundle, predictor)
    tables = {name: text_tables.report_text(each, by_writer=options.by_writer) for name, each in reports.items()}
    parts = [text_tables.tests_text(reports), *(f"{name}\n\n{text}" for name, text in tables.items())]
    print_result(options, {name: each.to_dict() for name, each in reports.items()}, "\n\n\n".join(parts))


def _find_slugs(words: list[str], bundle: Bundle) -> list[str]:
    """The slugs of the labels that --only names, each once."""
    found = {word: find_labels(word, label_names(bundle.manifest["labels"]), prefer_slug=True) for word in words}
    if wrong := [word for word, indices in found.items() if len(indices) != 1]:
        raise EvaluationError(
            f"--only needs words that mean one label each, which these do not: {', '.join(wrong)}. "
            f"The bundle has {', '.join(bundle.slugs)}."
        )
    return list(dict.fromkeys(bundle.slugs[index] for (index,) in found.values()))


def _evaluate_recipe(options: argparse.Namespace, bundle: Bundle, predictor: Predictor) -> dict[str, EvaluationReport]:
    """The tests of the bundle's recipe, as in the model card."""
    recognizer = bundle.manifest["recognizer"]
    if recognizer not in RECIPES or options.holdout or options.split:
        raise EvaluationError(
            "Give files of drawings with --data. Without it, the tests of a recipe are measured as a whole, and only "
            f"these have one: {', '.join(RECIPES)}."
        )
    tests = RECIPES[recognizer].load(options.data_dir).tests
    chosen = {name: _choose_labels(examples, options.only, bundle) for name, examples in tests.items()}
    return {
        name: _evaluate_examples(options, bundle, predictor, examples)
        for name, examples in progress_bars(chosen.items(), "tests")
        if len(examples.y)
    }


def _choose_labels(examples: Examples, only: list[str], bundle: Bundle) -> Examples:
    """The drawings of these labels, with indices among them; without `only` all drawings, "other" as NEGATIVE_LABEL."""
    if not only:
        return replace(examples, y=np.where(examples.y < len(bundle.slugs), examples.y, labelled_files.NEGATIVE_LABEL))
    slugs = np.array([*bundle.slugs, ""])[examples.y]
    rows = np.flatnonzero(np.isin(slugs, only))
    writers = [examples.writers[row] for row in rows] if examples.writers else None
    return Examples(examples.x[rows], labelled_files.label_indices(slugs[rows].tolist(), only), writers)


def _evaluate_examples(
    options: argparse.Namespace, bundle: Bundle, predictor: Predictor, examples: Examples
) -> EvaluationReport:
    slugs = options.only or bundle.slugs
    probabilities = predictor.predict(examples.x).probabilities[:, [bundle.slugs.index(slug) for slug in slugs]]
    return evaluate_answers(probabilities, examples.y, slugs, bundle.manifest["unsure_below"], groups=examples.writers)


def robustness(options: argparse.Namespace) -> None:
    bundle, predictor = open_bundle(options)
    inks = [ink for path in options.data for ink in labelled_files.read_inks(path)]
    figures = measure_robustness(predictor, inks, limit=options.limit, seed=options.seed, spec=bundle.raster)
    text = text_tables.shares_text("the same ink", figures)
    print_result(options, figures, f"{text}\n\nBrush and colour are not part of the ink. They cannot change an answer.")


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
