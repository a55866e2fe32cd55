"""Make the model card of a bundle: what it was made of, how good it is, and what it must not be used for.

The card is a dictionary in the bundle's manifest. The site's page and `card.md` are both made from it. All of it is
computed, except the notes and limits of the recipe.
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
from ml.reporting.card_markdown import CONFUSION_FILE, card_markdown
from ml.reporting.confusions import confused_pairs_svg, confusion_svg, find_confusions, sum_matrices
from ml.reporting.figures import MOST_LABELS, label_name

CARD_FILE = "card.md"
CONFUSIONS, MANY_CONFUSIONS = 12, 40  # listed, the most frequent; of more than MOST_LABELS labels, more of them
DIGITS = 6  # to which shares are rounded

LIMITS = (
    "Decisions in which an error causes harm, unless a person checks the answer.",
    "Identifying who drew something, or finding out anything else about a person.",
    "Several symbols at once: it recognises one, and should answer 'not sure' to several.",
)

LEARNING = {
    DISTILLED: "is trained, then refined on milder variations and harder negative examples, then trained once more "
    "with the mean of both results as its teacher (`ml/training/fit.py`)",
    AVERAGED: "is trained, and the moving average of its weights is used (`ml/training/fit.py`)",
}

Json = dict[str, Any]


def with_card(bundle: Bundle, card: Json) -> Bundle:
    """Return the bundle with this card in its manifest."""
    return replace(bundle, manifest={**bundle.manifest, "card": card})


def inherit_card(bundle: Bundle, base: Bundle) -> Bundle:
    """Return the bundle with the card of the base that it was trained from, if that has one."""
    return with_card(bundle, base.manifest["card"]) if "card" in base.manifest else bundle


def write_card(bundle: Bundle, folder: Path) -> None:
    """Write the bundle's card as `card.md` with `confusion.svg`. Raises BundleError if it has none."""
    text = card_markdown(bundle)
    folder.mkdir(parents=True, exist_ok=True)
    card, names = bundle.manifest["card"], {label["slug"]: label_name(label) for label in bundle.manifest["labels"]}
    if card["confusion"]:
        (folder / CONFUSION_FILE).write_text(confusion_svg(card["confusion"], list(names.values())), "utf-8")
    elif card["confusions"]:
        (folder / CONFUSION_FILE).write_text(confused_pairs_svg(card["confusions"], names), "utf-8")
    (folder / CARD_FILE).write_text(text, "utf-8")


def make_card(bundle: Bundle, reports: Mapping[str, EvaluationReport], recipe: Recipe, material: Material) -> Json:
    """Return the card of a bundle that was trained on `material` by `recipe`; `reports` are its tests by name."""
    real = {name: report for name, report in reports.items() if report.count}
    matrix = sum_matrices([report.confusion for report in real.values()])
    names = list(map(label_name, bundle.manifest["labels"]))
    by_label = []
    for name, report in real.items():
        lines = [{"slug": line.slug, "count": line.count, "accuracy": _round(line.accuracy)} for line in report.labels]
        by_label.append({"test": name, "labels": lines})
    many = len(names) > MOST_LABELS
    listed = "" if many else f" ({', '.join(names)})"
    return {
        "summary": f"A small neural network that recognises {len(names)} labels{listed} and answers 'not sure' to "
        "anything else.",
        "data": [_describe_source(name, material) for name in recipe.sources] or [_describe_folder(material)],
        "trained_on": count_per_label(material, bundle.slugs),
        "recipe": _describe_recipe(bundle, recipe),
        "results": [_result(name, report) for name, report in reports.items()],
        "by_label": by_label,
        "confusions": find_confusions(matrix, bundle.slugs)[: MANY_CONFUSIONS if many else CONFUSIONS],
        "confusion": [] if many else matrix,
        "limits": [*LIMITS, *recipe.limits],
        "notes": list(recipe.notes),
    }


def _describe_source(name: str, material: Material) -> Json:
    source = SOURCES[name]
    about = {"title": source.title, "origin": source.origin, "licence": source.licence}
    return {"name": name, **about, "drawings": material.counts.get(name)}


def _describe_folder(material: Material) -> Json:
    drawings = len(material.pictures.y) + len(material.tracks.y)
    return {"name": "own", "title": "A folder of one's own drawings", "origin": "", "licence": "", "drawings": drawings}


def count_per_label(material: Material, slugs: Sequence[str]) -> dict[str, int]:
    """Return the number of different drawings of each label in the training data, by slug."""
    counts = material.distinct_counts
    if counts is None:
        counts = np.bincount(np.concatenate([material.pictures.y, material.tracks.y]), minlength=len(slugs))
    return dict(zip(slugs, counts.tolist(), strict=False))


def _describe_recipe(bundle: Bundle, recipe: Recipe) -> list[str]:
    manifest, raster = bundle.manifest, bundle.raster
    training, name = manifest["training"], manifest["recognizer"]
    command = f"`python -m ml train {name}`" if name in RECIPES else "`python -m ml train --from FOLDER`"
    further = training.get("further", 0)
    return [
        f"{command} repeats the training, with the seed {training['seed']}. The order in which processor threads add "
        "up numbers may change the last digits of a figure.",
        f"The network sees a drawing as {raster.size} x {raster.size} pixels, white on black. Ink is fitted into a "
        f"box of {raster.box:g}, drawn with a pen of {raster.pen:g} and centred by its {raster.centre}. Pictures are "
        "brought to the same form.",
        f"A {recipe.network} network (`ml/training/network.py`) {LEARNING[recipe.learning]}.",
        f"{training['epochs']} epochs of {training['pictures']:,} pictures, {training['tracks']:,} pen tracks, "
        f"{training['prototypes']:,} synthetic drawings and {training['junk']:,} negative examples, varied anew in "
        f"each epoch; batches of {training['batch']}; Adam with a peak learning rate of {training['learning_rate']:g} "
        "that falls to almost 0."
        + (f" Then {further} more epochs at half the rate, of which the moving average is used." if further else ""),
        "Nothing in the tests was used for training. They were set apart first: by writer where the writers are known, "
        "otherwise as the publisher split the set, or by a hash of each drawing.",
        f"The probabilities are calibrated (temperature {training['temperature']:g}) on drawings that it was not "
        "trained on. The limit of 'not sure' is chosen on them too: answers with a probability under "
        f"{manifest['unsure_below']:g} are 'not sure'.",
    ]


def _result(name: str, report: EvaluationReport) -> Json:
    shares = {key: _round(getattr(report, key)) for key in ("accuracy", "top3", "unsure", "ece", "junk_unsure")}
    sure = _round(report.accuracy_when_sure)
    return {"test": name, "count": report.count, "sure_accuracy": sure, "junk_count": report.junk_count, **shares}


def _round(share: float) -> float | None:
    """A share as the card stores it; None where there was nothing to measure."""
    return None if np.isnan(share) else round(share, DIGITS)
