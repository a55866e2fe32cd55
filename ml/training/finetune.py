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
from ml.data.approved import Lesson, LessonError, Report, check
from ml.data.loaders import at_hand, folder
from ml.recipes import RECIPES
from ml.recipes.base import Recipe
from ml.reporting.model_card import inherit
from ml.training import finetune_full, finetune_head
from ml.training.train import TrainingError

__all__ = ["FULL", "HEAD", "Lesson", "LessonError", "Report", "finetune", "mode_at_hand"]

FULL, HEAD = "full", "head"
CHECKED_ONLY = ("bhmsds",)  # sources that nothing is trained on


def mode_at_hand(base: Bundle, data: Path | None = None, *, recipe: Recipe | None = None) -> tuple[str, str]:
    """The mode that can be run here, and why in a sentence. Looks at this machine only, and downloads nothing.

    `data` is the folder of data sets (else `INKLING_DATA`, else the cache). Raises TrainingError
    where neither mode is possible.
    """
    missing = _missing(base, recipe or RECIPES.get(base.manifest["recognizer"]), data)
    if not missing:
        return FULL, "The data that the base was trained on is at hand, so all layers are trained."
    if base.rehearsal:
        return HEAD, f"Only the last layer is trained, on the rehearsal pack: {missing}."
    raise TrainingError(
        f"Nothing can be trained: {missing}, and the base has no rehearsal pack. "
        f"Put the data into {folder(data)}, or make a pack where the data is: python -m ml rehearse."
    )


def _missing(base: Bundle, recipe: Recipe | None, data: Path | None) -> str:
    """What keeps all layers from being trained, in words; empty if nothing does."""
    if recipe is None or (unlike := _unlike(base, recipe)):
        return f"there is no recipe for {base.manifest['recognizer']}" if recipe is None else unlike
    lacking = [name for name in recipe.sources if name not in CHECKED_ONLY and not at_hand(name, data)]
    return f"the base's data is not at hand ({', '.join(lacking)})" if lacking else ""


def _unlike(base: Bundle, recipe: Recipe) -> str:
    """Why this recipe is not the one that the base was trained by; empty if it may be."""
    if [label["slug"] for label in recipe.labels] != base.slugs:
        return f"the recipe for {base.manifest['recognizer']} has other labels than the base"
    if recipe.raster != base.raster:
        return f"the recipe for {base.manifest['recognizer']} draws on another raster than the base"
    if _taught_by(recipe.sources) != _taught_by(base.manifest["training"].get("sources", [])):
        return f"the recipe for {base.manifest['recognizer']} learns from other data than the base did"
    return ""


def _taught_by(sources: Iterable[str]) -> set[str]:
    return {*sources} - {*CHECKED_ONLY}


def finetune(
    base: Bundle,
    lesson: Lesson,
    *,
    mode: str,
    seed: int,
    report: Report,
    data: Path | None = None,
    recipe: Recipe | None = None,
) -> Bundle:
    """Teach the base the approved drawings; gives the challenger, with a pack of its own and the base's card.

    `mode` is "full" or "head" (see `mode_at_hand`), `recipe` says how the base was taught (else the
    recognizer's). `report` is called at least once a second while it trains; what it raises ends the
    training at once. Raises TrainingError, LessonError, BundleError or DatasetError.
    """
    if mode not in (FULL, HEAD):
        raise TrainingError(f"A fine-tuning is '{FULL}' or '{HEAD}', not {mode!r}.")
    if not len(lesson.labels):
        raise TrainingError("There is no drawing to learn from.")
    check(lesson, len(base.slugs), base.raster.size)
    if mode == HEAD:
        return inherit(finetune_head.finetune(base, lesson, seed=seed, report=report), base)
    recipe = recipe or RECIPES.get(base.manifest["recognizer"])
    if recipe is None:
        raise TrainingError(f"No recipe says how {base.manifest['recognizer']} was taught. Train the last layer: head.")
    if unlike := _unlike(base, recipe):
        raise TrainingError(f"All layers cannot be trained: {unlike}. Train the last layer: head.")
    taught = finetune_full.finetune(base, lesson, recipe, seed=seed, report=report, data=folder(data))
    return inherit(taught, base)
