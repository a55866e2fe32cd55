"""What an epoch is made of, for the settings of a recipe that not all recognizers have."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ml.data.loaders import Pictures, Tracks
from ml.preprocessing.ink import Ink, rasterise
from ml.recipes.base import Material, Recipe
from ml.training.epochs import make_epoch
from tests.ml.tiny import LABELS

THICK = 4.4  # pixels; twice the pen


def line(angle: float) -> list[np.ndarray]:
    return [np.array([[0.0, np.cos(angle)], [0.0, np.sin(angle)]])]


@pytest.fixture
def material() -> Material:
    """Pictures of thick lines, ink of lines, and squares as negative pictures."""
    inks = [line(angle) for angle in np.linspace(0, 1.5, 40)]
    pictures = np.stack([rasterise(ink, pen=THICK) for ink in inks])
    square = np.zeros((28, 28), np.uint8)
    cv2.rectangle(square, (5, 5), (22, 22), 255, -1)
    return Material(
        pictures=Pictures(pictures, np.zeros(40, np.int64), np.full(40, "")),
        tracks=Tracks(inks, np.ones(40, np.int64), np.full(40, "")),
        negative_inks=[],
        negative_rasters=square[np.newaxis],
        validation={},
    )


@pytest.fixture
def recipe(material: Material) -> Recipe:
    return Recipe(
        labels=LABELS, load=lambda data: material, sources=(), notes=(),
        epochs=1, pictures=80, tracks=0, prototypes=0, junk=0,
    )  # fmt: skip


def ink_of(rasters: np.ndarray) -> float:
    return float(rasters.mean())


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_traced_pictures_are_drawn_with_the_pen_of_the_recognizer(material: Material, recipe: Recipe) -> None:
    as_pictures = make_epoch(material, recipe, rng())
    as_ink = make_epoch(material, replace(recipe, traced=1.0), rng())
    assert len(as_ink.y) == len(as_pictures.y) == 80
    assert ink_of(as_ink.x) < 0.8 * ink_of(as_pictures.x)


def test_one_picture_in_eight_stays_as_it_is(material: Material, recipe: Recipe) -> None:
    known = {picture.tobytes() for picture in material.pictures.x}
    for traced in (0.0, 0.5, 1.0):
        epoch = make_epoch(material, replace(recipe, traced=traced), rng())
        assert sum(x.tobytes() in known for x in epoch.x) == 10


def test_a_picture_is_traced_once(material: Material) -> None:
    first = material.trace(np.array([3, 5]))
    again = material.trace(np.array([5, 7, 3]))
    assert again[0] is first[1]
    assert again[2] is first[0]
    assert np.ptp(again[1][0], axis=1).max() > 10


def test_details_change_in_the_share_of_ink_that_the_recipe_says(
    material: Material, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[Ink] = []

    def change(ink: Ink, other: Ink, rng: np.random.Generator) -> Ink:
        changed.append(other)
        return ink

    monkeypatch.setattr("ml.training.epochs.change_details", change)
    make_epoch(material, replace(recipe, pictures=0, tracks=200), rng())
    assert not changed
    make_epoch(material, replace(recipe, pictures=0, tracks=200, details=0.5), rng())
    assert 70 < len(changed) < 130
    inks = {id(ink) for ink in material.tracks.inks}
    assert {id(ink) for ink in changed} <= inks
    assert len({id(ink) for ink in changed}) > 20


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_negative_pictures_have_the_share_that_the_recipe_says(
    material: Material, recipe: Recipe, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.training.epochs.make_negative", lambda *_, **__: line(0.5))
    epoch = make_epoch(material, replace(recipe, pictures=0, junk=300, negative_pictures=share), rng())
    solid = (epoch.x[:, 10:18, 10:18] > 100).mean(axis=(1, 2)) > 0.9
    assert solid.mean() == pytest.approx(share, abs=0.1)


def test_negative_pictures_are_traced_too(material: Material, recipe: Recipe) -> None:
    junk = replace(recipe, pictures=0, junk=100, negative_pictures=1.0)
    plain, traced = (make_epoch(material, replace(junk, traced=share), rng()) for share in (0.0, 1.0))
    assert ink_of(traced.x) < 0.5 * ink_of(plain.x), "a solid square becomes lines"
