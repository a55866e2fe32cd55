"""The model card: said from what was measured."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.artifact import Bundle
from ml.card import CARD, CONFUSION, add_up, confusion_svg, write_card
from ml.evaluate import JUNK, Report, evaluate
from ml.recipes import RECIPES, Recipe


def report(right: int = 9, wrong: int = 1) -> Report:
    """Of a label "1" that is now and then taken for a "2"."""
    probabilities = np.tile([0.02, 0.9, 0.05], (right + wrong, 1))
    truth = np.array([1] * right + [2] * wrong)
    return evaluate(probabilities, truth, ["0", "1", "2"], 0.5)


@pytest.fixture
def recipe() -> Recipe:
    return replace(RECIPES["digits"], notes=("twice the width: 0.1 % better, half as fast",))


@pytest.fixture
def bundle(tiny_bundle: Bundle) -> Bundle:
    training = {
        "epochs": 3, "pictures": 50_000, "tracks": 10, "prototypes": 20, "junk": 30, "batch": 128,
        "learning_rate": 0.002, "seed": 1, "temperature": 0.9,
    }  # fmt: skip
    return replace(tiny_bundle, manifest={**tiny_bundle.manifest, "training": training})


@pytest.fixture
def card(bundle: Bundle, recipe: Recipe, tmp_path: Path) -> str:
    junk = evaluate(np.full((4, 3), 0.2), np.full(4, JUNK), ["0", "1", "2"], 0.5)
    write_card(bundle, {"a test": report(), "junk": junk}, recipe, tmp_path)
    return (tmp_path / CARD).read_text()


def test_it_says_what_was_measured(card: str) -> None:
    assert "| a test | 10 | 90.00% |" in card
    assert "| junk | 4 | | | 100.00% | |" in card


def test_it_says_the_figures_of_each_label(card: str) -> None:
    assert "| 1 | 100.00% of 9 |" in card


def test_it_names_the_confusions_that_were_seen(card: str) -> None:
    assert "two as one (1)" in card


def test_it_names_data_licences_recipe_and_limits(card: str) -> None:
    for word in ("CC BY-SA 3.0", "CC BY 4.0", "MIT", "50,000 pictures", "seed 1", "must not be used for"):
        assert word in card


def test_it_keeps_the_notes_of_what_was_tried(card: str) -> None:
    assert "- twice the width: 0.1 % better, half as fast" in card


def test_it_names_no_place_of_the_machine_that_made_it(card: str, tmp_path: Path) -> None:
    assert str(tmp_path) not in card
    assert str(Path.home()) not in card


def test_the_picture_of_confusions_is_an_svg_with_every_count(card: str, tmp_path: Path) -> None:
    texts = [node.text for node in ET.parse(tmp_path / CONFUSION).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314

    assert texts.count("zero") == 2
    assert "9" in texts


def test_a_card_without_real_drawings_has_no_picture(bundle: Bundle, recipe: Recipe, tmp_path: Path) -> None:
    write_card(bundle, {}, recipe, tmp_path)

    assert not (tmp_path / CONFUSION).exists()
    assert "Known confusions" not in (tmp_path / CARD).read_text()


def test_names_are_escaped_in_the_picture() -> None:
    assert "&lt;b&gt;" in confusion_svg([[1]], ["<b>"])


def test_matrices_of_several_tests_are_added_up() -> None:
    assert add_up([report(9, 1), report(3, 2)]) == [[0, 0, 0], [0, 12, 0], [0, 3, 0]]
