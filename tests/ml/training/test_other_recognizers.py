"""Fine-tuning a recognizer without digits: its own labels and raster, and no negatives made of digits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.bundles.bundle import Bundle, verify_bundle
from ml.data.approved import ApprovedDrawings, ApprovedDrawingsError, make_variants
from ml.embeddings import replay_pack
from ml.embeddings.replay_pack import read_pack
from ml.evaluation.exam import examine
from ml.evaluation.gate import PASSED
from ml.training import finetune_full
from ml.training.epochs import make_epoch
from ml.training.finetune import FULL, HEAD, find_mode, finetune
from tests.ml import shapes, trained


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """All layers of a small network: fewer drawings, larger steps."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"EPOCHS": 5, "BASE_DRAWINGS": 300, "MAX_APPROVED": 200, "BATCH": 32, "RATE": 2e-3}.items():
            patch.setattr(finetune_full, name, value)
        yield


@pytest.fixture(scope="module", params=[HEAD, FULL])
def challenger(request: pytest.FixtureRequest, quick: None) -> Bundle:
    """Taught by somebody who draws rings as hooks, and everything else as others do."""
    known = shapes.recipe(shapes.material())
    approved = shapes.approved_drawings(30, 1, hooked=16)
    return finetune(shapes.base(), approved, mode=request.param, seed=1, report=lambda told: None, recipe=known)


def right(bundle: Bundle, drawings: ApprovedDrawings) -> float:
    answers = verify_bundle(bundle).predict(drawings.rasters).probabilities
    return float((answers.argmax(axis=1) == drawings.labels).mean())


def test_it_learns_a_new_way_of_drawing_and_forgets_nothing(challenger: Bundle) -> None:
    hooked, plain = shapes.approved_drawings(0, 5, hooked=40), shapes.approved_drawings(90, 6)

    assert right(shapes.base(), hooked) < 0.5
    assert right(challenger, hooked) > 0.8
    assert right(challenger, plain) >= right(shapes.base(), plain) - 0.02


def test_many_drawings_do_not_outweigh_the_negatives_of_a_small_pack() -> None:
    homemade = replay_pack.add_replay_pack(shapes.base(), shapes.small_material(shapes.material()))
    approved = shapes.approved_drawings(30, 1, jagged=90)

    challenger_of_few = finetune(homemade, approved, mode=HEAD, seed=1, report=lambda told: None)

    field = shapes.approved_drawings(30, 7, jagged=20)
    figures = examine(homemade, challenger_of_few, field, by_author=True, authors=2).figures
    assert figures["field"]["before"] < 0.7
    assert figures["field"]["after"] > 0.95
    assert figures["junk"]["after"] > 0.7


def test_the_challenger_has_the_title_labels_and_raster_of_its_base(challenger: Bundle) -> None:
    manifest = challenger.manifest

    assert (manifest["recognizer"], manifest["title"], manifest["prompt"]) == ("shapes", "Shapes", "Draw {name}")
    assert manifest["labels"] == shapes.LABELS
    assert challenger.raster == shapes.SPEC
    assert verify_bundle(challenger).size == shapes.SPEC.size
    assert len(read_pack(challenger.rehearsal).test) == len(shapes.material().tests["shapes"].y)


def test_the_gate_judges_it_by_its_own_labels(challenger: Bundle) -> None:
    field = shapes.approved_drawings(30, 7, hooked=20)

    verdict = examine(shapes.base(), challenger, field, by_author=True, authors=2, starter=shapes.base())

    assert verdict.outcome == PASSED, verdict.sentences
    assert [row["slug"] for row in verdict.figures["labels"]] == ["ring", "corner", "wave"]
    assert verdict.figures["field"]["wins"] >= 10
    assert verdict.figures["junk"]["count"] == 80


def test_without_data_the_replay_pack_is_enough(tmp_path: Path) -> None:
    mode, why = find_mode(shapes.base(), tmp_path)

    assert mode == HEAD
    assert "recipe for shapes" in why


def test_drawings_on_the_raster_of_another_recognizer_are_refused() -> None:
    for mode in (HEAD, FULL):
        with pytest.raises(ApprovedDrawingsError, match=r"\(24, 24\)"):
            finetune(shapes.base(), trained.approved_drawings(3, 1), mode=mode, seed=1, report=lambda told: None)
    with pytest.raises(ApprovedDrawingsError, match=r"\(24, 24\)"):
        examine(shapes.base(), shapes.base(), trained.approved_drawings(3, 1), by_author=True, authors=1)


def test_pictures_and_ink_are_varied_on_its_raster() -> None:
    drawn = shapes.approved_drawings(6, 2)
    mixed = drawn._replace(inks=[None, *drawn.inks[1:3], None, *drawn.inks[4:]])

    varied = make_variants(mixed, np.random.default_rng(0), shapes.SPEC, strength=0.8)

    assert varied.shape == (6, 24, 24)
    for picture in varied:
        rows, columns = np.nonzero(picture > 100)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 >= shapes.SPEC.box - 4  # the box is filled; nothing is cut off


def test_its_epochs_have_no_digit_styles_and_no_negatives_made_of_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*arguments: Any, **options: Any) -> None:
        raise AssertionError("this is for Latin digits alone")

    for name in (
        "ml.training.epochs.restyle_digit",
        "ml.augmentation.negatives.side_by_side",
        "ml.augmentation.negatives.overlaid",
        "ml.augmentation.negatives.on_its_side",
        "ml.augmentation.negatives.mirrored_or_upside_down",
    ):
        monkeypatch.setattr(name, nobody)
    known = shapes.material()
    recipe = replace(shapes.recipe(known), junk=60)

    epoch = make_epoch(known, recipe, np.random.default_rng(0), hard=True)

    assert epoch.x.shape == (recipe.drawings, 24, 24)
    assert (epoch.y == shapes.OTHER).sum() == 60
    assert known.digits() == []
    assert trained.material().digits()
