"""The recipe of shapes: halves that stay apart, labellings that fit the file, negatives that are no shape."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.data import loaders
from ml.data.loaders import DatasetError
from ml.recipes import shapes
from ml.recipes.base import Material, is_one_in
from ml.recipes.shapes import LABELLINGS, LABELS, NAMES, OTHER_LETTERS, REAL, SHAPE_WORDS, name_drawing, write_shape
from ml.training.epochs import make_epoch
from tests.ml.small_datasets import characters, letters, other_words, words

OTHERS = ("angel", "axe", "bee", "cow", "cup", "fork", "map", "owl", "shoe", "van", "wheel")
REAL_COUNTS = {word: 100 if word in ("cloud", "moon") else 50 for word in REAL}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    words(folder, drawings=4)
    characters(folder)
    letters(folder, each=24)
    other_words(folder, [*REAL, *OTHERS], drawings=30)
    return folder


@pytest.fixture(scope="module")
def material(folder: Path) -> Iterator[Material]:
    with pytest.MonkeyPatch.context() as changed:
        for name in ("EXEMPLARS", "CHECKS", "TESTED"):
            changed.setattr(shapes, name, 3)
        yield shapes.load_shapes(folder)


def test_labels_have_slugs_names_and_prompts() -> None:
    assert [label["slug"] for label in LABELS] == NAMES
    assert LABELS[NAMES.index("ellipse")]["prompt"] == "an ellipse"
    assert LABELS[NAMES.index("star")]["prompt"] == "a star"


def test_synthetic_drawings_are_of_the_label_that_is_asked_for() -> None:
    square, line = (write_shape(NAMES.index(name), np.random.default_rng(1)) for name in ("square", "line"))
    assert np.ptp(np.concatenate(square, axis=1), axis=1).min() > 1
    assert np.ptp(np.concatenate(line, axis=1), axis=1).min() < 1


def test_both_labellings_have_all_drawings_and_labels_that_exist() -> None:
    stored = json.loads(LABELLINGS.read_text())
    assert stored["rule"]
    assert {word: len(entries) for word, entries in stored["labels"].items()} == REAL_COUNTS
    entries = [entry for of_word in stored["labels"].values() for entry in of_word.values()]
    assert {type(accepted) for accepted, _ in entries} == {bool}
    assert {label for _, label in entries} <= {"", *NAMES}


def test_a_drawing_is_agreed_on_only_if_both_labellings_say_its_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = loaders.load_other_words(folder)
    names = [name_drawing(picture) for picture in words.x[words.group == "moon"]]
    entries = {names[0]: [True, "moon"], names[1]: [False, "moon"], names[2]: [True, "circle"]}
    file = tmp_path / "labels.json"
    file.write_text(json.dumps({"labels": {word: {} for word in REAL} | {"moon": entries}}))
    monkeypatch.setattr(shapes, "LABELLINGS", file)
    real = shapes.load_real_drawings(folder)
    moons = real.agreed[real.examples.y == NAMES.index("moon")]
    assert np.flatnonzero(moons).tolist() == [0]
    assert real.agreed.sum() == 1


def test_no_drawing_is_in_the_test_and_in_the_training(material: Material) -> None:
    held_out = {picture.tobytes() for picture in material.tests["Quick, Draw!, held-out half"].x}
    trained = {picture.tobytes() for picture in material.pictures.x}
    assert min(len(held_out), len(trained)) > 0
    assert not held_out & trained


def test_the_halves_are_chosen_by_a_hash_of_word_and_number(material: Material) -> None:
    wanted = sum(not is_one_in(2, f"{word} {number}") for word in REAL for number in range(30))
    assert len(material.tests["Quick, Draw!, held-out half"].y) == wanted


def test_the_other_generator_tests_every_label(material: Material) -> None:
    assert np.bincount(material.tests["ink of another generator"].y).tolist() == [3] * len(LABELS)


def test_negatives_are_other_words_and_letters_that_are_no_shape(material: Material) -> None:
    assert not {*SHAPE_WORDS} & {"cat", "house", "guitar"}
    assert {*REAL, "wheel", "tornado", "diamond"} <= {*SHAPE_WORDS}
    assert not {*OTHER_LETTERS} & {*"OoXxlISsZzWwMVvCcDTL"}
    for name in ("letters (junk)", "sketches of other words (junk)"):
        assert (material.tests[name].y == len(LABELS)).all()
        assert len(material.tests[name].y)
    assert len(material.negative_rasters)


def test_data_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="quickdraw"):
        shapes.load_real_drawings(tmp_path)


def test_variations_keep_a_circle_round(material: Material) -> None:
    """With the usual strength they would make ellipses of circles."""
    circles = loaders.select_rows(material.tracks, np.flatnonzero(material.tracks.y == NAMES.index("circle")))
    only = replace(material, tracks=circles)
    ratios = []
    for varied in (shapes.SHAPES.varied, 1.0):
        recipe = replace(shapes.SHAPES, pictures=0, tracks=80, prototypes=0, junk=0, varied=varied)
        inked = make_epoch(only, recipe, np.random.default_rng(1)).x > 60
        sides = [np.sort([np.ptp(np.flatnonzero(x.any(axis=axis))) + 1 for axis in (0, 1)]) for x in inked]
        ratios.append(np.quantile([long / short for short, long in sides], 0.9))
    assert ratios[0] < 1.35 < ratios[1]
