"""Measuring a bundle on the test sets of its recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ml.bundles.bundle import Bundle, verify_bundle
from ml.data.labelled_files import NEGATIVE_LABEL
from ml.evaluation.metrics import EvaluationReport, evaluate_answers
from ml.recipes.base import Examples

if TYPE_CHECKING:
    pass


def run_tests(bundle: Bundle, tests: dict[str, Examples]) -> dict[str, EvaluationReport]:
    """A report of each test, by the model file and the code that serve."""
    predictor = verify_bundle(bundle)
    labels = len(bundle.slugs)
    reports = {}
    for name, examples in tests.items():
        truth = np.where(examples.y < labels, examples.y, NEGATIVE_LABEL)
        probabilities = predictor.predict(examples.x).probabilities
        reports[name] = evaluate_answers(
            probabilities, truth, bundle.slugs, bundle.manifest["unsure_below"], groups=examples.writers
        )
    return reports


def manifest_metrics(report: EvaluationReport) -> dict[str, Any]:
    """What of a report goes into the manifest."""
    figures = report.to_dict()
    keys = ("junk_count", "junk_unsure") if not report.count else ("count", "accuracy", "unsure", "ece")
    return {key: figures[key] if isinstance(figures[key], int) else round(figures[key], 5) for key in keys}
