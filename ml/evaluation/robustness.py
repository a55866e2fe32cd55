"""Measure how robust a model is: the same ink in other forms, and negative examples.

The same ink, moved, scaled, drawn on another canvas or sampled more coarsely, should get the same answer. Negative
examples (blanks, dots, scribbles, characters of other scripts) should be answered "not sure".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.bundles.predictor import Predictor, is_unsure
from ml.data.labelled_files import held_out_writers
from ml.data.loaders import DatasetError, load_foreign_characters, load_mnist, load_pen_tracks, split_by_group
from ml.preprocessing.image import normalise_image
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import DEFAULT_SPEC, MAX_COORDINATE, Ink, RasterSpec, rasterise
from ml.preprocessing.quickdraw_bitmap import draw_bitmap
from ml.recipes import RECIPES

SCALES = (0.05, 20.0)
CANVASES = (100, 200, 350, 500, 1_000, 2_000)  # pixels a side
FILLED = (0.3, 0.95)  # share of the canvas side that the drawing takes

Figures = dict[str, dict[str, Any]]
Rng = np.random.Generator


# The same ink


def measure_robustness(
    predictor: Predictor, inks: Sequence[Ink], *, limit: int, seed: int, spec: RasterSpec = DEFAULT_SPEC
) -> Figures:
    """Return how often raster and answer stay the same when only position, size, canvas or sampling changes.

    One more change gives the drawing as a picture instead of ink. At most `limit` drawings are used, chosen at random.
    The result is `{change: {count, same raster, same answer}}` with shares from 0 to 1.
    """
    rng = np.random.default_rng(seed)
    drawings = [inks[row] for row in rng.permutation(len(inks))[:limit]]
    before = np.array([rasterise(ink, spec) for ink in drawings])  # (n, size, size)
    changes: dict[str, Callable[[Ink], Ink]] = {
        "moved, and scaled 0.05x to 20x": lambda ink: move_and_scale(ink, rng),
        "on canvases of 100 to 2000 px, to 1/100 px": lambda ink: place_on_canvas(ink, rng, decimals=2),
        "on canvases of 100 to 2000 px, to whole px": lambda ink: place_on_canvas(ink, rng, decimals=0),
        "at half the points": drop_half_the_points,
    }
    answers = predictor.predict(before).probabilities.argmax(axis=1)
    rasters = {name: [rasterise(change(ink), spec) for ink in drawings] for name, change in changes.items()}
    pictures = [normalise_image(draw_bitmap(ink), spec, polarity="light_on_dark") for ink in drawings]
    rasters["as a picture of 28 x 28 (Google's recipe)"] = pictures
    return {name: _compare(predictor, before, answers, np.array(after)) for name, after in rasters.items()}


def _compare(predictor: Predictor, before: np.ndarray, answers: np.ndarray, after: np.ndarray) -> dict[str, Any]:
    same = predictor.predict(after).probabilities.argmax(axis=1) == answers
    return {
        "count": len(after),
        "same raster": float((after == before).all(axis=(1, 2)).mean()),
        "same answer": float(same.mean()),
    }


def move_and_scale(ink: Ink, rng: Rng) -> Ink:
    """Return the ink scaled by 0.05 to 20 and shifted by up to a tenth of the largest coordinate."""
    scale = float(np.exp(rng.uniform(*np.log(SCALES))))
    shift = rng.uniform(-0.1, 0.1, (2, 1)) * MAX_COORDINATE
    return [stroke[:2] * scale + shift for stroke in ink]


def place_on_canvas(ink: Ink, rng: Rng, *, decimals: int) -> Ink:
    """Return the ink as drawn on a square canvas of random size, in pixels rounded to `decimals`."""
    side = int(rng.choice(CANVASES))
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)
    low, extent = points.min(axis=1, keepdims=True), float(np.ptp(points, axis=1).max())
    size = side * rng.uniform(*FILLED)
    corner = rng.uniform(0, side - size, (2, 1))
    scale = size / extent if extent else 1.0
    return [np.round((stroke[:2] - low) * scale + corner, decimals) for stroke in ink]


def drop_half_the_points(ink: Ink) -> Ink:
    """Return the ink as a slower device samples it: every second point of a stroke, and its last."""
    return [np.concatenate([stroke[:2, :-1:2], stroke[:2, -1:]], axis=1) for stroke in ink]


# Negative examples


def measure_junk(
    predictor: Predictor,
    unsure_below: float,
    *,
    data: Path | None,
    count: int,
    seed: int,
    recognizer: str = "digits",
    spec: RasterSpec = DEFAULT_SPEC,
) -> Figures:
    """Return the share of each kind of negative examples that is answered "not sure", and of real drawings.

    There are `count` drawings of each synthetic kind. Characters of Omniglot alphabets and real drawings, none of
    which were trained on, are added if the data sets are here. What is refused before a model sees it (a blank
    picture) counts as "not sure". The result is `{kind: {count, not sure}}`. Raises DatasetError if `data` names a
    folder without the data sets.
    """
    rng = np.random.default_rng(seed)
    kinds: dict[str, Callable[[Rng], Ink]] = {"dots": make_dots, "scribbles": make_scribble, "hatchings": make_hatching}
    figures = {"blank pictures": _measure_blanks(predictor, unsure_below, spec, rng, count)}
    for name, make in kinds.items():
        figures[name] = _unsure(predictor, unsure_below, np.array([rasterise(make(rng), spec) for _ in range(count)]))
    real: Figures = {}
    try:
        for name, rasters, is_junk in _digit_sets(data) if recognizer == "digits" else _recipe_tests(recognizer, data):
            part, kind = (figures, name) if is_junk else (real, f"real: {name}")
            part[kind] = _unsure(predictor, unsure_below, rasters)
    except DatasetError:
        if data is not None:  # the folder was named, so data missing from it is an error
            raise
    total = sum(line["count"] for line in figures.values())
    share = sum(line["count"] * line["not sure"] for line in figures.values()) / total
    return {**figures, "all junk": {"count": total, "not sure": share}, **real}


def _unsure(predictor: Predictor, below: float, rasters: np.ndarray) -> dict[str, Any]:
    unsure = is_unsure(predictor.predict(rasters).probabilities, below)
    return {"count": len(rasters), "not sure": float(unsure.mean())}


def _measure_blanks(predictor: Predictor, below: float, spec: RasterSpec, rng: Rng, count: int) -> dict[str, Any]:
    answered = 0
    for _ in range(count):
        grain = rng.normal(rng.uniform(60, 250), rng.uniform(0, 6), (120, 160))
        try:
            raster = normalise_image(grain.clip(0, 255).astype(np.uint8), spec)
        except ImageError:
            continue
        answered += predictor.predict(raster[np.newaxis]).probabilities.max() >= below
    return {"count": count, "not sure": 1 - answered / count}


Sets = Iterator[tuple[str, np.ndarray, bool]]
"""Of each set: its name, rasters uint8 (n, size, size), and whether they are negatives."""


def _digit_sets(data: Path | None) -> Sets:
    """The same as the tests of the recipe without the photographed digits, which take long to read."""
    foreign = load_foreign_characters("test", data).x
    rasters = np.array([normalise_image(picture, polarity="light_on_dark") for picture in foreign])
    yield "characters of unseen alphabets", rasters, True
    tracks = load_pen_tracks(data)
    kept_out, _ = split_by_group(tracks, held_out_writers(map(str, tracks.group)))
    yield "digits of kept-out writers", np.array([rasterise(ink) for ink in kept_out.inks]), False
    yield "MNIST test", load_mnist("test", data).x, False


def _recipe_tests(recognizer: str, data: Path | None) -> Sets:
    """The tests of the recognizer's recipe, if it has one."""
    if recipe := RECIPES.get(recognizer):
        for name, examples in recipe.replay(data).tests.items():
            yield name, examples.x, bool((examples.y == len(recipe.labels)).all())


def make_dots(rng: Rng) -> Ink:
    """Return one to five taps of the pen, some trembling a little."""
    places = rng.uniform(0, 100, (int(rng.integers(1, 6)), 2, 1))
    return [place + rng.normal(0, rng.choice((0.0, 0.5)), (2, int(rng.integers(1, 4)))) for place in places]


def make_scribble(rng: Rng) -> Ink:
    """Return a smooth line through 8 to 20 random points, as when trying a pen."""
    corners = rng.uniform(0, 100, (2, int(rng.integers(8, 21))))
    for _ in range(3):  # corner cutting (Chaikin 1974) turns corners into a curve
        left, right = corners[:, :-1], corners[:, 1:]
        corners = np.stack([0.75 * left + 0.25 * right, 0.25 * left + 0.75 * right], axis=2).reshape(2, -1)
    return [corners]


def make_hatching(rng: Rng) -> Ink:
    """Return 5 to 12 parallel lines, as when shading an area."""
    count, lean = int(rng.integers(5, 13)), rng.uniform(-40, 40)
    x = np.linspace(0, 100, count) + rng.normal(0, 2, count)
    return [np.array([[at, at + lean], rng.normal(0, 4, 1).tolist() + rng.normal(100, 4, 1).tolist()]) for at in x]
