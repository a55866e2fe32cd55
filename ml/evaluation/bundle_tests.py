"""Run the test sets of a recipe on a bundle, through the code that serves."""

from __future__ import annotations

from typing import Any

import numpy as np

from ml.bundles.bundle import Bundle, verify_bundle
from ml.data.labelled_files import NEGATIVE_LABEL
from ml.evaluation.metrics import EvaluationReport, evaluate_answers
from ml.recipes.base import Examples


def run_tests(bundle: Bundle, tests: dict[str, Examples]) -> dict[str, EvaluationReport]:
    """Return a report for each test set, by its name. Raises BundleError for a bundle that must not be used."""
    predictor, labels = verify_bundle(bundle), len(bundle.slugs)
    reports = {}
    for name, examples in tests.items():
        probabilities = predictor.predict(examples.x).probabilities  # (n, labels)
        truth = np.where(examples.y < labels, examples.y, NEGATIVE_LABEL)  # examples count "other" as one label more
        reports[name] = evaluate_answers(
            probabilities, truth, bundle.slugs, bundle.manifest["unsure_below"], groups=examples.writers
        )
    return reports


def manifest_metrics(report: EvaluationReport) -> dict[str, Any]:
    """Return the figures of a report that the manifest holds, shares rounded to 5 digits."""
    figures = report.to_dict()
    keys = ("count", "accuracy", "unsure", "ece") if report.count else ("junk_count", "junk_unsure")
    return {key: figures[key] if isinstance(figures[key], int) else round(figures[key], 5) for key in keys}
