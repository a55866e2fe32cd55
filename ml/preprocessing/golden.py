"""The golden inks: drawings whose rasters pin the recipe, for tests and for the programs of others.

Dots, lines, very small and very distant ink, 256 strokes, and ten digits. docs/raster.md describes the recipe.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def golden_inks() -> dict[str, Any]:
    """Ink as decoded JSON by what it shows. Do not change what is returned."""
    inks: dict[str, Any] = json.loads(Path(__file__).with_name("golden_inks.json").read_text("utf-8"))
    return inks
