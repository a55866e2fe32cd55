"""The studies: nobody both teaches and measures, and the base has seen nobody's drawings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import write_digit
from ml.benchmarks import studies
from ml.benchmarks.studies import SHIPPED_STUDIES, STUDIES, authors_of, split_exam, trained_base
from ml.bundles.bundle import Bundle
from ml.data import loaders
from ml.data.loaders import DatasetError, Pictures, Tracks
from ml.evaluation.base_test import BaseTest
from ml.preprocessing.ink import RasterSpec
from ml.recipes.base import Material
from tests.ml import trained

WRITERS = [f"writer-{number:02d}" for number in range(12)]


@pytest.fixture
def base(trained_base: Bundle, training_material: Material) -> tuple[Bundle, BaseTest]:
    return trained_base, trained.study(trained_base, training_material).base_test


@pytest.fixture
def bases(monkeypatch: pytest.MonkeyPatch, base: tuple[Bundle, BaseTest]) -> None:
    """Nothing is trained, and the shipped bundle is not read."""
    monkeypatch.setattr(studies, "trained_base", lambda *arguments: base)
    monkeypatch.setattr(studies, "load_bundle", lambda folder: base[0])
    monkeypatch.setattr(studies, "read_base_test", lambda content: base[1])


@pytest.fixture
def pen_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve who write twelve digits each."""
    rng = np.random.default_rng(0)
    labels = np.arange(144) % 10
    tracks = Tracks([write_digit(int(label), rng) for label in labels], labels, np.repeat(WRITERS, 12))
    monkeypatch.setattr(loaders, "load_pen_tracks", lambda data: tracks)
    monkeypatch.setattr(studies, "TEST_WRITERS", 4)
    monkeypatch.setattr(studies, "DRAWINGS", 5)


def test_pen_writers_teach_their_first_drawings_and_others_measure_with_all(bases: None, pen_writers: None) -> None:
    study = STUDIES["digits"](None, Path(), Path())

    assert np.bincount(authors_of(study.people)).tolist() == [5] * 8
    assert np.bincount(authors_of(study.test)).tolist() == [12] * 4
    training, exam = study.parts()
    assert training is study.people
    assert exam is study.test


@pytest.fixture
def numtadb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten pictures of each collection; those of a collection are equally wide. One in five is for the test."""
    monkeypatch.setattr(loaders, "NUMTADB_PARTS", dict.fromkeys("abcd", 50))
    monkeypatch.setattr(studies, "BANGLA_DRAWINGS", 40)
    x = np.zeros((200, 28, 28), np.uint8)
    for number, picture in enumerate(x):
        picture[4:24, 4 : 8 + 4 * (number // 50)] = 255
    (tmp_path / "numtadb28").mkdir()
    split = np.where(np.arange(200) % 5 == 0, "test", "train")
    np.savez(tmp_path / "numtadb28" / "numtadb28.npz", x=x, y=np.arange(200) % 10, split=split)
    return tmp_path


def test_people_of_the_collection_that_the_base_lacks_teach_bangla_digits(bases: None, numtadb: Path) -> None:
    study = STUDIES["bangla-digits"](numtadb, Path(), Path())

    assert np.bincount(authors_of(study.people)).tolist() == [20, 20]
    assert np.unique(authors_of(study.test)).tolist() == [2]
    assert len(study.test.labels) == 10
    drawn = np.concatenate([study.people.rasters, study.test.rasters])
    assert (drawn == drawn[0]).all()  # all of one collection


def test_the_base_of_bangla_digits_learns_and_tests_without_that_collection(
    numtadb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(studies.bangla_digits, "make_material", lambda *parts: asked.extend(parts))

    studies.load_numtadb_without_a_part(numtadb)

    train, test, data = asked
    assert data == numtadb
    assert (len(train.y), len(test.y)) == (120, 30)
    assert {*train.group, *test.group} == {"a", "b", "c"}


def test_a_numtadb_of_unknown_collections_is_refused(numtadb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaders, "NUMTADB_PARTS", dict.fromkeys("abcd", 60))

    with pytest.raises(DatasetError, match="240"):
        studies.load_numtadb_without_a_part(numtadb)


def test_made_up_authors_teach_sketches_and_others_measure(bases: None, tmp_path: Path) -> None:
    (tmp_path / "tuberlin").mkdir()
    x = np.random.default_rng(1).integers(0, 2, (160, 128, 128), np.uint8) * 255
    np.savez(tmp_path / "tuberlin" / "words.npz", x=x, y=np.repeat(["bird", "tree"], 80))

    first, again = (STUDIES["sketches"](tmp_path, Path(), tmp_path) for _ in range(2))

    assert np.bincount(authors_of(first.people)).tolist() == [20] * 4
    assert np.unique(authors_of(first.test)).tolist() == [4, 5, 6, 7]
    assert 0 < (first.people.labels == 6).mean() < 1  # an author draws several words
    assert (first.people.labels == again.people.labels).all()
    assert first.recipe is None


def test_the_people_of_mnists_test_measure_the_shipped_digits(
    bases: None, pen_writers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[str] = []

    def load_mnist(part: str, data: Path | None) -> Pictures:
        parts.append(part)
        return Pictures(np.full((6, 28, 28), 99, np.uint8), np.arange(6), np.array([70, 70, 9, 9, 9, 500]))

    monkeypatch.setattr(loaders, "load_mnist", load_mnist)

    study = SHIPPED_STUDIES["digits"](None, Path(), Path())

    assert parts == ["test"]
    assert authors_of(study.test).tolist() == [1, 1, 0, 0, 0, 2]
    assert np.bincount(authors_of(study.people)).tolist() == [5] * 8


def test_the_shipped_bangla_digits_learn_from_the_test_alone(bases: None, numtadb: Path) -> None:
    study = SHIPPED_STUDIES["bangla-digits"](numtadb, Path(), Path())

    assert np.bincount(authors_of(study.people)).tolist() == [20, 20]
    assert len(study.people.labels) + len(study.test.labels) == 40  # one picture in five of 200
    assert {*study.people.labels, *study.test.labels} == {0, 5}


def test_a_fifth_of_the_people_is_the_exam(trained_base: Bundle, training_material: Material) -> None:
    study = trained.study(trained_base, training_material)

    training, exam = study.parts()

    assert len(np.unique(authors_of(exam))) == 2
    assert len(training.labels) == 160
    assert not {*authors_of(training)} & {*authors_of(exam)}
    assert (split_exam(study.people)[1].labels == exam.labels).all()


def test_drawings_without_authors_are_no_study(trained_base: Bundle, training_material: Material) -> None:
    study = trained.study(trained_base, training_material)

    with pytest.raises(ValueError, match="authors"):
        split_exam(study.people._replace(authors=None))


def test_a_base_is_made_once_with_its_base_test(
    tmp_path: Path, base: tuple[Bundle, BaseTest], training_material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def train(recognizer: str, *arguments: Any, **options: Any) -> tuple[Bundle, dict]:
        made.append(recognizer)
        return base[0], {}

    monkeypatch.setattr(studies, "train", train)
    recipe = replace(trained.recipe(training_material), raster=RasterSpec())

    made_bases = [trained_base(None, tmp_path, recipe, "three-digits") for _ in range(2)]

    assert made == ["three-digits"]
    assert [bundle for bundle, _ in made_bases] == [base[0], base[0]]
    assert all((test.labels == base[1].labels).all() for _, test in made_bases)
