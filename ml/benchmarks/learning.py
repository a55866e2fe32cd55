"""Measure how much a model learns from people: the figures in docs/benchmarks.md.

People whose drawings the base has never seen draw, and correct or confirm the answers, as on the site; others measure
what was learned (`ml.benchmarks.studies`). In one experiment all labels are approved. In another nobody reviews, and a
third of the authors labels at random. In the third, one person is the only user of a site.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ml.benchmarks.studies import Study, authors_of, split_exam
from ml.bundles.bundle import Bundle, verify_bundle
from ml.data.approved import ApprovedDrawings, select_drawings
from ml.evaluation.compare import mean_over_labels
from ml.evaluation.exam import examine
from ml.evaluation.gate import PASSED, GateVerdict
from ml.evaluation.metrics import calibration_error
from ml.reporting.figures import percent
from ml.reporting.text_tables import table
from ml.training.train import SEED

RANDOM_EVERY = 3  # one author in three labels at random
ALONE = 30  # the first drawings of somebody who is the only user

Figures = dict[str, Any]

TrainFunction = Callable[[ApprovedDrawings, str, int], Bundle]
"""Gets drawings, the mode and a seed; returns the challenger."""


def run_learning_bench(
    study: Study, train_on: TrainFunction, *, modes: list[str], poisonings: int, alone: int
) -> Figures:
    """Return all figures: shares from 0 to 1, times in seconds.

    `poisonings` is how often the experiment with random labels runs, each time with others. `alone` is for how many
    people it is measured what they gain as the only user of a site, if they have drawn enough.
    """
    enough = np.flatnonzero(np.bincount(authors_of(study.people)) > ALONE)[:alone].tolist()
    return {
        "about": study.about,
        "base": measure_bundle(study.base, study),
        "load": round(os.getloadavg()[0], 1),
        "learning": {mode: measure_learning(study, mode, train_on) for mode in modes},
        "poison": {
            mode: [measure_poisoning(study, mode, seed, train_on) for seed in range(poisonings)] for mode in modes
        },
        "alone": {mode: [measure_one_person(study, author, mode, train_on) for author in enough] for mode in modes},
    }


# The three experiments


def measure_learning(study: Study, mode: str, train_on: TrainFunction) -> Figures:
    """Return the gain of the others, and the loss on the base test, with all drawings approved."""
    training, exam = study.parts()
    start = time.perf_counter()
    challenger = train_on(training, mode, SEED)
    seconds = time.perf_counter() - start
    verdict = examine_challenger(study, challenger, exam)
    return {
        "drawings": len(training.labels),
        "exam": len(exam.labels),
        "seconds": round(seconds, 1),
        **measure_bundle(challenger, study),
        "verdict": verdict.outcome,
        "sentences": verdict.sentences,
        "settings": [choice["settings"] for choice in challenger.manifest["training"].get("choices", [])],
    }


def measure_poisoning(study: Study, mode: str, seed: int, train_on: TrainFunction) -> Figures:
    """Return what is promoted, and its accuracy, if nobody reviews and a third of the authors label at random."""
    rng = np.random.default_rng(seed)
    people, labels = study.people, len(study.base.slugs)
    authors = np.unique(authors_of(people))
    vandals = rng.permutation(authors)[: len(authors) // RANDOM_EVERY]
    spoilt = np.isin(authors_of(people), vandals)
    given = people._replace(
        labels=np.where(spoilt, rng.integers(labels, size=len(spoilt)), people.labels),
        unreviewed=np.ones(len(spoilt), bool),
    )
    training, exam = split_exam(given)
    challenger = train_on(training, mode, seed)
    verdict = examine_challenger(study, challenger, exam)
    before, after = (_accuracy(bundle, study.test) for bundle in (study.base, challenger))
    return {
        "vandals": len(vandals),
        "examined_vandals": len(np.intersect1d(vandals, authors_of(exam))),
        "left_out": challenger.manifest["training"]["left_out"],
        "verdict": verdict.outcome,
        "objections": verdict.objections,
        "before": before,
        "after": after,
        "promoted": after if verdict.outcome == PASSED else before,
    }


def measure_one_person(study: Study, author: int, mode: str, train_on: TrainFunction) -> Figures:
    """Return the gain of a single user after thirty corrected drawings, twelve of which are the exam."""
    own = select_drawings(study.people, authors_of(study.people) == author)
    index = np.arange(len(own.labels))
    first, examined = index < ALONE, index % 5 < 2  # 12 of 30, the fewest that the gate takes
    challenger = train_on(select_drawings(own, first & ~examined), mode, SEED)
    exam, later = select_drawings(own, first & examined), select_drawings(own, ~first)
    verdict = examine(study.base, challenger, exam, by_author=False, authors=1, base_test=study.base_test)
    return {
        "verdict": verdict.outcome,
        "before": _accuracy(study.base, later),
        "after": _accuracy(challenger, later),
    }


def examine_challenger(study: Study, challenger: Bundle, exam: ApprovedDrawings) -> GateVerdict:
    """Return the gate's verdict; none of the authors of the exam drew anything that the challenger was trained on."""
    authors = len(np.unique(authors_of(exam)))
    return examine(study.base, challenger, exam, by_author=True, authors=authors, base_test=study.base_test)


def measure_bundle(bundle: Bundle, study: Study) -> Figures:
    """Return accuracy and calibration on the drawings of the others and on the base test; there also by label."""
    figures: Figures = {}
    predictor, test = verify_bundle(bundle), study.base_test
    for name, rasters, labels in (
        ("others", study.test.rasters, study.test.labels),
        ("base", test.rasters, test.labels),
    ):
        answers = predictor.predict(rasters).probabilities
        right = answers.argmax(axis=1) == labels
        figures[name] = float(right.mean())
        figures[f"{name}_ece"] = calibration_error(answers.max(axis=1), right)
    figures["base_mean"] = mean_over_labels(right, labels)
    return figures


def _accuracy(bundle: Bundle, drawings: ApprovedDrawings) -> float:
    answers = verify_bundle(bundle).predict(drawings.rasters).probabilities
    return float((answers.argmax(axis=1) == drawings.labels).mean())


# The text


def learning_text(figures: Mapping[str, Any]) -> str:
    """Return the figures of `run_learning_bench` as tables."""
    header = ("all approved", "verdict", "others", "ECE", "base test", "mean over labels", "ECE", "seconds")
    shares = ("others", "others_ece", "base", "base_mean", "base_ece")
    lines = {"base": figures["base"], **figures["learning"]}.items()
    rows = [
        (name, line.get("verdict", ""), *(percent(line[key]) for key in shares), str(line.get("seconds", "")))
        for name, line in lines
    ]
    parts = [figures["about"], table(header, rows)]
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
    for mode, tries in figures["poison"].items():
        promoted = [line for line in tries if line["verdict"] == PASSED]
        worse = sum(line["after"] < line["before"] for line in promoted)
        if tries:
            parts.append(f"{mode}, {len(tries)} tries: {len(promoted)} promoted, {worse} of them worse than the base.")
    return "\n\n".join(parts)
