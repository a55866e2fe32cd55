"""Robustness: the changes to the ink, and the figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.bundles.bundle import Bundle, verify_bundle
from ml.bundles.predictor import Predictor
from ml.data.loaders import DatasetError
from ml.evaluation.robustness import (
    drop_half_the_points,
    make_dots,
    make_hatching,
    make_scribble,
    measure_junk,
    measure_robustness,
    move_and_scale,
    place_on_canvas,
)
from ml.preprocessing.golden import golden_inks
from ml.preprocessing.ink import Ink, parse_ink, rasterise
from ml.preprocessing.quickdraw_bitmap import draw_bitmap
from ml.recipes import RECIPES
from tests.ml import shapes

INKS = golden_inks()


@pytest.fixture(scope="module")
def predictor(tiny_bundle: Bundle) -> Predictor:
    return verify_bundle(tiny_bundle)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.mark.parametrize("name", INKS)
def test_moved_and_scaled_ink_has_the_same_raster(name: str, rng: np.random.Generator) -> None:
    ink = parse_ink(INKS[name])
    if name == "very far away":  # moving it farther takes its last digits
        ink = [stroke - stroke[:2, :1] for stroke in ink]
    for _ in range(5):
        np.testing.assert_array_equal(rasterise(move_and_scale(ink, rng)), rasterise(ink))


@pytest.mark.parametrize("decimals", [0, 2])
def test_ink_on_a_canvas_stays_inside_it_and_is_rounded(decimals: int, rng: np.random.Generator) -> None:
    for _ in range(20):
        points = np.concatenate(place_on_canvas(parse_ink(INKS["a spiral"]), rng, decimals=decimals), axis=1)
        assert points.min() >= 0
        assert points.max() <= 2_000
        np.testing.assert_array_equal(points, points.round(decimals))


def test_a_dot_on_a_canvas_is_a_dot(rng: np.random.Generator) -> None:
    assert np.isfinite(place_on_canvas(parse_ink([[[5], [5]]]), rng, decimals=2)[0]).all()


def test_half_the_points_keep_both_ends() -> None:
    stroke = np.array([np.arange(9.0), np.zeros(9)])
    assert drop_half_the_points([stroke])[0][0].tolist() == [0, 2, 4, 6, 8]
    assert drop_half_the_points([stroke[:, :4]])[0][0].tolist() == [0, 2, 3]
    assert drop_half_the_points([stroke[:, :1]])[0][0].tolist() == [0]


def test_a_bitmap_of_ink_has_googles_margins_and_line() -> None:
    square = draw_bitmap(parse_ink([[[0, 100, 100, 0, 0], [0, 0, 100, 100, 0]]]))
    assert square.shape == (28, 28)
    inked = np.flatnonzero((square > 60).any(axis=0))
    assert (inked[0], inked[-1]) == (1, 26), "the longest side with its line takes 25 of 28 pixels"
    assert square[14].astype(int).sum() / 255 == pytest.approx(2 * 28 * 16 / 304, rel=0.1), "two lines of 16 of 304"


def test_a_dot_has_a_bitmap_too() -> None:
    assert draw_bitmap(parse_ink([[[5], [5]]])).max() > 100


def test_the_figures_say_how_often_raster_and_answer_stay_the_same(predictor: Predictor) -> None:
    inks: list[Ink] = [parse_ink(data) for name, data in INKS.items() if name != "very far away"]
    figures = measure_robustness(predictor, inks, limit=8, seed=1)
    moved = figures["moved, and scaled 0.05x to 20x"]
    assert moved == {"count": 8, "same raster": 1.0, "same answer": 1.0}
    assert all(0 <= line["same answer"] <= 1 for line in figures.values())
    assert figures == measure_robustness(predictor, inks, limit=8, seed=1)


@pytest.mark.parametrize("kind", [make_dots, make_scribble, make_hatching])
def test_negatives_are_valid_ink(kind: object, rng: np.random.Generator) -> None:
    assert callable(kind)
    for _ in range(20):
        ink = parse_ink([stroke.tolist() for stroke in kind(rng)])
        assert rasterise(ink).any()


def test_blank_pictures_are_refused_before_the_model(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKLING_DATA", str(tmp_path))
    figures = measure_junk(predictor, 0.0, data=None, count=20, seed=1)
    assert figures["blank pictures"] == {"count": 20, "not sure": 1.0}
    assert figures["scribbles"] == {"count": 20, "not sure": 0.0}
    assert figures["all junk"] == {"count": 80, "not sure": 0.25}
    assert "real: MNIST test" not in figures


def test_another_recognizer_uses_its_own_raster_and_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three shapes of 24 pixels; see tests/ml/shapes.py."""
    known = shapes.material()
    monkeypatch.setitem(RECIPES, "shapes", shapes.recipe(known))
    predictor = verify_bundle(shapes.untrained())
    figures = measure_junk(predictor, 0.0, data=tmp_path, count=4, seed=1, recognizer="shapes", spec=shapes.SPEC)
    assert figures["real: shapes"] == {"count": len(known.tests["shapes"].y), "not sure": 0.0}
    assert figures["scribbles, kept out"]["count"] == len(known.tests["scribbles, kept out"].y)
    assert "real: MNIST test" not in figures
    inks = [shapes.ink(label % 3, np.random.default_rng(label)) for label in range(6)]
    moved = measure_robustness(predictor, inks, limit=6, seed=1, spec=shapes.SPEC)["moved, and scaled 0.05x to 20x"]
    assert moved == {"count": 6, "same raster": 1.0, "same answer": 1.0}


def test_without_a_recipe_only_synthetic_negatives_are_measured(predictor: Predictor) -> None:
    figures = measure_junk(predictor, 0.0, data=None, count=2, seed=1, recognizer="nobody-knows-it")
    assert set(figures) == {"blank pictures", "dots", "scribbles", "hatchings", "all junk"}


def test_a_data_folder_without_data_is_an_error(predictor: Predictor, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="omniglot"):
        measure_junk(predictor, 0.5, data=tmp_path, count=2, seed=1)
