"""Measure the error rates of the gate's field test: the figures in docs/benchmarks.md.

Exams are simulated with real answers of real pairs of models: the base of a study (`ml.benchmarks.studies`) and last
layers trained on the drawings of its people, all answering the drawings of the others. An exam draws authors at random
with replacement, and 20 drawings of each. Only the field test is simulated; the share of "not sure" counts as
unchanged, since each run sets its limit so. The other rules can only refuse more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ml.benchmarks.studies import Study, authors_of
from ml.bundles.bundle import Bundle, verify_bundle
from ml.bundles.predictor import Head
from ml.data.approved import select_drawings
from ml.embeddings import softmax
from ml.evaluation.compare import compare_answers, independent_units
from ml.evaluation.gate import PASSED, REFUSED, judge_field
from ml.reporting.figures import percent
from ml.reporting.text_tables import table
from ml.training.finetune import HEAD, finetune
from ml.training.train import SEED

RUNS = 2_000  # of each case and size
SIZES = (100, 300, 1_000, 3_000)  # drawings of an exam
AUTHOR_DRAWINGS = 20  # of each author in an exam
WORSE, BETTER = -0.01, 0.02  # differences of accuracy
CASES = ("equally good", "better and worse by person", "a point worse", "two points better")
# Shares of the way from the base's last layer to the challenger's at which pairs are looked for; above 1 is beyond it.
SHARES = 0.02 * 1.05 ** np.arange(180)  # up to 125
UNCHANGED = {"before": 0.0, "after": 0.0}  # shares of "not sure"

Rng = np.random.Generator
Figures = dict[str, Any]


class Pair(NamedTuple):
    """The answers of two models to the n drawings of the others: float (n, labels)."""

    before: np.ndarray
    after: np.ndarray
    swapped: bool = False
    """Whether the two are swapped for half of the authors at random, so that neither is better."""


def run_gate_bench(study: Study, *, runs: int) -> Figures:
    """Return the share of exams by their outcome, for each case and size, and the accuracies of each pair."""
    truth, authors = study.test.labels, authors_of(study.test)
    cases = {}
    for name, pair in make_pairs(study).items():
        sizes = {
            str(size): simulate(pair, truth, authors, size, runs, np.random.default_rng((SEED, size))) for size in SIZES
        }
        cases[name] = {**_compare_pair(pair, truth), "sizes": sizes}
    return {"about": study.about, "runs": runs, "cases": cases}


def _compare_pair(pair: Pair, truth: np.ndarray) -> Figures:
    before, after = (answers.argmax(axis=1) == truth for answers in (pair.before, pair.after))
    return {
        "before": float(before.mean()),
        "after": float(after.mean()),
        "wins": float((after & ~before).mean()),
        "losses": float((before & ~after).mean()),
    }


# The pairs


def make_pairs(study: Study) -> dict[str, Pair]:
    """Return the pairs of all cases.

    The equally good models are challengers trained on different halves of the people. The others are on the line
    through the last layers of the base and of a challenger, where the accuracy is as wanted. Where the base is too good
    to become two points better, it is the second of the pair, and a layer that is two points worse the first. The same
    pair, swapped for half of the authors, is the hardest case: equal on average, and different for each person.
    """
    predictor = verify_bundle(study.base)
    base, labels = predictor.head(), len(study.base.slugs)
    embeddings, truth = predictor.predict(study.test.rasters).embeddings, study.test.labels
    first, second = (verify_bundle(challenger).head() for challenger in train_on_halves(study))

    def answer(head: Head) -> np.ndarray:
        return softmax.predict_head(head, embeddings)[:, :labels]

    def move(difference: float) -> np.ndarray:
        """The answers of the layer nearest to the base's whose accuracy differs by so much."""
        return find_on_line(lambda share: answer(interpolate(base, first, share)), truth, difference)

    before = answer(base)
    try:
        better = Pair(before, move(BETTER))
    except LookupError:
        better = Pair(move(-BETTER), before)
    equal = Pair(answer(first), answer(second), swapped=True)
    pairs = (equal, better._replace(swapped=True), Pair(before, move(WORSE)), better)
    return dict(zip(CASES, pairs, strict=True))


def train_on_halves(study: Study) -> list[Bundle]:
    """Return two challengers, each with its last layer trained on the drawings of half of the people."""
    half = np.unique(authors_of(study.people), return_inverse=True)[1] % 2 == 0  # bool (n,)
    return [
        finetune(study.base, select_drawings(study.people, part), mode=HEAD, seed=SEED, report=lambda progress: None)
        for part in (half, ~half)
    ]


def interpolate(start: Head, end: Head, share: float) -> Head:
    """The last layer at this share of the way from `start` to `end`; below 0 and above 1 it is beyond them."""
    return Head(*((1 - share) * a + share * b for a, b in zip(start, end, strict=True)))


def find_on_line(answer: Callable[[float], np.ndarray], truth: np.ndarray, difference: float) -> np.ndarray:
    """The answers at the smallest share whose accuracy is higher than at 0 by `difference`, or lower if it is below 0.

    `answer` returns float (n, labels) for a share. Lower accuracy is looked for at negative shares. Raises
    LookupError if there is no such share in SHARES.
    """
    sign = np.sign(difference)
    start = float((answer(0.0).argmax(axis=1) == truth).mean())
    for share in sign * SHARES:
        answers = answer(float(share))
        if sign * (float((answers.argmax(axis=1) == truth).mean()) - start - difference) >= 0:
            return answers
    raise LookupError(f"No layer on the line differs by {difference}.")


# The exams


def simulate(pair: Pair, truth: np.ndarray, authors: np.ndarray, size: int, runs: int, rng: Rng) -> Figures:
    """Return the share of exams of about `size` drawings that promote, refuse, and say "no better"."""
    rows_of_authors = [np.flatnonzero(authors == author) for author in np.unique(authors)]
    outcomes = [_examine_once(pair, truth, rows_of_authors, size, rng) for _ in range(runs)]
    promoted, refused = (outcomes.count(outcome) / runs for outcome in (PASSED, REFUSED))
    return {"promoted": promoted, "refused": refused, "no better": 1 - promoted - refused}


def _examine_once(pair: Pair, truth: np.ndarray, rows_of_authors: list[np.ndarray], size: int, rng: Rng) -> str:
    rows, units = draw_exam(rows_of_authors, size, rng)
    before, after = pair.before[rows], pair.after[rows]
    if pair.swapped:
        swap = rng.integers(0, 2, units.max() + 1).astype(bool)[units, np.newaxis]  # (n, 1)
        before, after = np.where(swap, after, before), np.where(swap, before, after)
    field = compare_answers(before, after, truth[rows], independent_units(units))
    outcome, _ = judge_field({**field, "authors": len(np.unique(units))}, UNCHANGED)
    return outcome


def draw_exam(rows_of_authors: list[np.ndarray], size: int, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the drawings of an exam, int (n,), and the number of the author of each, int (n,).

    Authors are drawn with replacement: somebody drawn twice counts as two people.
    """
    drawn = rng.integers(0, len(rows_of_authors), size // AUTHOR_DRAWINGS)
    rows = [rng.permutation(rows_of_authors[author])[:AUTHOR_DRAWINGS] for author in drawn]
    return np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(part) for part in rows])


def gate_text(figures: Mapping[str, Any]) -> str:
    """Return the figures of `run_gate_bench` as a table."""
    rows = [
        (
            name,
            f"{percent(case['before'])} -> {percent(case['after'])}",
            f"{percent(case['wins'])}, {percent(case['losses'])}",
            size,
            *(percent(share) for share in shares.values()),
        )
        for name, case in figures["cases"].items()
        for size, shares in case["sizes"].items()
    ]
    header = ("the second model is", "accuracies", "better, worse on", "drawings", "promoted", "refused", "no better")
    return f"{figures['about']}\n\n{table(header, rows)}"
