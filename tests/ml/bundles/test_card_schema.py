"""The form of a model card: what a page relies on is checked, what a card does not tell may be missing."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

import ml
from ml.bundles.bundle import Bundle, BundleError, load_bundle, verify_bundle
from ml.bundles.card_schema import card_problem

MODELS = Path(ml.__file__).parent / "models"


@pytest.mark.parametrize("manifest", sorted(MODELS.glob("*/manifest.json")), ids=lambda path: path.parent.name)
def test_the_cards_that_ship_are_of_this_form(manifest: Path) -> None:
    assert card_problem(load_bundle(manifest.parent).manifest["card"]) == ""


@pytest.mark.parametrize("card", [{}, {"summary": "Runes."}, {"results": [{"test": "kept out"}], "by_label": []}])
def test_every_part_is_optional(card: dict[str, Any]) -> None:
    assert card_problem(card) == ""


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("summary", 5),
        ("data", [{"title": "Scans"}]),
        ("data", [{"title": "Scans", "origin": "", "licence": "", "drawings": "many"}]),
        ("trained_on", {"7": -1}),
        ("trained_on", {"7": True}),
        ("recipe", "It is trained."),
        ("results", [{"count": 7}]),
        ("results", [{"test": "kept out", "accuracy": 99.5}]),
        ("results", [{"test": "kept out", "ece": float("nan")}]),
        ("by_label", [{"test": "kept out"}]),
        ("by_label", [{"test": "kept out", "labels": [{"slug": "7", "count": 5}]}]),
        ("confusions", [{"drawn": "5", "count": 31}]),
        ("confusion", [[1, 2]]),
        ("confusion", [[1, 0.5], [0, 1]]),
        ("limits", [None]),
        ("notes", {}),
    ],
)
def test_an_invalid_part_is_named(part: str, said: Any) -> None:
    assert re.search(rf": {part}\.", card_problem({"summary": "Runes.", part: said}))


def test_a_bundle_with_an_invalid_card_is_refused(tiny_bundle: Bundle) -> None:
    manifest = copy.deepcopy(tiny_bundle.manifest) | {"card": ["Runes."]}
    with pytest.raises(BundleError, match=r"card.*\blist\b"):
        verify_bundle(Bundle(manifest, tiny_bundle.tflite, tiny_bundle.keras, tiny_bundle.rehearsal))
