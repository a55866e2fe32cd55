"""Measure a bundle that is already there once more, and say so in its card: nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ml.bundles.bundle import Bundle
from ml.evaluation.bundle_tests import manifest_metrics, run_tests
from ml.recipes.base import Recipe
from ml.reporting.model_card import make_card, with_card


def measure_again(bundle: Bundle, recipe: Recipe, data: Path | None = None) -> Bundle:
    """The bundle with the figures of the recipe's tests and the card as they are today; the models stay as they are.

    `data` is the folder of data sets (else `INKLING_DATA`, else downloads). Raises DatasetError.
    """
    material = recipe.load(data)
    reports = run_tests(bundle, material.tests)
    metrics = {name: manifest_metrics(report) for name, report in reports.items()}
    said = {"title": recipe.title, "prompt": recipe.prompt, "metrics": metrics}
    measured = replace(bundle, manifest={**bundle.manifest, **said})
    return with_card(measured, make_card(measured, reports, recipe, material))
