"""Choose the settings of a fine-tuning: the largest gain whose loss on the base data stays small enough.

The approved drawings are divided by author into those to train on and those to choose with (validation); the exam of
the run is a third part, which nothing here sees. With few authors there is nothing to choose with: then defaults are
used that were measured to be safe (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from ml.bundles.bundle import Bundle, verify_bundle
from ml.data.approved import ApprovedDrawings
from ml.evaluation.base_test import BaseTest
from ml.evaluation.compare import log_loss, mean_over_labels
from ml.evaluation.gate import allowed_drop

VALIDATION_SHARE = 0.25  # of the drawings
MAX_VALIDATION_SHARE = 0.5  # a single author can have most of the drawings
MIN_AUTHORS = 8  # with fewer authors, or fewer drawings, the defaults are used
MIN_DRAWINGS = 80


# Of the drop that the gate allows, what a choice may use: half of the base test measures less exactly than all of it.
MARGIN = 0.7


def base_accuracy(answers: np.ndarray, truth: np.ndarray) -> float:
    """The accuracy on base data, mean over labels, 0 to 1, of probabilities, float (n, labels). `truth` is int (n,)."""
    return mean_over_labels(answers.argmax(axis=1) == truth, truth) or 0.0


class BaseCheck(NamedTuple):
    """Half of the base test, which measures how much each of the settings forgets."""

    rasters: np.ndarray
    """uint8 (n, size, size)."""
    labels: np.ndarray
    """int64 (n,)."""
    accuracy: float
    """Of the base, mean over labels, 0 to 1."""

    @classmethod
    def of(cls, base: Bundle, test: BaseTest | None) -> Self | None:
        """None without a base test that fits the base."""
        if test is None or not len(test.labels) or not test.fits(base):
            return None
        rasters, labels = test.half()
        answers = verify_bundle(base).predict(rasters).probabilities
        return cls(rasters, labels, base_accuracy(answers, labels))

    @property
    def allowed(self) -> float:
        """By how much the accuracy may drop, 0 to 1."""
        return MARGIN * allowed_drop(self.accuracy)

    def drop(self, answers: np.ndarray) -> float:
        """By how much the accuracy is lower with these probabilities, float (n, labels)."""
        return self.accuracy - base_accuracy(answers, self.labels)


class Candidate(NamedTuple):
    """The result of some settings."""

    settings: dict[str, float]
    accuracy: float
    """On the validation drawings, 0 to 1."""
    log_loss: float
    """On the same."""
    drop: float
    """By how much the accuracy on base data fell, mean over labels, 0 to 1; below 0 if it rose."""
    rise: float = 0.0
    """By how much the log loss on base data rose, where that is measured: it is less left to chance."""

    @classmethod
    def of(
        cls, settings: dict[str, float], answers: np.ndarray, truth: np.ndarray, *, drop: float = 0.0, rise: float = 0.0
    ) -> Self:
        """From the probabilities for the validation drawings, float (n, labels), and their labels, int (n,)."""
        accuracy = float((answers.argmax(axis=1) == truth).mean())
        return cls(settings, accuracy, log_loss(answers, truth), drop, rise)


class Choice(NamedTuple):
    """The chosen settings and how they were chosen."""

    settings: dict[str, float]
    record: dict[str, Any]
    """Plain JSON for the manifest and the page of the run."""


def choose_validation(drawings: ApprovedDrawings, seed: int) -> np.ndarray:
    """Which drawings to choose with, bool (n,): those of some authors, about a quarter. None if there are too few."""
    none = np.zeros(len(drawings.labels), bool)
    if drawings.authors is None or len(drawings.labels) < MIN_DRAWINGS:
        return none
    authors, counts = np.unique(drawings.authors, return_counts=True)
    if len(authors) < MIN_AUTHORS:
        return none
    chosen, held = [], 0
    for index in np.random.default_rng(seed).permutation(len(authors)):
        if held >= VALIDATION_SHARE * counts.sum():
            break
        if held + counts[index] <= MAX_VALIDATION_SHARE * counts.sum():
            chosen.append(authors[index])
            held += counts[index]
    return np.isin(drawings.authors, chosen)


def defaults(layers: str, settings: dict[str, float]) -> Choice:
    """The choice without validation drawings."""
    why = f"Fixed settings: choosing them needs at least {MIN_DRAWINGS} drawings by {MIN_AUTHORS} people."
    return Choice(settings, {"layers": layers, "settings": settings, "why": why, "candidates": []})


def choose(
    layers: str, before: Candidate, candidates: Sequence[Candidate], allowed: float, validation: ApprovedDrawings
) -> Choice:
    """The candidate with the highest accuracy on the validation drawings that does not lose too much on base data.

    The accuracy there may drop by `allowed`, and the log loss may not rise. `layers` names what was trained, `before`
    is the base. Among equals the log loss decides. If all lose too much, the one that loses least is chosen; the gate
    has the last word.
    """
    fitting = [each for each in candidates if _fits(each, allowed)]
    best = max(fitting, key=_gain) if fitting else min(candidates, key=lambda each: (each.rise, each.drop))
    people = 0 if validation.authors is None else len(np.unique(validation.authors))
    why = f"Chosen on {len(validation.labels)} drawings by {people} other people and on base data."
    if not fitting:
        why += " Every setting lost more on the base data than is allowed here; this one lost least."
    rows = [
        {
            **each.settings,
            "accuracy": round(each.accuracy, 5),
            "log_loss": round(each.log_loss, 5),
            "drop": round(each.drop, 5),
            "fits": _fits(each, allowed),
            "chosen": each is best,
        }
        for each in candidates
    ]
    record = {
        "layers": layers,
        "settings": best.settings,
        "why": why,
        "before": round(before.accuracy, 5),
        "allowed": round(allowed, 5),
    }
    return Choice(best.settings, {**record, "candidates": rows})


def _fits(candidate: Candidate, allowed: float) -> bool:
    return candidate.drop <= allowed and candidate.rise <= 0


def _gain(candidate: Candidate) -> tuple[float, float]:
    return candidate.accuracy, -candidate.log_loss
