"""Fine-tuning: from the base bundle and approved drawings to a challenger, in one of two modes.

`full` trains all layers on replayed base data and the drawings (`ml.training.finetune_full`). `head` trains the
last layer alone on the embeddings of the bundle's rehearsal pack and of the drawings
(`ml.training.finetune_head`), where the base data is not at hand. Both start from the base each time, so a bad
run leaves nothing behind, and a deleted drawing is forgotten by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ml.bundles.bundle import Bundle
from ml.data.approved import ApprovedDrawings, ProgressCallback, check_drawings
from ml.data.loaders import data_folder, is_available
from ml.recipes import RECIPES
from ml.recipes.base import Recipe
from ml.reporting.model_card import inherit_card
from ml.training import finetune_full, finetune_head
from ml.training.train import TrainingError

FULL, HEAD = "full", "head"
TEST_ONLY_SOURCES = ("bhmsds",)  # sources that nothing is trained on


def find_mode(base: Bundle, data: Path | None = None, *, recipe: Recipe | None = None) -> tuple[str, str]:
    """The mode that can be run here, and why in a sentence. Looks at this machine only, and downloads nothing.

    `data` is the folder of data sets (else `INKLING_DATA`, else the cache). Raises TrainingError
    where neither mode is possible.
    """
    missing = _what_is_missing(base, recipe or RECIPES.get(base.manifest["recognizer"]), data)
    if not missing:
        return FULL, "The data that the base was trained on is at hand, so all layers are trained."
    if base.rehearsal:
        return HEAD, f"Only the last layer is trained, on the rehearsal pack: {missing}."
    raise TrainingError(
        f"Nothing can be trained: {missing}, and the base has no rehearsal pack. "
        f"Put the data into {data_folder(data)}, or make a pack where the data is: python -m ml rehearse."
    )


def _what_is_missing(base: Bundle, recipe: Recipe | None, data: Path | None) -> str:
    """What keeps all layers from being trained, in words; empty if nothing does."""
    if recipe is None or (unlike := _how_recipe_differs(base, recipe)):
        return f"there is no recipe for {base.manifest['recognizer']}" if recipe is None else unlike
    lacking = [name for name in recipe.sources if name not in TEST_ONLY_SOURCES and not is_available(name, data)]
    return f"the base's data is not at hand ({', '.join(lacking)})" if lacking else ""


def _how_recipe_differs(base: Bundle, recipe: Recipe) -> str:
    """Why this recipe is not the one that the base was trained by; empty if it may be."""
    if [label["slug"] for label in recipe.labels] != base.slugs:
        return f"the recipe for {base.manifest['recognizer']} has other labels than the base"
    if recipe.raster != base.raster:
        return f"the recipe for {base.manifest['recognizer']} draws on another raster than the base"
    if _trained_sources(recipe.sources) != _trained_sources(base.manifest["training"].get("sources", [])):
        return f"the recipe for {base.manifest['recognizer']} learns from other data than the base did"
    return ""


def _trained_sources(sources: Iterable[str]) -> set[str]:
    return {*sources} - {*TEST_ONLY_SOURCES}


def finetune(
    base: Bundle,
    lesson: ApprovedDrawings,
    *,
    mode: str,
    seed: int,
    report: ProgressCallback,
    data: Path | None = None,
    recipe: Recipe | None = None,
) -> Bundle:
    """Teach the base the approved drawings; gives the challenger, with a pack of its own and the base's card.

    `mode` is "full" or "head" (see `find_mode`), `recipe` says how the base was taught (else the
    recognizer's). `report` is called at least once a second while it trains; what it raises ends the
    training at once. Raises TrainingError, ApprovedDrawingsError, BundleError or DatasetError.
    """
    if mode not in (FULL, HEAD):
        raise TrainingError(f"A fine-tuning is '{FULL}' or '{HEAD}', not {mode!r}.")
    if not len(lesson.labels):
        raise TrainingError("There is no drawing to learn from.")
    check_drawings(lesson, len(base.slugs), base.raster.size)
    if mode == HEAD:
        return inherit_card(finetune_head.finetune(base, lesson, seed=seed, report=report), base)
    recipe = recipe or RECIPES.get(base.manifest["recognizer"])
    if recipe is None:
        raise TrainingError(f"No recipe says how {base.manifest['recognizer']} was taught. Train the last layer: head.")
    if unlike := _how_recipe_differs(base, recipe):
        raise TrainingError(f"All layers cannot be trained: {unlike}. Train the last layer: head.")
    taught = finetune_full.finetune(base, lesson, recipe, seed=seed, report=report, data=data_folder(data))
    return inherit_card(taught, base)
