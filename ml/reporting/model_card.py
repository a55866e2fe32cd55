"""The model card: what a bundle was made of, how good it is, and what it must not be used for.

One dictionary in the bundle's manifest, of which the site's page and `card.md` are both made. Nothing
in it is typed by hand but the recipe's notes and limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.bundles.bundle import Bundle
from ml.data.sources import SOURCES
from ml.evaluation.metrics import EvaluationReport
from ml.recipes import RECIPES
from ml.recipes.base import AVERAGED, DISTILLED, Material, Recipe
from ml.reporting.card_markdown import card_markdown
from ml.reporting.confusion_svg import confusion_svg

CARD_FILE = "card.md"
CONFUSION_FILE = "confusion.svg"
CONFUSIONS = 12  # that are named, the most frequent
DIGITS = 6  # of a share behind the point

LIMITS = (
    "Deciding anything where a mistake costs somebody something, without a person who looks.",
    "Telling who drew something, or anything else about a person.",
    "Several symbols at once: it reads one, and should answer 'not sure' to several.",
)

LEARNING = {
    DISTILLED: "learns, is refined on milder drawings and harder junk, and is taught once more by the mean of both "
    "ends (`ml/training/fit.py`)",
    AVERAGED: "learns, and what serves is the running mean of its weights (`ml/training/fit.py`)",
}

Json = dict[str, Any]


def with_card(bundle: Bundle, card: Json) -> Bundle:
    """The same bundle with this card in its manifest."""
    return replace(bundle, manifest={**bundle.manifest, "card": card})


def inherit_card(bundle: Bundle, base: Bundle) -> Bundle:
    """The same bundle with the card of the base that it was taught from, if that has one."""
    return with_card(bundle, base.manifest["card"]) if "card" in base.manifest else bundle


def write_card(bundle: Bundle, folder: Path) -> None:
    """Write the bundle's card as `card.md` with `confusion.svg`. Raises BundleError if it has none."""
    text = card_markdown(bundle, CONFUSION_FILE)
    folder.mkdir(parents=True, exist_ok=True)
    labels, matrix = bundle.manifest["labels"], bundle.manifest["card"]["confusion"]
    if matrix:
        (folder / CONFUSION_FILE).write_text(
            confusion_svg(matrix, [label["glyph"] or label["name"] for label in labels])
        )
    (folder / CARD_FILE).write_text(text, "utf-8")


def make_card(bundle: Bundle, reports: Mapping[str, EvaluationReport], recipe: Recipe, material: Material) -> Json:
    """The card of a bundle that learned `material` by `recipe`; `reports` are its figures by the name of the test."""
    real = {name: report for name, report in reports.items() if report.count}
    matrix = sum_matrices([report.confusion for report in real.values()])
    return {
        "summary": _summary(bundle),
        "data": [_source(name, material) for name in recipe.sources] or [_own(material)],
        "trained_on": count_per_label(material, bundle.slugs),
        "recipe": _recipe(bundle, recipe),
        "results": [_result(name, report) for name, report in reports.items()],
        "by_label": [{"test": name, "labels": _by_label(report)} for name, report in real.items()],
        "confusions": find_confusions(matrix, bundle.slugs)[:CONFUSIONS],
        "confusion": matrix,
        "limits": [*LIMITS, *recipe.limits],
        "notes": list(recipe.notes),
    }


def _summary(bundle: Bundle) -> str:
    labels = bundle.manifest["labels"]
    shown = ", ".join(label["glyph"] or label["name"] for label in labels)
    told = f"A small neural network that tells apart {len(labels)} labels ({shown})"
    return f"{told}, and answers 'not sure' to what is none of them."


def _source(name: str, material: Material) -> Json:
    source = SOURCES[name]
    told = {"title": source.title, "origin": source.origin, "licence": source.licence}
    return {"name": name, **told, "drawings": material.counts.get(name)}


def _own(material: Material) -> Json:
    drawings = len(material.pictures.y) + len(material.tracks.y)
    return {"name": "own", "title": "A folder of one's own drawings", "origin": "", "licence": "", "drawings": drawings}


def count_per_label(material: Material, slugs: Sequence[str]) -> dict[str, int]:
    """How many different drawings of each label there were to learn from, by slug."""
    counts = material.distinct_counts
    if counts is None:
        counts = np.bincount(np.concatenate([material.pictures.y, material.tracks.y]), minlength=len(slugs))
    return dict(zip(slugs, counts.tolist(), strict=False))


def _recipe(bundle: Bundle, recipe: Recipe) -> list[str]:
    manifest, raster = bundle.manifest, bundle.raster
    training, name = manifest["training"], manifest["recognizer"]
    command = f"`python -m ml train {name}`" if name in RECIPES else "`python -m ml train --from FOLDER`"
    return [
        f"{command} repeats it, with the seed {training['seed']}; the order in which processor threads add up numbers "
        "may change the last digits of a figure.",
        f"It reads drawings as {raster.size} x {raster.size} pixels, white on black: ink is fitted into a box "
        f"of {raster.box:g}, drawn with a pen of {raster.pen:g} and centred by its {raster.centre}; pictures are "
        "brought to the same form.",
        f"A {recipe.network} network (`ml/network.py`) {LEARNING[recipe.learning]}.",
        f"{training['epochs']} epochs of {training['pictures']:,} pictures, {training['tracks']:,} pen tracks, "
        f"{training['prototypes']:,} drawings by prototypes of our own and {training['junk']:,} of junk, varied anew "
        f"each time; batches of {training['batch']}, Adam with a peak rate of {training['learning_rate']:g} that falls "
        "to nothing." + _further(training),
        "What examines it taught it nothing. It was set apart beforehand: by writer where the writers are known, else "
        "as the publisher split the set, or by a hash of each drawing.",
        f"Its probabilities were calibrated (temperature {training['temperature']:g}) on drawings that it did not "
        f"learn from; by them, too, an answer under {manifest['unsure_below']:g} is given as 'not sure'.",
    ]


def _further(training: Mapping[str, Any]) -> str:
    epochs = training.get("further", 0)
    return f" Then {epochs} more epochs at half the rate; what serves is their running mean." if epochs else ""


def _result(name: str, report: EvaluationReport) -> Json:
    figures = report.to_dict()
    shares = {key: _rounded(figures[key]) for key in ("accuracy", "top3", "unsure", "ece", "junk_unsure")}
    sure = _rounded(figures["accuracy_when_sure"])
    return {"test": name, "count": report.count, "sure_accuracy": sure, "junk_count": report.junk_count, **shares}


def _by_label(report: EvaluationReport) -> list[Json]:
    return [{"slug": line.slug, "count": line.count, "accuracy": _rounded(line.accuracy)} for line in report.labels]


def _rounded(share: float | None) -> float | None:
    """A share as it is kept; None where there was nothing to measure."""
    return None if share is None or np.isnan(share) else round(share, DIGITS)


def sum_matrices(matrices: Sequence[Sequence[Sequence[int]]]) -> list[list[int]]:
    """One confusion matrix of several: rows what was drawn, columns the first guess. Empty if there are none."""
    return np.sum(matrices, axis=0).tolist() if matrices else []


def find_confusions(matrix: Sequence[Sequence[int]], slugs: Sequence[str]) -> list[Json]:
    """What was taken for something else, the most frequent first."""
    wrong = [
        {"drawn": slugs[i], "answered": slugs[j], "count": count}
        for i, row in enumerate(matrix)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(wrong, key=lambda line: -line["count"])
