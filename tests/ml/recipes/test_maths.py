"""The material of maths: kept-out drawings of every command, and no drawing in training and test."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.benchmarks.symbols import label_ranks
from ml.bundles.bundle import load_bundle, verify_bundle
from ml.bundles.glyphs import drawn_slugs
from ml.data.loaders import DatasetError
from ml.evaluation.base_test import read_base_test, read_base_test_file
from ml.preprocessing.ink import RasterSpec, rasterise
from ml.recipes.base import Material
from ml.recipes.maths import IMPORTED, LABELS, MATHS, label_of_symbol, read_table, split_drawings
from ml.training.epochs import make_epoch
from tests.ml.small_datasets import symbols

COMMANDS = ("latex:latex2e:sum", "latex:latex2e:Sigma", "latex:latex2e:alpha", "latex:amssymb:curvearrowright")
PICTURES = {r"\sum": 30, r"\alpha": 30, "Q": 10, r"\mathbb{R}": 20}
EACH = 8
SLUGS = [label["slug"] for label in LABELS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    symbols(folder, COMMANDS, each=EACH, pictures=PICTURES)
    (folder / "quickdraw" / "strokes").mkdir(parents=True)
    with gzip.open(folder / "quickdraw" / "strokes" / "cat.jsonl.gz", "wt") as file:
        for key in range(20):
            drawing = [[[0, 9, 5 + key], [0, 30, 7]], [[3, 8], [4, 20 + key]]]
            file.write(json.dumps({"key_id": key, "recognized": True, "drawing": drawing}) + "\n")
    return folder


@pytest.fixture(scope="module")
def material(folder: Path) -> Material:
    return MATHS.load(folder)


def test_every_command_has_a_kept_out_drawing_and_its_label(folder: Path) -> None:
    drawings = split_drawings(folder)
    tested = {command for command, test in zip(drawings.commands, drawings.track_test, strict=True) if test}
    assert tested == set(COMMANDS)
    assert not (drawings.track_test & drawings.track_validation).any()
    labels = {
        command: SLUGS[label] for command, label in zip(drawings.commands, drawings.tracks.y.tolist(), strict=True)
    }
    assert labels["latex:latex2e:sum"] == labels["latex:latex2e:Sigma"] == "sum"
    assert labels["latex:amssymb:curvearrowright"] == "curvearrowright"


def test_the_split_does_not_change(folder: Path) -> None:
    once, again = split_drawings(folder), split_drawings(folder)
    assert (once.track_test == again.track_test).all()
    assert (once.pictures.x == again.pictures.x).all()


def test_pictures_are_split_by_people(folder: Path) -> None:
    drawings = split_drawings(folder)
    tested = set(drawings.pictures.group[drawings.picture_test].tolist())
    trained = set(drawings.pictures.group[~drawings.picture_test].tolist())
    assert tested
    assert not tested & trained
    assert IMPORTED in trained


def test_pictures_have_the_labels_of_their_symbols_and_others_are_left_out(folder: Path) -> None:
    found = {SLUGS[label] for label in split_drawings(folder).pictures.y}
    assert found == {"sum", "alpha", "double-struck-capital-r"}


def test_a_picture_of_a_kept_out_drawing_is_dropped(folder: Path, tmp_path: Path) -> None:
    before = split_drawings(folder)
    row = int(np.flatnonzero(before.track_test & (before.tracks.y == SLUGS.index("alpha")))[0])
    symbols(tmp_path, COMMANDS, each=EACH, pictures=PICTURES)
    stored = dict(np.load(tmp_path / "maths" / "hasyv2.npz"))
    rows = np.flatnonzero((stored["y"] == 1) & (stored["user"] == IMPORTED))
    box = RasterSpec(size=32, box=32, pen=2, centre="box")
    stored["x"][rows[:2]] = np.packbits(rasterise(before.tracks.inks[row], box) > 127, axis=1)
    np.savez(tmp_path / "maths" / "hasyv2.npz", **stored)
    assert len(split_drawings(tmp_path).pictures.y) <= len(before.pictures.y) - 2


def test_nothing_is_trained_on_and_tested(material: Material) -> None:
    tests = [part.x for part in material.tests.values()] + [part.x for part in material.validation.values()]
    tested = {raster.tobytes() for rasters in tests for raster in rasters}
    drawn = {rasterise(ink, MATHS.raster).tobytes() for ink in material.tracks.inks}
    assert drawn
    assert not tested & drawn
    assert not tested & {raster.tobytes() for raster in material.pictures.x}


def test_labels_with_few_drawings_come_several_times_and_are_counted_once(material: Material) -> None:
    curve = SLUGS.index("curvearrowright")
    assert (material.tracks.y == curve).sum() == 40
    assert material.distinct_counts is not None
    assert 0 < material.distinct_counts[curve] <= EACH - 1


def test_drawings_of_things_are_negatives_and_a_tenth_of_them_is_the_test(material: Material) -> None:
    assert len(material.negative_inks) == 18
    junk = material.tests["things (junk)"]
    assert junk.y.tolist() == [len(LABELS)] * 2


def test_an_epoch_can_be_made(material: Material) -> None:
    recipe = replace(MATHS, pictures=40, tracks=40, junk=10)
    epoch = make_epoch(material, recipe, np.random.default_rng(0))
    assert epoch.x.shape == (90, 32, 32)
    assert (epoch.y == len(LABELS)).sum() == 10


def test_a_command_that_the_table_lacks_is_an_error(tmp_path: Path) -> None:
    symbols(tmp_path, ["latex:new:command"], each=2, pictures=PICTURES)
    with pytest.raises(DatasetError, match="latex:new:command"):
        split_drawings(tmp_path)


def test_missing_drawings_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"detexify\.jsonl\.gz"):
        split_drawings(tmp_path)


def test_symbols_of_hasy_have_labels() -> None:
    found = label_of_symbol()
    assert SLUGS[found[r"\Sigma"]] == SLUGS[found[r"\sum"]] == "sum"
    assert SLUGS[found[r"\mathbb{Q}"]] == "double-struck-capital-q"
    assert SLUGS[found["-"]] == "line"
    assert "A" not in found


def test_the_recipe_has_the_table_without_the_ids_of_commands() -> None:
    assert all("commands" not in label for label in LABELS)
    assert [row["slug"] for row in read_table()] == SLUGS
    assert MATHS.glyphs is not None
    assert MATHS.glyphs.is_file()


def test_the_shipped_model_knows_its_base_test() -> None:
    folder = Path("ml/models/maths")
    bundle, test = load_bundle(folder), read_base_test(read_base_test_file(folder))
    answers = verify_bundle(bundle).predict(test.rasters[::8]).probabilities
    assert test.fits(bundle)
    assert (label_ranks(answers, test.labels[::8]) < 5).mean() > 0.96
    assert len(bundle.tflite) < 1_500_000
    assert sum(file.stat().st_size for file in folder.iterdir()) < 6 * 2**20
    assert sorted(drawn_slugs(bundle.glyphs)) == sorted(bundle.slugs) == sorted(SLUGS)
