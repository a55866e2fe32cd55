"""The model card: made from the measured figures, stored in the manifest, written as Markdown."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.bundles.bundle import Bundle, BundleError, load_bundle, save_bundle, verify_bundle
from ml.bundles.card_schema import card_problem
from ml.data.labelled_files import NEGATIVE_LABEL
from ml.evaluation.metrics import EvaluationReport, evaluate_answers
from ml.recipes.base import Material, Recipe
from ml.reporting import measure_bundle
from ml.reporting.confusions import confusion_svg, find_confusions, sum_matrices
from ml.reporting.model_card import (
    CARD_FILE,
    CONFUSION_FILE,
    LIMITS,
    make_card,
    with_card,
    write_card,
)
from ml.training.finetune import HEAD, finetune
from tests.ml import trained

SLUGS = ["0", "1", "2"]
TRAINING = {
    "epochs": 3, "pictures": 50_000, "tracks": 10, "prototypes": 20, "junk": 30, "batch": 128,
    "learning_rate": 0.002, "seed": 1, "temperature": 0.9,
}  # fmt: skip


def report(right: int = 9, wrong: int = 1) -> EvaluationReport:
    """Of a label "1" that is now and then taken for a "2"."""
    probabilities = np.tile([0.02, 0.9, 0.05], (right + wrong, 1))
    truth = np.array([1] * right + [2] * wrong)
    return evaluate_answers(probabilities, truth, SLUGS, 0.5)


JUNK_REPORT = evaluate_answers(np.full((4, 3), 0.2), np.full(4, NEGATIVE_LABEL), SLUGS, 0.5)


@pytest.fixture
def recipe(training_material: Material) -> Recipe:
    notes = ("twice the width: 0.1 % better, half as fast",)
    return replace(trained.recipe(training_material), notes=notes, limits=("Fours: it has never seen one.",))


@pytest.fixture
def bundle(tiny_bundle: Bundle) -> Bundle:
    return replace(tiny_bundle, manifest={**tiny_bundle.manifest, "training": TRAINING})


@pytest.fixture
def card(bundle: Bundle, recipe: Recipe, training_material: Material) -> dict[str, Any]:
    material = replace(training_material, counts={"mnist": 60})
    return make_card(bundle, {"a test": report(), "junk": JUNK_REPORT}, recipe, material)


@pytest.fixture
def text(bundle: Bundle, card: dict[str, Any], tmp_path: Path) -> str:
    write_card(with_card(bundle, card), tmp_path)
    return (tmp_path / CARD_FILE).read_text("utf-8")


def test_a_card_holds_the_figures_of_a_test(card: dict[str, Any], text: str) -> None:
    assert card["results"][0] == {
        "test": "a test", "count": 10, "accuracy": 0.9, "top3": 1.0, "sure_accuracy": 0.9, "unsure": 0.0, "ece": 0.0,
        "junk_count": 0, "junk_unsure": None,
    }  # fmt: skip
    assert "| a test | 10 | 90.00% | 100.00% | 90.00% | 0.00% | 0.00% |" in text


def test_of_negatives_a_card_holds_only_the_share_that_was_not_sure(card: dict[str, Any], text: str) -> None:
    assert card["results"][1]["accuracy"] is None
    assert (card["results"][1]["junk_count"], card["results"][1]["junk_unsure"]) == (4, 1.0)
    assert [test["test"] for test in card["by_label"]] == ["a test"]
    assert "| junk | 4 | | | | 100.00% | |" in text


def test_a_card_holds_the_figures_and_training_drawings_of_each_label(card: dict[str, Any], text: str) -> None:
    assert card["trained_on"] == {"0": 70, "1": 70, "2": 70}
    assert card["by_label"][0]["labels"][1] == {"slug": "1", "count": 9, "accuracy": 1.0}
    assert "| 1 | 70 | 100.00% of 9 |" in text
    assert "| 0 | 70 | – |" in text


def test_a_card_lists_the_confusions(card: dict[str, Any], text: str) -> None:
    assert card["confusions"] == [{"drawn": "2", "answered": "1", "count": 1}]
    assert "10 test drawings: 2 as 1 (1)." in text


def test_the_most_frequent_confusion_comes_first() -> None:
    found = find_confusions([[5, 1, 0], [3, 5, 2], [0, 0, 5]], SLUGS)

    assert [(line["drawn"], line["answered"], line["count"]) for line in found] == [
        ("1", "0", 3), ("1", "2", 2), ("0", "1", 1),
    ]  # fmt: skip


def test_a_card_lists_data_licences_recipe_and_limits(text: str) -> None:
    for said in (
        "CC BY-SA 3.0",
        "MIT",
        "| 60 |",
        "50,000 pictures",
        "seed 1",
        "28 x 28",
        "under 0.3 ",
        "ml/training/network.py",
        f"- {LIMITS[0]}",
        "- Fours: it has never seen one.",
    ):
        assert said in text


def test_without_sources_the_data_is_a_folder_of_ones_own_drawings(
    bundle: Bundle, recipe: Recipe, training_material: Material
) -> None:
    card = make_card(bundle, {}, replace(recipe, sources=()), training_material)

    assert [(source["name"], source["drawings"]) for source in card["data"]] == [("own", 210)]


def test_a_card_holds_the_notes_of_the_recipe(text: str) -> None:
    assert "- twice the width: 0.1 % better, half as fast" in text


def test_a_card_names_no_path_of_the_machine_that_made_it(text: str, tmp_path: Path) -> None:
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text


def test_a_card_is_saved_in_the_manifest_and_small(bundle: Bundle, card: dict[str, Any], tmp_path: Path) -> None:
    save_bundle(with_card(bundle, card), tmp_path)
    read = load_bundle(tmp_path)
    verify_bundle(read)

    assert read.manifest["card"] == card
    assert len(json.dumps(card)) < 8_000


def test_a_label_of_another_script_is_shown_with_its_slug(bundle: Bundle, card: dict[str, Any], tmp_path: Path) -> None:
    labels = [{"slug": slug, "glyph": glyph, "name": glyph} for slug, glyph in zip(SLUGS, "০১২", strict=True)]
    other = replace(bundle, manifest={**bundle.manifest, "labels": labels, "card": card})
    write_card(other, tmp_path)

    assert ": ২ (2) as ১ (1) (1)" in (tmp_path / CARD_FILE).read_text("utf-8")
    assert "২" in (tmp_path / CONFUSION_FILE).read_text("utf-8")


def test_a_card_may_be_older_than_the_labels_of_its_bundle(
    bundle: Bundle, card: dict[str, Any], tmp_path: Path
) -> None:
    labels = [{"slug": slug, "glyph": slug, "name": slug} for slug in ("0", "1", "new")]
    write_card(replace(bundle, manifest={**bundle.manifest, "labels": labels, "card": card}), tmp_path)
    text = (tmp_path / CARD_FILE).read_text("utf-8")

    assert "| new | 0 | – |" in text
    assert "10 test drawings: 2 as 1 (1)." in text


def test_the_picture_of_confusions_is_an_svg_with_every_count(text: str, tmp_path: Path) -> None:
    texts = [node.text for node in ET.parse(tmp_path / CONFUSION_FILE).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314

    assert texts.count("0") == 2
    assert "9" in texts


def test_long_names_are_turned_above_their_column() -> None:
    picture = ET.fromstring(confusion_svg([[1, 0], [0, 1]], ["alarm clock", "cat"]))  # noqa: S314
    texts = list(picture.iter("{http://www.w3.org/2000/svg}text"))

    assert texts[0].get("transform", "").startswith("rotate(-90")
    assert "transform" not in texts[1].attrib
    assert float(texts[1].get("x", 0)) > len("alarm clock") * 6


def test_names_are_escaped_in_the_picture() -> None:
    assert "&lt;b&gt;" in confusion_svg([[1]], ["<b>"])


def test_a_card_without_real_drawings_has_no_picture(
    bundle: Bundle, recipe: Recipe, training_material: Material, tmp_path: Path
) -> None:
    write_card(with_card(bundle, make_card(bundle, {}, recipe, training_material)), tmp_path)

    assert not (tmp_path / CONFUSION_FILE).exists()
    assert CONFUSION_FILE not in (tmp_path / CARD_FILE).read_text("utf-8")


def test_a_bundle_without_a_card_is_an_error_with_the_command_to_make_one(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="python -m ml card digits"):
        write_card(bundle, tmp_path)


def test_matrices_of_several_tests_are_summed() -> None:
    assert sum_matrices([report(9, 1).confusion, report(3, 2).confusion]) == [[0, 0, 0], [0, 12, 0], [0, 3, 0]]


def test_a_challenger_has_the_card_of_its_base(trained_base: Bundle, card: dict[str, Any]) -> None:
    approved_drawings = trained.approved_drawings(9, 12)

    told, silent = (
        finetune(base, approved_drawings, mode=HEAD, seed=1, report=lambda progress: None)
        for base in (with_card(trained_base, card), trained_base)
    )

    assert told.manifest["card"] == card
    assert "card" not in silent.manifest


def test_measuring_a_bundle_makes_a_card_and_does_not_change_the_model(
    bundle: Bundle, recipe: Recipe, training_material: Material
) -> None:
    again, _ = measure_bundle.measure_bundle(bundle, replace(recipe, title="Three digits"), training_material)

    assert again.tflite == bundle.tflite
    assert again.manifest["sha256"] == bundle.manifest["sha256"]
    assert again.manifest["title"] == "Three digits"
    assert [line["test"] for line in again.manifest["card"]["results"]] == list(training_material.tests)
    assert again.manifest["metrics"]["other digits"]["count"] == 300


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in Path("ml/models").glob("*/manifest.json")), ids=lambda folder: folder.name
)
def test_a_shipped_bundle_has_a_card_and_the_same_as_markdown(folder: Path, tmp_path: Path) -> None:
    bundle = load_bundle(folder)
    write_card(bundle, tmp_path)

    assert bundle.manifest["card"]["results"]
    assert bundle.manifest["title"]
    for name in (CARD_FILE, CONFUSION_FILE):
        assert (folder / name).read_text("utf-8") == (tmp_path / name).read_text("utf-8")


MANY = [f"label-{number}" for number in range(100)]


@pytest.fixture
def many_labels(bundle: Bundle, recipe: Recipe, training_material: Material) -> Bundle:
    """The card of a bundle of 100 labels whose label-3 was answered as label-7, twice."""
    labels = [{"slug": slug, "glyph": "", "name": slug} for slug in MANY]
    answers = np.full((4, 100), 0.001)
    answers[[0, 1, 2, 3], [7, 7, 5, 6]] = 0.8
    large = replace(bundle, manifest={**bundle.manifest, "labels": labels})
    found = {"a test": evaluate_answers(answers, np.array([3, 3, 5, 6]), MANY, 0.5)}
    return with_card(large, make_card(large, found, recipe, training_material))


def test_a_card_of_many_labels_lists_confusions_without_a_matrix(many_labels: Bundle, tmp_path: Path) -> None:
    card = many_labels.manifest["card"]
    assert card["confusion"] == []
    assert card["confusions"] == [{"drawn": "label-3", "answered": "label-7", "count": 2}]
    assert "label-50" not in card["summary"]
    assert card_problem(card) == ""
    write_card(many_labels, tmp_path)
    text = (tmp_path / CARD_FILE).read_text("utf-8")
    assert "in 4 test drawings: label-3 as label-7 (2)." in text
    assert "![The most frequent confusions" in text


def test_the_picture_of_many_labels_shows_the_most_frequent_confusions(many_labels: Bundle, tmp_path: Path) -> None:
    write_card(many_labels, tmp_path)
    picture = (tmp_path / "confusion.svg").read_text("utf-8")
    assert len(picture) < 2_000
    texts = [element.text for element in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert texts == ["label-3 as label-7", "2"]
