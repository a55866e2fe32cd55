"""Labelled drawings and what a bundle answers to them: everything that a report looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ml.bundles.bundle import Bundle, verify_bundle
from ml.data.labelled_files import NEGATIVE_LABEL, EvaluationError, LabelledDrawings, label_indices
from ml.evaluation.metrics import BINS, EvaluationReport, evaluate_answers
from ml.progress import Progress, no_progress
from ml.statistics import mcnemar_exact

CHUNK = 100  # drawings answered between two signs of progress


@dataclass(frozen=True)
class EvaluatedDrawings:
    """n drawings with their answers. `truth` int (n,) is a place in `labels`, or JUNK."""

    labels: list[dict[str, str]]
    rasters: np.ndarray
    truth: np.ndarray
    probabilities: np.ndarray
    writers: list[str]
    unsure_below: float

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
        """Which are no junk, bool (n,)."""
        return self.truth != NEGATIVE_LABEL

    @cached_property
    def right(self) -> np.ndarray:
        """Whose first guess is what was drawn, bool (n,); never so for junk."""
        return self.guesses == self.truth

    @cached_property
    def figures(self) -> EvaluationReport:
        """What `python -m ml evaluate` says of them."""
        slugs = [label["slug"] for label in self.labels]
        return evaluate_answers(self.probabilities, self.truth, slugs, self.unsure_below, self.writers)

    def mistakes(self) -> np.ndarray:
        """Places of the wrong answers, the most confident first."""
        return self._most_confident(self.real & ~self.right)

    def sure_of_junk(self) -> np.ndarray:
        """Places of the junk that was given a label and not called "not sure", the most confident first."""
        return self._most_confident(~self.real & (self.confidence >= self.unsure_below))

    def _most_confident(self, chosen: np.ndarray) -> np.ndarray:
        places = np.flatnonzero(chosen)
        return places[np.argsort(-self.confidence[places], kind="stable")]


def answer_drawings(
    bundle: Bundle, drawings: LabelledDrawings, *, junk: bool = False, progress: Progress = no_progress
) -> EvaluatedDrawings:
    """Have the bundle answer. Drawings of other labels are junk if `junk`, else an EvaluationError."""
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
    """Answers of about the same probability."""

    low: float
    high: float
    count: int
    confidence: float
    """The mean probability of their first guess."""
    accuracy: float
    """The share that was right."""


def reliability_bins(answered: EvaluatedDrawings, bins: int = BINS) -> list[ReliabilityBin]:
    """The answers to real drawings by the probability of their first guess; empty bins are left out."""
    confidence, right = answered.confidence[answered.real], answered.right[answered.real]
    places = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    found = []
    for place in np.unique(places):
        chosen = places == place
        means = float(confidence[chosen].mean()), float(right[chosen].mean())
        found.append(ReliabilityBin(place / bins, (place + 1) / bins, int(chosen.sum()), *means))
    return found


class VersionComparison(NamedTuple):
    """Two versions on the same real drawings: places of those that only one of them answers rightly."""

    this: EvaluatedDrawings
    other: EvaluatedDrawings
    won: np.ndarray
    lost: np.ndarray
    chance: float
    """That a split at least as uneven comes about if neither is better (McNemar, exact, two-sided)."""


def compare_versions(this: EvaluatedDrawings, other: EvaluatedDrawings) -> VersionComparison:
    """Who is right where the other is not. Raises EvaluationError if they were not asked the same."""
    here, there = ([label["slug"] for label in side.labels] for side in (this, other))
    if sorted(here) != sorted(there):
        raise EvaluationError(f"The versions tell other labels apart: {', '.join(here)} and {', '.join(there)}.")
    if len(this.truth) != len(other.truth):
        raise EvaluationError(f"The versions answered {len(this.truth)} and {len(other.truth)} drawings, not the same.")
    won = np.flatnonzero(this.right & ~other.right)
    lost = np.flatnonzero(other.right & ~this.right)
    fewer, more = sorted((len(won), len(lost)))
    return VersionComparison(this, other, won, lost, min(1.0, 2 * mcnemar_exact(more, fewer)))


def label_name(label: Mapping[str, str]) -> str:
    """What a person sees: the glyph, or the name where there is none."""
    return label["glyph"] or label["name"]
