"""The material of the Bangla digits: NumtaDB's own split, what is calibrated on, and scans of another source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import write_digit
from ml.data.loaders import DatasetError, load_bangla
from ml.preprocessing.ink import rasterise
from ml.recipes.bangla_digits import BANGLA_DIGITS, LABELS, simulate_scan
from ml.recipes.base import Material
from tests.ml.small_datasets import characters, numtadb


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("data")
    numtadb(folder, train=120, test=20)
    characters(folder)
    return BANGLA_DIGITS.load(folder)


def test_each_label_shows_its_bangla_numeral_and_name() -> None:
    assert "".join(label["glyph"] for label in LABELS) == "০১২৩৪৫৬৭৮৯"
    assert [label["slug"] for label in LABELS] == list("0123456789")
    assert LABELS[7]["name"] == "সাত"


def test_the_test_part_of_numtadb_is_neither_studied_nor_calibrated_on(material: Material) -> None:
    studied = len(material.pictures.y) + len(material.validation["NumtaDB, not trained on"].y)
    assert studied == 120
    assert len(material.tests["NumtaDB test"].y) == len(material.tests["the same as two-valued scans"].y) == 20
    assert 0 < len(material.validation["NumtaDB, not trained on"].y) < 20


def test_every_picture_becomes_a_raster_with_ink(material: Material) -> None:
    for x in (material.pictures.x, *(test.x for test in material.tests.values())):
        assert x.dtype == np.uint8
        assert x.shape[1:] == (28, 28)
        assert (x.reshape(len(x), -1).max(axis=1) > 200).all()


def test_junk_is_other_than_every_label(material: Material) -> None:
    assert set(material.tests["foreign characters (junk)"].y) == {len(LABELS)}
    assert set(material.validation["made-up junk"].y) == {len(LABELS)}


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    numtadb(tmp_path, train=10, test=10)
    with pytest.raises(DatasetError, match=r"test, train, not 'validation'"):
        load_bangla("validation", tmp_path)


def test_a_scan_has_two_values_and_a_frame_of_its_own() -> None:
    rng = np.random.default_rng(1)
    picture = rasterise(write_digit(3, rng))
    scans = np.stack([simulate_scan(picture, rng) for _ in range(20)])
    assert scans.shape == (20, 32, 32)
    assert set(np.unique(scans)) == {0, 255}
    inked = (scans > 0).mean(axis=(1, 2))
    assert inked.min() > 0
    assert inked.max() > 1.5 * inked.min(), "some are thick or large, some thin or small"


def test_a_hair_that_thinning_would_remove_stays() -> None:
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 14] = 255
    for seed in range(20):
        assert simulate_scan(picture, np.random.default_rng(seed)).any()
