"""Measure a bundle on the tests of its recipe and write the figures into its manifest. Nothing is trained."""

from __future__ import annotations

from dataclasses import replace

from ml.bundles.bundle import Bundle
from ml.evaluation.bundle_tests import manifest_metrics, run_tests
from ml.evaluation.metrics import EvaluationReport
from ml.recipes.base import Material, Recipe
from ml.reporting.model_card import make_card, with_card


def measure_bundle(bundle: Bundle, recipe: Recipe, material: Material) -> tuple[Bundle, dict[str, EvaluationReport]]:
    """Return the bundle with new `metrics` and a new card, and the reports by the name of the test.

    Title and prompt are taken from the recipe as it is now; the model files stay as they are.
    """
    reports = run_tests(bundle, material.tests)
    metrics = {name: manifest_metrics(report) for name, report in reports.items()}
    manifest = {**bundle.manifest, "title": recipe.title, "prompt": recipe.prompt, "metrics": metrics}
    measured = replace(bundle, manifest=manifest)
    return with_card(measured, make_card(measured, reports, recipe, material)), reports
