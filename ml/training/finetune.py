"""Fine-tune a base bundle with approved drawings. The result, the challenger, is a new bundle.

There are two modes. `full` trains all layers on a replay of the base data plus the drawings
(`ml.training.finetune_full`); it needs the data sets. `head` trains only the last layer, on the embeddings in the
bundle's replay pack plus those of the drawings (`ml.training.finetune_head`); it needs no data set.

Both start from the base each time, never from the last challenger. So a bad run leaves nothing behind, and the next
run no longer knows a drawing that was deleted.
"""

from __future__ import annotations

from pathlib import Path

from ml.bundles.bundle import Bundle, with_glyphs, with_history
from ml.bundles.history import HistoryRecorder
from ml.data.approved import ApprovedDrawings, ProgressCallback, check_drawings
from ml.data.loaders import data_folder, is_available
from ml.data.sources import TEST_ONLY_SOURCES
from ml.evaluation.base_test import BaseTest
from ml.recipes import RECIPES
from ml.recipes.base import Recipe
from ml.reporting.model_card import inherit_card
from ml.training import finetune_full, finetune_head
from ml.training.choice import BaseCheck
from ml.training.train import TrainingError

FULL, HEAD = "full", "head"


def find_mode(base: Bundle, data: Path | None = None, *, recipe: Recipe | None = None) -> tuple[str, str]:
    """Return the mode that can run on this machine and the reason, a sentence. Downloads nothing.

    `data` is the folder of data sets (default: `INKLING_DATA`, then the cache). Raises TrainingError if neither
    mode can run.
    """
    recipe = recipe or RECIPES.get(base.manifest["recognizer"])
    problem = how_recipe_differs(base, recipe)
    if recipe and not problem:
        missing = [name for name in recipe.sources if name not in TEST_ONLY_SOURCES and not is_available(name, data)]
        problem = f"the data of the base is not here ({', '.join(missing)})" if missing else ""
    if not problem:
        return FULL, "The data that the base was trained on is here, so all layers are trained."
    if base.rehearsal:
        return HEAD, f"Only the last layer is trained, on the replay pack: {problem}."
    raise TrainingError(
        f"Training is not possible: {problem}, and the base has no replay pack. Put the data into {data_folder(data)}, "
        "or make a replay pack where the data is: python -m ml rehearse."
    )


def how_recipe_differs(base: Bundle, recipe: Recipe | None) -> str:
    """How this recipe differs from the one that the base was trained with; empty if it does not."""
    name = base.manifest["recognizer"]
    if recipe is None:
        return f"there is no recipe for {name}"
    if [label["slug"] for label in recipe.labels] != base.slugs:
        return f"the recipe for {name} has other labels than the base"
    if recipe.raster != base.raster:
        return f"the recipe for {name} uses another raster than the base"
    if {*recipe.sources} - TEST_ONLY_SOURCES != {*base.manifest["training"].get("sources", [])} - TEST_ONLY_SOURCES:
        return f"the recipe for {name} uses other data sets than the base was trained on"
    return ""


def finetune(
    base: Bundle,
    drawings: ApprovedDrawings,
    *,
    mode: str,
    seed: int,
    report: ProgressCallback,
    data: Path | None = None,
    recipe: Recipe | None = None,
    base_test: BaseTest | None = None,
) -> Bundle:
    """Return the challenger: the base trained on the approved drawings, with its own replay pack and history and the
    base's card.

    `mode` is "full" or "head" (see `find_mode`). `recipe` is the one that the base was trained with (default: the
    recognizer's). Nothing that is in `base_test` is replayed; half of it measures what the settings forget. `report` is
    called at least once a second; what it raises stops the training at once. Raises TrainingError,
    ApprovedDrawingsError, BundleError or DatasetError.
    """
    if mode not in (FULL, HEAD):
        raise TrainingError(f"The mode must be '{FULL}' or '{HEAD}', not {mode!r}.")
    if not len(drawings.labels):
        raise TrainingError("There are no drawings to train on.")
    check_drawings(drawings, len(base.slugs), base.raster.size)
    record = HistoryRecorder(report)
    if mode == HEAD:
        check = BaseCheck.of(base, base_test)
        challenger = finetune_head.finetune(base, drawings, seed=seed, report=record, check=check)
        return _inherit(with_history(challenger, record.epochs), base)
    recipe = recipe or RECIPES.get(base.manifest["recognizer"])
    difference = how_recipe_differs(base, recipe)
    if recipe is None or difference:
        raise TrainingError(f"All layers cannot be trained: {difference}. Use the mode '{HEAD}'.")
    challenger = finetune_full.finetune(
        base, drawings, recipe, seed=seed, report=record, data=data_folder(data), base_test=base_test
    )
    return _inherit(with_history(challenger, record.epochs), base)


def _inherit(challenger: Bundle, base: Bundle) -> Bundle:
    """The challenger with the card and the shapes of labels of its base."""
    return with_glyphs(inherit_card(challenger, base), base.glyphs)
