"""Measure how much a model learns from people: the figures in docs/benchmarks.md.

A base is trained on MNIST only. Then 20 of the 30 pen writers correct and confirm their first 60 drawings, as people do
on the site. The other 10 are the test: neither the base nor the fine-tuned model has seen their handwriting. One
experiment approves all labels; in another nobody reviews, and a third of the authors labels at random.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml.augmentation.negatives import make_negative
from ml.bundles.bundle import Bundle, BundleError, load_bundle, save_bundle, verify_bundle
from ml.data import loaders
from ml.data.approved import ApprovedDrawings, ProgressCallback, select_drawings
from ml.embeddings import replay_pack
from ml.evaluation.exam import examine
from ml.evaluation.gate import PASSED
from ml.evaluation.metrics import calibration_error
from ml.preprocessing.ink import Ink, rasterise
from ml.recipes.base import VALIDATION_NEGATIVES, Examples, Material, Recipe
from ml.recipes.digits import LABELS, load_mnist_parts
from ml.reporting.figures import percent
from ml.reporting.text_tables import table
from ml.training.finetune import finetune
from ml.training.train import SEED, train

EPOCHS = 6
TEST_WRITERS = 10
DRAWINGS = 60  # the first of each writer
FIELD_EVERY = 5  # one author in five draws the field test
RANDOM_EVERY = 3  # one author in three labels at random

Figures = dict[str, Any]


class PenDrawings(NamedTuple):
    """Labelled pen drawings and their writers, str (n,)."""

    drawings: ApprovedDrawings
    writers: np.ndarray


def run_learning_bench(
    data: Path | None, cache: Path, *, modes: list[str], poisonings: int, alone: int, report: ProgressCallback
) -> Figures:
    """Return all figures: shares from 0 to 1, times in seconds. The base is saved in `cache`.

    `poisonings` is how often the experiment with random labels runs, each time with others. `alone` is for how many
    writers it is measured what they gain as the only user of a site.
    """
    base = base_bundle(data, cache)
    study, test = load_pen_drawings(data)
    mnist = loaders.load_mnist("test", data)
    exact = ApprovedDrawings(mnist.x, [None] * len(mnist.y), mnist.y)

    def train_on(drawings: ApprovedDrawings, mode: str, seed: int) -> Bundle:
        return finetune(base, drawings, mode=mode, seed=seed, report=report, data=data, recipe=RECIPE)

    return {
        "base": _measure(base, test.drawings, exact),
        "load": round(os.getloadavg()[0], 1),
        "learning": {mode: measure_learning(base, study, test, exact, mode, train_on) for mode in modes},
        "poison": {
            mode: [measure_poisoning(base, study, test, mode, seed, train_on) for seed in range(poisonings)]
            for mode in modes
        },
        "alone": {
            mode: [
                measure_one_person(base, study, mode, str(name), train_on) for name in np.unique(study.writers)[:alone]
            ]
            for mode in modes
        },
    }


# The three experiments

TrainFunction = Callable[[ApprovedDrawings, str, int], Bundle]


def measure_learning(
    base: Bundle, study: PenDrawings, test: PenDrawings, exact: ApprovedDrawings, mode: str, train_on: TrainFunction
) -> Figures:
    """Return the gain of the test writers, and the loss on the base test, with all drawings approved."""
    start = time.perf_counter()
    challenger = train_on(study.drawings, mode, SEED)
    seconds = time.perf_counter() - start
    verdict = examine(base, challenger, test.drawings, by_author=True, authors=TEST_WRITERS)
    return {
        "drawings": len(study.writers),
        "seconds": round(seconds, 1),
        **_measure(challenger, test.drawings, exact),
        "verdict": verdict.outcome,
        "sentences": verdict.sentences,
    }


def measure_poisoning(
    base: Bundle, study: PenDrawings, test: PenDrawings, mode: str, seed: int, train_on: TrainFunction
) -> Figures:
    """Return what is promoted, and its accuracy, if nobody reviews and a third of the authors label at random."""
    rng = np.random.default_rng(seed)
    authors = np.unique(study.writers)
    vandals = rng.permutation(authors)[: len(authors) // RANDOM_EVERY]
    spoilt = np.isin(study.writers, vandals)
    labels = np.where(spoilt, rng.integers(len(LABELS), size=len(spoilt)), study.drawings.labels)
    numbers = np.searchsorted(authors, study.writers)
    given = study.drawings._replace(labels=labels, authors=numbers)
    examined = np.isin(study.writers, loaders.first_by_hash(authors.tolist(), len(authors) // FIELD_EVERY))
    challenger = train_on(select_drawings(given, ~examined), mode, seed)
    field = select_drawings(given, examined)
    verdict = examine(base, challenger, field, by_author=True, authors=len(authors) // FIELD_EVERY)
    before, after = (_accuracy(bundle, test.drawings) for bundle in (base, challenger))
    return {
        "vandals": len(vandals),
        "examined_vandals": len(np.intersect1d(vandals, study.writers[examined])),
        "left_out": challenger.manifest["training"]["left_out"],
        "verdict": verdict.outcome,
        "before": before,
        "after": after,
        "promoted": after if verdict.outcome == PASSED else before,
    }


def measure_one_person(base: Bundle, study: PenDrawings, mode: str, name: str, train_on: TrainFunction) -> Figures:
    """Return the gain of a single user after thirty corrected drawings, a fifth of which is the field test."""
    own = select_drawings(study.drawings, study.writers == name)
    index = np.arange(len(own.labels))
    first, in_field = index < 30, index % FIELD_EVERY == 0
    challenger = train_on(select_drawings(own, first & ~in_field), mode, SEED)
    field, later = select_drawings(own, first & in_field), select_drawings(own, ~first)
    verdict = examine(base, challenger, field, by_author=False, authors=1)
    return {"verdict": verdict.outcome, "before": _accuracy(base, later), "after": _accuracy(challenger, later)}


def _measure(bundle: Bundle, pen: ApprovedDrawings, mnist: ApprovedDrawings) -> Figures:
    figures = {}
    for name, drawings in (("pen", pen), ("mnist", mnist)):
        answers = verify_bundle(bundle).predict(drawings.rasters).probabilities
        right = answers.argmax(axis=1) == drawings.labels
        figures[name] = float(right.mean())
        figures[f"{name}_ece"] = calibration_error(answers.max(axis=1), right)
    return figures


def _accuracy(bundle: Bundle, drawings: ApprovedDrawings) -> float:
    answers = verify_bundle(bundle).predict(drawings.rasters).probabilities
    return float((answers.argmax(axis=1) == drawings.labels).mean())


# The writers


def load_pen_drawings(data: Path | None) -> tuple[PenDrawings, PenDrawings]:
    """Return the first drawings of the 20 writers to train on, and all of the 10 test writers."""
    tracks = loaders.load_pen_tracks(data)
    chosen = loaders.first_by_hash({str(name) for name in tracks.group}, TEST_WRITERS)
    test, rest = loaders.split_by_group(tracks, chosen)
    first = [np.flatnonzero(rest.group == name)[:DRAWINGS] for name in np.unique(rest.group)]
    return _hands(loaders.select_rows(rest, np.concatenate(first))), _hands(test)


def _hands(tracks: loaders.Tracks) -> PenDrawings:
    rasters = np.stack([rasterise(ink) for ink in tracks.inks])
    return PenDrawings(ApprovedDrawings(rasters, list(tracks.inks), tracks.y.astype(np.int64)), tracks.group)


# The base


def load_mnist_only(data: Path | None) -> Material:
    """Return MNIST and synthetic negatives, without any pen track."""
    pictures, checked, test = load_mnist_parts(data)
    junk = np.stack([rasterise(ink) for ink in _junk(VALIDATION_NEGATIVES, seed=2)])
    return Material(
        pictures=pictures,
        tracks=loaders.Tracks([], np.zeros(0, np.int64), np.zeros(0, "U1")),
        negative_inks=_junk(2_000, seed=1),
        negative_rasters=np.zeros((0, 28, 28), np.uint8),
        validation={
            "MNIST, people not trained on": Examples(checked.x, checked.y),
            "made-up junk": Examples(junk, np.full(VALIDATION_NEGATIVES, len(LABELS))),
        },
        tests={"MNIST test": Examples(test.x, test.y)},
    )


def _junk(count: int, seed: int) -> list[Ink]:
    rng = np.random.default_rng(seed)
    return [make_negative(rng, []) for _ in range(count)]


RECIPE = Recipe(
    labels=LABELS,
    load=load_mnist_only,
    sources=("mnist",),
    notes=(),
    epochs=EPOCHS,
    pictures=40_000,
    tracks=0,
    prototypes=0,
    junk=4_000,
)


def base_bundle(data: Path | None, cache: Path, recipe: Recipe | None = None) -> Bundle:
    """Return the base of a recipe (default: MNIST only) with its replay pack; trained once and saved in `cache`."""
    recipe = recipe or RECIPE
    try:
        return load_bundle(cache)
    except BundleError:
        material = recipe.load(data)
        bundle, *_ = train("digits", recipe, material, seed=SEED, progress=False)
        bundle = bundle if bundle.rehearsal else replay_pack.add_replay_pack(bundle, material)
        save_bundle(bundle, cache)
        return bundle


def learning_text(figures: Mapping[str, Any]) -> str:
    """Return the figures of `run_learning_bench` as tables."""
    header = ("all approved", "verdict", "other writers", "ECE", "MNIST test", "ECE", "seconds")
    shares = ("pen", "pen_ece", "mnist", "mnist_ece")
    lines = {"base": figures["base"], **figures["learning"]}.items()
    rows = [
        (name, line.get("verdict", ""), *(percent(line[key]) for key in shares), str(line.get("seconds", "")))
        for name, line in lines
    ]
    parts = [table(header, rows)]
    for name, key, columns in (
        ("random labels by a third", "poison", ("before", "after", "promoted")),
        ("a single user", "alone", ("before", "after")),
    ):
        shown = [
            (mode, line["verdict"], *(percent(line[column]) for column in columns))
            for mode, tries in figures[key].items()
            for line in tries
        ]
        if shown:
            parts.append(table((name, "verdict", *columns), shown))
    return "\n\n".join(parts)
