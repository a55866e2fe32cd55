"""The answers of a bundle to labelled drawings, and the comparison of two versions: the data of a report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ml.bundles.bundle import Bundle, verify_bundle
from ml.data.labelled_files import NEGATIVE_LABEL, EvaluationError, LabelledDrawings, label_indices
from ml.evaluation.metrics import BINS, EvaluationReport, bin_numbers, evaluate_answers
from ml.progress import Progress, no_progress
from ml.statistics import mcnemar_exact

CHUNK = 100  # drawings answered between two updates of the progress


@dataclass(frozen=True)
class EvaluatedDrawings:
    """n drawings with their answers."""

    labels: list[dict[str, str]]
    rasters: np.ndarray
    """uint8 (n, size, size)."""
    truth: np.ndarray
    """int (n,): indices into `labels`, or NEGATIVE_LABEL."""
    probabilities: np.ndarray
    """float64 (n, labels)."""
    writers: list[str]
    unsure_below: float

    @property
    def slugs(self) -> list[str]:
        """The slugs of the labels."""
        return [label["slug"] for label in self.labels]

    @cached_property
    def guesses(self) -> np.ndarray:
        """The first guess, int (n,)."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def confidence(self) -> np.ndarray:
        """The probability of the first guess, float (n,)."""
        return self.probabilities.max(axis=1)

    @cached_property
    def real(self) -> np.ndarray:
        """Which drawings are not negatives, bool (n,)."""
        return self.truth != NEGATIVE_LABEL

    @cached_property
    def right(self) -> np.ndarray:
        """Which first guesses are right, bool (n,); never those of negatives."""
        return self.guesses == self.truth

    @cached_property
    def figures(self) -> EvaluationReport:
        """The same figures as `python -m ml evaluate` gives."""
        return evaluate_answers(self.probabilities, self.truth, self.slugs, self.unsure_below, self.writers)

    def mistakes(self) -> np.ndarray:
        """Return the rows of the wrong answers, the most confident first."""
        return self._most_confident(self.real & ~self.right)

    def sure_of_junk(self) -> np.ndarray:
        """Return the rows of the negatives that were not answered "not sure", the most confident first."""
        return self._most_confident(~self.real & (self.confidence >= self.unsure_below))

    def _most_confident(self, chosen: np.ndarray) -> np.ndarray:
        rows = np.flatnonzero(chosen)
        return rows[np.argsort(-self.confidence[rows], kind="stable")]


def answer_drawings(
    bundle: Bundle, drawings: LabelledDrawings, *, junk: bool = False, progress: Progress = no_progress
) -> EvaluatedDrawings:
    """Return the bundle's answers. Drawings of other labels are negatives with `junk`, else raise EvaluationError."""
    truth = label_indices(drawings.labels, bundle.slugs, junk=junk)
    predictor = verify_bundle(bundle)
    chunks = [drawings.rasters[start : start + CHUNK] for start in range(0, len(truth), CHUNK)]
    probabilities = [predictor.predict(chunk).probabilities for chunk in progress(chunks, "answers")]
    return EvaluatedDrawings(
        labels=bundle.manifest["labels"],
        rasters=drawings.rasters,
        truth=truth,
        probabilities=np.concatenate(probabilities).astype(np.float64),
        writers=drawings.writers,
        unsure_below=bundle.manifest["unsure_below"],
    )


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers of similar confidence, from `low` to `high`."""

    low: float
    high: float
    count: int
    confidence: float
    """The mean probability of their first guesses."""
    accuracy: float
    """The share of them that is right."""


def reliability_bins(answered: EvaluatedDrawings, bins: int = BINS) -> list[ReliabilityBin]:
    """Return the answers to real drawings in bins of equal width by confidence, without empty bins."""
    confidence, right = answered.confidence[answered.real], answered.right[answered.real]
    numbers = bin_numbers(confidence, bins)
    found = []
    for number in np.unique(numbers):
        chosen = numbers == number
        means = float(confidence[chosen].mean()), float(right[chosen].mean())
        found.append(ReliabilityBin(number / bins, (number + 1) / bins, int(chosen.sum()), *means))
    return found


class VersionComparison(NamedTuple):
    """Two versions on the same real drawings."""

    this: EvaluatedDrawings
    other: EvaluatedDrawings
    won: np.ndarray
    """int: rows that only this version answers rightly."""
    lost: np.ndarray
    """int: rows that only the other version answers rightly."""
    chance: float
    """The two-sided p-value of McNemar's exact test."""


def compare_versions(this: EvaluatedDrawings, other: EvaluatedDrawings) -> VersionComparison:
    """Return which drawings only one version answers rightly.

    Raises EvaluationError if they know different labels or answered different numbers of drawings.
    """
    if sorted(this.slugs) != sorted(other.slugs):
        raise EvaluationError(
            f"The versions have different labels: {', '.join(this.slugs)} and {', '.join(other.slugs)}."
        )
    if len(this.truth) != len(other.truth):
        raise EvaluationError(
            f"The versions answered different numbers of drawings: {len(this.truth)} and {len(other.truth)}."
        )
    won = np.flatnonzero(this.right & ~other.right)
    lost = np.flatnonzero(other.right & ~this.right)
    fewer, more = sorted((len(won), len(lost)))
    return VersionComparison(this, other, won, lost, min(1.0, 2 * mcnemar_exact(more, fewer)))
