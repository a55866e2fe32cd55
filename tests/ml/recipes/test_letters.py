"""The material of the letters: merged cases, the held-out tenth, rare letters, and what is no letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.data.loaders import LETTERS
from ml.data.sources import SOURCES
from ml.recipes import RECIPES
from ml.recipes.base import Examples, Material
from ml.recipes.letters import AT_LEAST, LABEL_OF, LABELS, LATIN_LETTERS, _first_of_each, write_label
from ml.training.epochs import make_epoch
from tests.ml.small_datasets import latin, letters, mnist, other_words

OTHER_WORDS = ("snowman", "spider", "circle", "sun", "truck", "tiger")
EACH = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("data")
    letters(folder, each=EACH)
    mnist(folder, drawings=60)
    unchecked = replace(SOURCES["mnist"], files=dict.fromkeys(SOURCES["mnist"].files, ""))
    latin(folder)
    (folder / "quickdraw").mkdir()
    other_words(folder, OTHER_WORDS, drawings=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SOURCES, "mnist", unchecked)
        yield folder


@pytest.fixture(scope="module")
def material(folder: Path) -> Material:
    return LATIN_LETTERS.load(folder)


def test_cases_that_look_alike_are_one_label_and_others_are_two() -> None:
    glyphs = [label["glyph"] for label in LABELS]

    assert len(LABELS) == 37
    assert sorted(glyph for glyph in glyphs if len(glyph) == 2) == sorted(f"{c}{c.lower()}" for c in "CIJKLMOPSUVWXYZ")
    assert sorted(glyph for glyph in glyphs if len(glyph) == 1) == sorted("ABDEFGHNQRTabdefghnqrt")
    assert len({label["slug"] for label in LABELS}) == 37


def test_every_letter_belongs_to_the_label_that_shows_it() -> None:
    assert all(letter in LABELS[LABEL_OF[place]]["glyph"] for place, letter in enumerate(LETTERS))


def test_a_merged_label_is_found_by_both_letters() -> None:
    label = next(label for label in LABELS if label["slug"] == "c")

    assert {"C", "c"} < set(label["names"])
    assert label["prompt"] == "C or c"


def test_look_alikes_are_labels_that_the_other_recognizers_have() -> None:
    named = {other for label in LABELS for other in label["looks_like"]}
    known = {f"{slug}/{label['slug']}" for slug, recipe in RECIPES.items() for label in recipe.labels}

    assert "digits/0" in named
    assert {other for other in named if other.partition("/")[0] in RECIPES} <= known
    assert all(LABELS[place]["looks_like"] for place in (LABEL_OF[LETTERS.index(letter)] for letter in "OoIlSZB"))


def test_a_picture_is_in_one_part_only_and_each_part_has_some(material: Material) -> None:
    parts = [material.pictures.x, material.validation["EMNIST, not trained on"].x, material.tests["EMNIST, held out"].x]
    seen = [{raster.tobytes() for raster in part} for part in parts]

    assert sum(map(len, seen)) == len(LETTERS) * EACH
    assert min(map(len, seen)) > 0
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]


def test_rare_letters_are_repeated_but_counted_once(material: Material) -> None:
    repeated = np.bincount(material.pictures.y, minlength=37)

    assert repeated.min() >= AT_LEAST
    assert material.distinct_counts is not None
    assert material.distinct_counts.sum() == len({raster.tobytes() for raster in material.pictures.x})


def test_the_base_test_has_few_of_each_label_so_that_the_bundle_stays_small() -> None:
    held_out = Examples(np.zeros((300, 28, 28), np.uint8), np.repeat([0, 5], [250, 50]))

    chosen = _first_of_each(held_out, 100)

    assert np.bincount(chosen.y)[[0, 5]].tolist() == [100, 50]


def test_no_negative_looks_like_a_letter_by_its_name(material: Material) -> None:
    drawings = len(OTHER_WORDS) - 1  # a circle is an O
    assert material.counts["quickdraw-bitmaps"] == drawings * 3
    assert material.counts["mnist"] == 12  # six of each of two digits
    assert {*material.tests["sketches (junk)"].y} == {37}


def test_the_latin_alphabet_is_a_test_and_no_negative(material: Material, folder: Path) -> None:
    test = material.tests["Latin letters of Omniglot"]
    alphabets = material.counts["omniglot"] - len(test.y)

    assert len(test.y) == 52
    assert test.y.max() < 37
    assert alphabets == 5 * 2 * 2  # five other alphabets
    assert "Latin letters of Omniglot" not in LATIN_LETTERS.replay(folder).tests


def test_an_epoch_has_synthetic_letters_and_negatives(material: Material) -> None:
    recipe = replace(LATIN_LETTERS, pictures=0, prototypes=74, junk=20)
    epoch = make_epoch(material, recipe, np.random.default_rng(0))

    assert epoch.x.shape == (94, 28, 28)
    assert (epoch.y == 37).sum() == 20
    assert len(np.unique(epoch.y)) > 25


def test_a_synthetic_drawing_of_a_merged_label_shows_either_case() -> None:
    rng = np.random.default_rng(0)
    label = [label["slug"] for label in LABELS].index("i")

    assert {len(write_label(label, rng)) for _ in range(30)} >= {1, 2}  # a stem alone, and one with a dot
