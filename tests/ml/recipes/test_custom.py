"""Recipes from a folder: the split, the epoch, and the notes on what the figures are worth."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml.augmentation.negatives import NEGATIVE_KINDS
from ml.commands.main import main
from ml.data.recognizer_folder import FolderDrawing, FolderError
from ml.preprocessing.ink import Ink, RasterSpec
from ml.recipes.custom import (
    NEGATIVES_TEST_NAME,
    SPLIT_BY_DRAWING,
    TEST_NAME,
    recipe_from_folder,
    split_drawings,
)
from ml.training.epochs import make_epoch
from tests.ml.runes import SPEC, write_folder

DOT = [np.zeros((2, 1))]


def drawings(labels: int, each: int, writers: int = 0) -> list[FolderDrawing]:
    return [
        FolderDrawing(
            label, key=f"{label}/{number}", source="", writer=f"w{number % writers}" if writers else "", ink=DOT
        )
        for label in range(labels)
        for number in range(each)
    ]


def test_a_fifth_of_the_writers_is_kept_out() -> None:
    (studied, checked, tested), by_writer = split_drawings(drawings(3, 40, writers=20), 3)
    assert by_writer
    hands = [{drawing.writer for drawing in part} for part in (studied, checked, tested)]
    assert [len(part) for part in hands] == [14, 2, 4]
    assert not set.intersection(hands[0], hands[1] | hands[2])
    assert not set.intersection(hands[1], hands[2])


@pytest.mark.parametrize("writers", [0, 4])
def test_without_writers_enough_a_fifth_of_each_label_is(writers: int) -> None:
    parts, by_writer = split_drawings(drawings(3, 20, writers), 3)
    assert not by_writer
    assert [[sum(d.label == label for d in part) for label in range(3)] for part in parts] == [
        [14] * 3,
        [2] * 3,
        [4] * 3,
    ]
    assert len({drawing.key for part in parts for drawing in part}) == 60


def test_writers_who_drew_one_label_only_cannot_be_kept_out() -> None:
    drawn = [FolderDrawing(n // 10, key=str(n), source="", writer=f"w{n // 5}", ink=DOT) for n in range(120)]
    assert split_drawings(drawn, 12)[1] is False


def test_the_split_goes_by_the_drawings_and_not_by_their_order() -> None:
    drawn = drawings(2, 10)
    first, second = split_drawings(drawn, 2)[0], split_drawings(drawn[::-1], 2)[0]
    assert [{d.key for d in part} for part in first] == [{d.key for d in part} for part in second]


def test_a_folder_becomes_a_recipe_with_its_material(tmp_path: Path) -> None:
    slug, recipe = recipe_from_folder(write_folder(tmp_path / "runes", count=12))
    material = recipe.load(None)
    assert (slug, recipe.title, recipe.prompt) == ("runes", "Runes", "Scratch {name}")
    assert recipe.labels[2] == {"glyph": "", "slug": "aitch", "name": "aitch", "prompt": "the letter H"}
    assert np.bincount(material.pictures.y).tolist() == [9]
    assert np.bincount(material.tracks.y).tolist() == [0, 9, 9]
    assert np.bincount(material.tests[TEST_NAME].y).tolist() == [2, 2, 2]
    assert np.bincount(material.validation[TEST_NAME].y).tolist() == [100, 100, 100]  # one of each, and its variations
    assert set(material.tests[NEGATIVES_TEST_NAME].y) == {3}
    assert not np.array_equal(material.tests[NEGATIVES_TEST_NAME].x, material.validation[NEGATIVES_TEST_NAME].x)
    assert recipe.drawings == 2_400
    assert recipe.pictures * 2 == recipe.tracks == 1_360  # as there are twice as many


def test_each_recognizer_has_the_raster_it_asks_for(tmp_path: Path) -> None:
    said = {**SPEC, "raster": {"size": 40, "box": 30, "pen": 3}}
    _, recipe = recipe_from_folder(write_folder(tmp_path / "runes", count=5, spec=said))
    material = recipe.load(None)
    assert recipe.raster == RasterSpec(40, 30, 3)
    sets = [*material.validation.values(), *material.tests.values()]
    assert {rasters.shape[1:] for rasters in [material.pictures.x, *(examples.x for examples in sets)]} == {(40, 40)}


def test_the_notes_say_what_the_figures_are_worth(tmp_path: Path) -> None:
    _, recipe = recipe_from_folder(write_folder(tmp_path / "runes", count=10))
    counts, split, test, _ = recipe.notes
    assert re.findall(r"\d+|aitch|vee", counts) == ["30", "10", "aitch", "10", "vee"]
    assert split == SPLIT_BY_DRAWING
    assert re.findall(r"\d+", test) == ["6", "40"], "6 drawings leave a margin of error of 40 percentage points"


def test_negatives_that_look_like_a_label_are_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def noted(name: str, kind: Callable[[np.random.Generator], Ink]) -> Callable[[np.random.Generator], Ink]:
        def make(rng: np.random.Generator) -> Ink:
            made.append(name)
            return kind(rng)

        return make

    for name, kind in list(NEGATIVE_KINDS.items()):
        monkeypatch.setitem(NEGATIVE_KINDS, name, noted(name, kind))
    _, recipe = recipe_from_folder(
        write_folder(tmp_path / "runes", count=5, spec={**SPEC, "not_junk": ["star", "dots"]})
    )
    make_epoch(recipe.load(None), recipe, np.random.default_rng(0))
    assert set(made) == {"zigzag", "spiral", "grid", "cross", "arrow"}
    assert "(scribble, zigzag, spiral, grid, cross, arrow)" in " ".join(recipe.notes)


def test_too_few_drawings_of_a_label_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"\bring\b.*\b4\b.*\b5\b"):
        recipe_from_folder(write_folder(tmp_path / "runes", count=4))


def failed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["train", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_the_train_command_refuses_wrong_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(tmp_path / "runes", count=2)
    said = failed(capsys, "runes", "--from", folder, "--out", tmp_path / "out")
    assert str(folder) in said
    assert "'runes'" in said
    assert "--out" in failed(capsys, "--from", folder)
    assert "ring has 2 " in failed(capsys, "--from", folder, "--out", tmp_path / "out")
    (tmp_path / "file").write_text("")
    runes = write_folder(tmp_path / "more-runes", count=5)
    said = failed(capsys, "--from", runes, "--out", tmp_path / "file" / "out")
    assert f"{tmp_path / 'file' / 'out'}: Not a directory" in said
    assert "recognizer.json" in failed(capsys, "--from", tmp_path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
