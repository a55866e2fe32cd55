"""Recognizers as data: each is a recipe. A new one that ships is an entry here and a module that loads its material."""

from __future__ import annotations

from ml.bangla import BANGLA
from ml.digits import LATIN_DIGITS
from ml.material import Recipe
from ml.sketches import SKETCHES

RECIPES: dict[str, Recipe] = {"digits": LATIN_DIGITS, "bangla-digits": BANGLA, "sketches": SKETCHES}
