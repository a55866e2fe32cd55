"""Who made the data and fonts that ship with the site, and under which licences.

It lists the data sets of all shipped recipes, also of recognizers that this site does not have: their models are in the
installation. A recognizer of a site's own says in its model card what it learned from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ml.bundles.glyphs import about_glyphs
from ml.data.sources import SOURCES, TEST_ONLY_SOURCES, Source
from ml.recipes import RECIPES
from recognizer.models.label_language import in_page_language


@dataclass(frozen=True)
class Attribution:
    """One data set, and the titles of the recognizers that were trained on it or tested with it."""

    name: str
    source: Source
    recognizers: list[str]

    @property
    def is_for_tests(self) -> bool:
        """Whether nothing was trained on it."""
        return self.name in TEST_ONLY_SOURCES


@require_safe
def attribution(request: HttpRequest) -> HttpResponse:
    """The page, for everybody."""
    context = {"data_sets": data_sets(), "fonts": _fonts()}
    return render(request, "recognizer/models/attribution.html", context)


def data_sets() -> list[Attribution]:
    """The data sets of the shipped recipes, in the order of `SOURCES`."""
    used = {
        name: [in_page_language("recognizer", recipe.title) for recipe in RECIPES.values() if name in recipe.sources]
        for name in SOURCES
    }
    return [Attribution(name, SOURCES[name], recognizers) for name, recognizers in used.items() if recognizers]


@lru_cache
def _fonts() -> list[str]:
    """What the files with shapes of labels say about their fonts. They ship with the site, so they are read once."""
    files = {recipe.glyphs for recipe in RECIPES.values() if recipe.glyphs}
    return sorted({about_glyphs(file.read_bytes()) for file in files})
