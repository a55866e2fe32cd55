"""The material of the sketches: three sources seen alike, split so that no drawing is on both sides."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import write_digit
from ml.data import loaders
from ml.data.loaders import DatasetError
from ml.data.sources import SKETCH_WORDS
from ml.preprocessing.image import normalise_image
from ml.preprocessing.ink import rasterise
from ml.preprocessing.quickdraw_bitmap import draw_bitmap
from ml.recipes.base import Material, is_one_in, normalise_pictures
from ml.recipes.sketches import LABELS, NOT_NEGATIVE, SKETCH_RASTER, SKETCHES, has_twin
from ml.reporting.model_card import count_per_label
from tests.ml.small_datasets import characters, other_words, tuberlin, words

FEW = 12  # drawings of each word
OTHERS = ("angel", "axe", "bee", "cow", "cup", "fork", "map", "moon", "owl", "saw", "shoe", "sun", "van")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    inks = words(folder, drawings=FEW)
    characters(folder)
    tuberlin(folder)
    other_words(folder, OTHERS, drawings=30)
    place = folder / "quickdraw" / "bitmaps" / "cat.npz"
    np.savez(place, x=np.stack([draw_bitmap(ink) for ink in inks["cat"]]))  # each of its drawings is there twice
    return folder


@pytest.fixture(scope="module")
def material(folder: Path) -> Material:
    return SKETCHES.load(folder)


def test_each_word_is_asked_for_with_its_article() -> None:
    prompts = {label["slug"]: label["prompt"] for label in LABELS}
    assert len(prompts) == 30
    assert prompts["alarm-clock"] == "an alarm clock"
    assert prompts["pants"] == "pants"
    assert prompts["cat"] == "a cat"


def test_ink_and_a_picture_of_it_by_googles_recipe_are_in_the_same_place() -> None:
    """Though the picture has whole pixels only, and a thicker line."""
    rng = np.random.default_rng(3)
    for label in range(10):
        ink = write_digit(label, rng)
        drawn = rasterise(ink, SKETCH_RASTER).astype(np.float64)
        seen = normalise_image(draw_bitmap(ink), SKETCH_RASTER, polarity="light_on_dark").astype(np.float64)
        assert np.corrcoef(drawn.ravel(), seen.ravel())[0, 1] > 0.95
        with_its_pen = rasterise(ink, SKETCH_RASTER, pen=28 * 16 / 304).astype(np.float64)
        assert np.corrcoef(with_its_pen.ravel(), seen.ravel())[0, 1] > 0.98


def test_a_fifth_of_every_kind_is_kept_out(material: Material) -> None:
    pictures = material.tests["kept-out pictures of scarce words"]
    assert len(pictures.y) == 30 * (FEW // 5)
    assert len(material.tests["TU Berlin, kept out"].y) == 2
    assert not len(material.tests["kept-out strokes"].y), "none of these words has a thousand drawings"


def test_a_drawing_that_is_kept_out_in_one_form_is_not_studied_in_the_other(material: Material) -> None:
    cat = [label["slug"] for label in LABELS].index("cat")
    kept_out = material.tests["kept-out pictures of scarce words"]
    studied = np.stack(
        [
            rasterise(ink, SKETCH_RASTER)
            for ink, y in zip(material.tracks.inks, material.tracks.y, strict=True)
            if y == cat
        ]
    )
    assert not has_twin(studied, kept_out.x[kept_out.y == cat]).any()
    assert len(studied) < FEW * 4 / 5, "some were left out for it"


def test_scarce_words_and_careful_sketches_come_several_times(material: Material) -> None:
    flat = material.pictures.x.reshape(len(material.pictures.x), -1)
    times = np.unique(flat, axis=0, return_counts=True)[1]
    assert times.min() >= 4
    assert times.max() >= 8


def test_the_card_counts_a_drawing_once_however_often_it_comes(material: Material) -> None:
    slugs = [label["slug"] for label in LABELS]
    told = count_per_label(material, slugs)
    for slug, alike in (("tree", 0), ("eye", 3)):  # of the tuberlin eyes all four that are studied are the same here
        label = slugs.index(slug)
        pictures = np.unique(material.pictures.x[material.pictures.y == label], axis=0)
        assert told[slug] == len(pictures) + alike, "the strokes are among them"


def test_the_card_counts_a_drawing_once_though_it_comes_in_two_forms(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ml.recipes.sketches.SAME_BELOW", 55.0
    )  # these twins are less alike than real ones, and strangers far off
    told = count_per_label(SKETCHES.load(folder), [label["slug"] for label in LABELS])
    assert 0 < told["cat"] < FEW
    assert told["tree"] > FEW


def test_what_calibrates_was_not_studied(material: Material) -> None:
    studied = {x.tobytes() for x in material.pictures.x}
    assert not studied & {x.tobytes() for x in material.validation["pictures, not trained on"].x}
    strokes = {rasterise(ink, SKETCH_RASTER).tobytes() for ink in material.tracks.inks}
    assert not strokes & {x.tobytes() for x in material.validation["strokes, not trained on"].x}


def test_a_twin_is_found_though_it_lies_a_pixel_beside() -> None:
    rng = np.random.default_rng(4)
    rasters = np.stack([rasterise(write_digit(label, rng), SKETCH_RASTER) for label in range(10)])
    assert has_twin(np.roll(rasters, 1, axis=2), rasters).all()
    assert not has_twin(rasters[:5], rasters[5:]).any()
    assert not has_twin(rasters, rasters[:0]).any()


def test_half_of_the_other_words_are_negatives_and_the_rest_a_test(folder: Path) -> None:
    usable = [word for word in OTHERS if word not in NOT_NEGATIVE]
    train, test = ([word for word in usable if is_one_in(2, word) == chosen] for chosen in (True, False))
    material = SKETCHES.load(folder)
    characters = len(material.negative_rasters) - 30 * len(train)
    tested = material.tests["other words (junk)"]
    assert len(train) > 3 < len(test)
    assert len(tested.y) == 25 * len(test)
    assert set(tested.y) == {len(LABELS)}
    assert not {x.tobytes() for x in tested.x} & {x.tobytes() for x in material.negative_rasters}
    replayed = SKETCHES.replay(folder)
    assert len(replayed.negative_rasters) == characters + 20 * len(train)
    np.testing.assert_array_equal(replayed.tests["other words (junk)"].x, tested.x)


def test_words_that_look_like_a_label_are_neither_negatives_nor_tested(folder: Path) -> None:
    assert set(NOT_NEGATIVE).isdisjoint(SKETCH_WORDS)
    words = loaders.load_other_words(folder)
    owls = {x.tobytes() for x in normalise_pictures(words.x[words.group == "owl"], SKETCH_RASTER)}
    material = SKETCHES.load(folder)
    seen = np.concatenate([material.negative_rasters, material.tests["other words (junk)"].x])
    assert len(owls) == 30
    assert not owls & {x.tobytes() for x in seen}


def test_without_other_words_only_characters_are_negatives(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "data", ignore=shutil.ignore_patterns("other_words.npz"))
    material = SKETCHES.load(tmp_path / "data")
    assert not len(material.tests["other words (junk)"].y)
    assert len(material.negative_rasters)


def test_strokes_are_among_the_pictures(material: Material) -> None:
    """Some words have only strokes. A network that sees pictures and strokes apart learns the way of drawing."""
    pictures = {x.tobytes() for x in material.pictures.x}
    assert {rasterise(ink, SKETCH_RASTER).tobytes() for ink in material.tracks.inks} <= pictures


def test_frequent_words_are_evened_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.recipes.sketches.SCARCE_BELOW", 0)
    monkeypatch.setattr("ml.recipes.sketches.EVEN_OUT_BELOW", 50)
    material = SKETCHES.load(folder)
    careful = np.isin(np.arange(len(LABELS)), [SKETCH_WORDS.index(word) for word in ("eye", "hand")])
    assert set(np.bincount(material.pictures.y)[~careful]) == {50}


def test_missing_data_is_an_error_that_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        SKETCHES.load(tmp_path)
