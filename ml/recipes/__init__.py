"""Recipes of the shipped recognizers: labels, raster, data and training settings."""

from __future__ import annotations

from ml.recipes.bangla_digits import BANGLA_DIGITS
from ml.recipes.base import Recipe
from ml.recipes.digits import LATIN_DIGITS
from ml.recipes.letters import LATIN_LETTERS
from ml.recipes.maths import MATHS
from ml.recipes.shapes import SHAPES
from ml.recipes.sketches import SKETCHES

RECIPES: dict[str, Recipe] = {
    "digits": LATIN_DIGITS,
    "bangla-digits": BANGLA_DIGITS,
    "sketches": SKETCHES,
    "letters": LATIN_LETTERS,
    "shapes": SHAPES,
    "maths": MATHS,
}
