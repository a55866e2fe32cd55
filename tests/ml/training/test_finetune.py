"""Fine-tuning: approved drawings are learned, the base is not forgotten, and it stops when it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.bundles.build import load_keras
from ml.bundles.bundle import Bundle, BundleError, verify_bundle
from ml.data.approved import ApprovedDrawings, ApprovedDrawingsError, make_variants, select_drawings, weights_of
from ml.data.loaders import DatasetError
from ml.embeddings.replay_pack import read_pack
from ml.evaluation.exam import examine
from ml.preprocessing.ink import DEFAULT_SPEC
from ml.recipes.base import Material, Recipe
from ml.recipes.digits import LABELS
from ml.training import finetune_full
from ml.training.finetune import FULL, HEAD, find_mode, finetune
from ml.training.train import TrainingError
from tests.ml import trained
from tests.ml.trained import foreign_lesson, lesson

Told = list[dict[str, Any]]


class StoppedError(Exception):
    """What somebody who watches raises to stop a training."""


@pytest.fixture
def known(taught_material: Material) -> Recipe:
    return trained.recipe(taught_material)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """All layers of a small network: fewer drawings, larger steps."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"EPOCHS": 6, "REPLAYED": 400, "TAUGHT": 300, "BATCH": 32, "RATE": 2e-3}.items():
            patch.setattr(finetune_full, name, value)
        yield


def accuracy(bundle: Bundle, drawings: ApprovedDrawings) -> float:
    answers = verify_bundle(bundle).predict(drawings.rasters).probabilities
    return float((answers.argmax(axis=1) == drawings.labels).mean())


@pytest.fixture(scope="module")
def new_hand() -> ApprovedDrawings:
    """Somebody writes twos as the base has never seen them, and confirms the rest."""
    own, others = foreign_lesson(30, 1), lesson(30, 2)
    return ApprovedDrawings(
        np.concatenate([own.rasters, others.rasters]),
        own.inks + others.inks,
        np.concatenate([own.labels, others.labels]),
    )


@pytest.fixture(scope="module", params=[HEAD, FULL])
def challenger(
    request: pytest.FixtureRequest,
    taught_base: Bundle,
    taught_material: Material,
    new_hand: ApprovedDrawings,
    quick: None,
) -> tuple[Bundle, Told]:
    told: Told = []
    known = trained.recipe(taught_material)
    return finetune(taught_base, new_hand, mode=request.param, seed=1, report=told.append, recipe=known), told


def test_a_hand_that_the_base_does_not_know_is_learned(taught_base: Bundle, challenger: tuple[Bundle, Told]) -> None:
    later = foreign_lesson(60, 5)

    assert accuracy(taught_base, later) < 0.5
    assert accuracy(challenger[0], later) > 0.8


def test_what_the_base_knew_is_not_forgotten(taught_base: Bundle, challenger: tuple[Bundle, Told]) -> None:
    known = lesson(150, 6)

    assert accuracy(challenger[0], known) >= accuracy(taught_base, known) - 0.02


def test_the_challenger_can_serve_and_brings_a_pack_of_its_own(
    taught_base: Bundle, challenger: tuple[Bundle, Told]
) -> None:
    bundle, _ = challenger

    predictor = verify_bundle(bundle)
    packed, before = read_pack(bundle.rehearsal), read_pack(taught_base.rehearsal)

    np.testing.assert_array_equal(packed.test_labels, before.test_labels)
    assert predictor.embedding_size == packed.test.shape[1]
    assert bundle.slugs == taught_base.slugs
    assert bundle.manifest["quantised"] is True


def test_the_challenger_passes_the_gate(taught_base: Bundle, challenger: tuple[Bundle, Told]) -> None:
    own, others = foreign_lesson(20, 7), lesson(20, 8)
    field = ApprovedDrawings(
        np.concatenate([own.rasters, others.rasters]),
        own.inks + others.inks,
        np.concatenate([own.labels, others.labels]),
    )

    verdict = examine(taught_base, challenger[0], field, by_author=True, authors=2)

    assert verdict.figures["field"]["wins"] >= 10
    assert verdict.figures["field"]["losses"] == 0


def test_its_record_says_how_it_was_taught_and_nothing_personal(
    taught_base: Bundle, challenger: tuple[Bundle, Told]
) -> None:
    record = dict(challenger[0].manifest["training"])

    assert record["mode"] in (HEAD, FULL)
    assert record.pop("agreement", {"difference": 0})["difference"] < 0.05
    assert record | {"mode": ""} == {
        "sources": ["mnist"], "mode": "", "base": taught_base.manifest["sha256"]["tflite"], "drawings": 60,
        "left_out": 0, "seed": 1,
    }  # fmt: skip


def test_its_progress_is_told(challenger: tuple[Bundle, Told]) -> None:
    _, told = challenger
    learning = [line for line in told if "loss" in line]

    assert len({line["step"] for line in learning}) == 1
    assert learning[0]["epoch"] == 1
    assert learning[-1]["epoch"] == learning[-1]["epochs"]
    assert learning[-1]["loss"] < learning[0]["loss"]
    assert learning[0]["seconds_left"] > learning[-1]["seconds_left"] >= 0
    assert told[-1]["step"] in ("export", "rehearsal pack")


def test_the_same_seed_and_drawings_give_the_same_last_layer(taught_base: Bundle, new_hand: ApprovedDrawings) -> None:
    one, other = (
        verify_bundle(finetune(taught_base, new_hand, mode=HEAD, seed=4, report=lambda told: None)).head()
        for _ in range(2)
    )

    np.testing.assert_allclose(one.weights, other.weights, atol=1e-3)  # threads add up in another order
    np.testing.assert_allclose(one.bias, other.bias, atol=1e-3)


def test_the_last_layer_leaves_the_trunk_as_it_was(taught_base: Bundle, new_hand: ApprovedDrawings) -> None:
    taught_head = finetune(taught_base, new_hand, mode=HEAD, seed=1, report=lambda told: None)

    before, after = load_keras(taught_base).get_weights(), load_keras(taught_head).get_weights()

    assert [np.array_equal(*pair) for pair in zip(before, after, strict=True)] == [True] * (len(before) - 2) + [
        False
    ] * 2
    assert taught_head.rehearsal == taught_base.rehearsal


@pytest.mark.parametrize("mode", [HEAD, FULL])
@pytest.mark.parametrize("at", ["first", "learning", "last"])
def test_whoever_watches_can_stop_it_at_any_report(
    taught_base: Bundle, new_hand: ApprovedDrawings, known: Recipe, mode: str, at: str
) -> None:
    told: Told = []

    def stop(progress: dict[str, Any]) -> None:
        told.append(progress)
        if at == "first" or (at == "learning" and "loss" in progress) or progress["step"] == "export":
            raise StoppedError

    with pytest.raises(StoppedError):
        finetune(taught_base, new_hand, mode=mode, seed=1, report=stop, recipe=known)

    assert not any(line["step"] == "export" for line in told[:-1])


def test_authors_who_contradict_everybody_teach_nothing(taught_base: Bundle) -> None:
    authors = np.repeat(np.arange(5), 12)
    drawn = lesson(60, 3, authors=authors)
    lies = drawn._replace(labels=np.where(authors == 3, (drawn.labels + 1) % 3, drawn.labels))

    record = finetune(taught_base, lies, mode=HEAD, seed=1, report=lambda told: None).manifest["training"]

    assert (record["drawings"], record["left_out"]) == (48, 12)


def test_all_layers_leave_them_out_too(taught_base: Bundle, known: Recipe) -> None:
    authors = np.repeat(np.arange(5), 12)
    drawn = lesson(60, 3, authors=authors)
    lies = drawn._replace(labels=np.where(authors == 3, (drawn.labels + 1) % 3, drawn.labels))

    bundle = finetune(
        replace(taught_base, rehearsal=b""), lies, mode=FULL, seed=1, report=lambda told: None, recipe=known
    )

    assert bundle.manifest["training"]["left_out"] == 12


def test_where_all_contradict_nothing_is_taught(taught_base: Bundle) -> None:
    drawn = lesson(12, 3, authors=np.zeros(12, np.int64))
    lies = drawn._replace(labels=(drawn.labels + 1) % 3)

    with pytest.raises(ApprovedDrawingsError, match="Have their drawings reviewed"):
        finetune(taught_base, lies, mode=HEAD, seed=1, report=lambda told: None)


def test_pictures_without_ink_can_be_learned(taught_base: Bundle) -> None:
    pictures = lesson(30, 3)._replace(inks=[None] * 30)

    assert finetune(taught_base, pictures, mode=HEAD, seed=1, report=lambda told: None).rehearsal


@pytest.mark.parametrize("drawings", [1, 7])
def test_very_few_drawings_are_learned_too(taught_base: Bundle, known: Recipe, drawings: int) -> None:
    for mode in (HEAD, FULL):
        bundle = finetune(taught_base, lesson(drawings, 3), mode=mode, seed=1, report=lambda told: None, recipe=known)
        assert bundle.manifest["training"]["drawings"] == drawings


# What cannot be taught


def drawn() -> ApprovedDrawings:
    return lesson(6, 1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (drawn()._replace(rasters=drawn().rasters[:5]), "6 labels do not fit"),
        (drawn()._replace(rasters=drawn().rasters.astype(float)), "do not fit rasters of float64"),
        (drawn()._replace(inks=drawn().inks[:2]), "and 2 inks"),
        (drawn()._replace(labels=np.full(6, 3)), "from 0 to 2, not 3 to 3"),
        (drawn()._replace(labels=np.full(6, -1)), "from 0 to 2, not -1 to -1"),
        (drawn()._replace(weights=np.ones(2)), r"weights of 6 drawings have the shape \(2,\)"),
        (drawn()._replace(authors=np.ones(7)), r"authors of 6 drawings have the shape \(7,\)"),
    ],
)
def test_a_lesson_whose_parts_do_not_fit_is_refused(taught_base: Bundle, wrong: ApprovedDrawings, message: str) -> None:
    with pytest.raises(ApprovedDrawingsError, match=message):
        finetune(taught_base, wrong, mode=HEAD, seed=1, report=lambda told: None)


def test_no_drawings_teach_nothing(taught_base: Bundle) -> None:
    with pytest.raises(TrainingError, match="no drawing to learn from"):
        finetune(taught_base, select_drawings(drawn(), np.zeros(6, bool)), mode=HEAD, seed=1, report=lambda told: None)


def test_an_unknown_mode_is_refused_with_those_that_are_known(taught_base: Bundle) -> None:
    with pytest.raises(TrainingError, match="'full' or 'head', not 'half'"):
        finetune(taught_base, drawn(), mode="half", seed=1, report=lambda told: None)


def test_without_a_pack_no_last_layer_is_taught(taught_base: Bundle) -> None:
    with pytest.raises(BundleError, match="no rehearsal pack"):
        finetune(replace(taught_base, rehearsal=b""), drawn(), mode=HEAD, seed=1, report=lambda told: None)


def test_without_a_recipe_all_layers_are_not_trained(taught_base: Bundle) -> None:
    with pytest.raises(TrainingError, match="No recipe says how three-digits was taught"):
        finetune(taught_base, drawn(), mode=FULL, seed=1, report=lambda told: None)


def test_without_the_data_all_layers_are_not_trained(digits_base: Bundle, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not there"):
        finetune(digits_base, drawn(), mode=FULL, seed=1, report=lambda told: None, data=tmp_path)


# Which mode


@pytest.fixture
def digits_base(taught_base: Bundle) -> Bundle:
    """As the shipped one, which was trained before what only checks it was added to the recipe."""
    training = {**taught_base.manifest["training"], "sources": ["mnist", "pendigits", "quickdraw", "omniglot"]}
    named = {"recognizer": "digits", "labels": LABELS, "training": training}
    return replace(taught_base, manifest={**taught_base.manifest, **named})


def put_data(folder: Path) -> Path:
    from ml.data.loaders import SOURCES

    for source in ("mnist", "pendigits", "omniglot"):
        for path in SOURCES[source].files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).touch()
    return folder


def test_with_the_base_data_at_hand_all_layers_are_trained(digits_base: Bundle, tmp_path: Path) -> None:
    mode, why = find_mode(digits_base, put_data(tmp_path))

    assert mode == FULL
    assert why == "The data that the base was trained on is at hand, so all layers are trained."


def test_the_folder_may_be_named_by_the_environment(
    digits_base: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKLING_DATA", str(put_data(tmp_path)))

    assert find_mode(digits_base)[0] == FULL


def test_what_was_downloaded_before_is_at_hand(
    digits_base: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INKLING_DATA", raising=False)
    monkeypatch.setenv("INKLING_CACHE", str(put_data(tmp_path)))

    assert find_mode(digits_base)[0] == FULL


def test_without_the_data_the_last_layer_is_trained(
    digits_base: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INKLING_DATA", raising=False)
    monkeypatch.setenv("INKLING_CACHE", str(tmp_path))

    mode, why = find_mode(digits_base)

    assert mode == HEAD
    assert "the base's data is not at hand (mnist, pendigits, omniglot)" in why
    assert not list(tmp_path.iterdir())


def test_a_base_without_a_recipe_gets_a_new_last_layer(taught_base: Bundle, tmp_path: Path) -> None:
    mode, why = find_mode(taught_base, tmp_path)

    assert mode == HEAD
    assert "there is no recipe for three-digits" in why


def test_a_base_of_other_labels_than_the_recipe_gets_a_new_last_layer(taught_base: Bundle, tmp_path: Path) -> None:
    named_alike = replace(taught_base, manifest={**taught_base.manifest, "recognizer": "digits"})

    mode, why = find_mode(named_alike, put_data(tmp_path))

    assert mode == HEAD
    assert "the recipe for digits has other labels than the base" in why
    with pytest.raises(TrainingError, match="other labels than the base"):
        finetune(named_alike, drawn(), mode=FULL, seed=1, report=lambda told: None, data=tmp_path)


def test_a_base_of_another_raster_than_the_recipe_gets_a_new_last_layer(digits_base: Bundle, tmp_path: Path) -> None:
    other = replace(digits_base, manifest={**digits_base.manifest, "raster": {"size": 28, "box": 24, "pen": 2.2}})

    mode, why = find_mode(other, put_data(tmp_path))

    assert mode == HEAD
    assert "draws on another raster than the base" in why


@pytest.mark.parametrize("sources", [[], ["mnist"], None])
def test_a_base_of_other_data_than_the_recipes_gets_a_new_last_layer(
    digits_base: Bundle, tmp_path: Path, sources: list[str] | None
) -> None:
    training = {"seed": 1} if sources is None else {"sources": sources, "seed": 1}
    homemade = replace(digits_base, manifest={**digits_base.manifest, "training": training})

    mode, why = find_mode(homemade, put_data(tmp_path))

    assert mode == HEAD
    assert "the recipe for digits learns from other data than the base did" in why
    with pytest.raises(TrainingError, match="other data than the base did"):
        finetune(homemade, drawn(), mode=FULL, seed=1, report=lambda told: None, data=tmp_path)


def test_without_data_and_pack_nothing_can_be_trained(digits_base: Bundle, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"Nothing can be trained.*python -m ml rehearse"):
        find_mode(replace(digits_base, rehearsal=b""), tmp_path)


# The drawings


def test_a_part_of_a_lesson_keeps_everything_together() -> None:
    whole = lesson(6, 1, authors=np.arange(6))._replace(weights=np.arange(6.0))

    part = select_drawings(whole, np.arange(6) % 2 == 1)

    assert part.labels.tolist() == [1, 0, 2]
    np.testing.assert_array_equal(part.rasters, whole.rasters[1::2])
    assert part.inks[0] is whole.inks[1]
    assert part.weights is not None
    assert part.weights.tolist() == [1, 3, 5]
    assert part.authors is not None
    assert part.authors.tolist() == [1, 3, 5]
    assert select_drawings(drawn(), np.ones(6, bool)).authors is None


def test_every_drawing_counts_the_same_where_nothing_is_said() -> None:
    assert weights_of(drawn()).tolist() == [1.0] * 6
    assert weights_of(drawn()._replace(weights=np.full(6, 2))).tolist() == [2.0] * 6


def test_ink_varies_as_ink_and_pictures_as_pictures() -> None:
    mixed = drawn()._replace(inks=[None, *drawn().inks[1:]])

    varied = make_variants(mixed, np.random.default_rng(0), DEFAULT_SPEC, strength=0.8)

    assert varied.shape == (6, 28, 28)
    assert varied.dtype == np.uint8
    assert all(not np.array_equal(*pair) for pair in zip(varied, mixed.rasters, strict=True))


def test_the_rate_rises_shortly_and_falls_to_nothing() -> None:
    rates = [finetune_full.rate_share(done) for done in (0, 0.05, 0.1, 0.5, 1.0)]

    assert rates[0] < rates[1] < rates[2] == 1
    assert rates[2] > rates[3] > rates[4]
    assert rates[4] == pytest.approx(0, abs=1e-9)


def test_a_smaller_epoch_keeps_the_proportions(known: Recipe) -> None:
    small = finetune_full.scale_recipe(known, 65)

    assert (small.pictures, small.tracks, small.junk) == (30, 20, 15)


def test_an_epoch_holds_base_data_and_every_drawing_in_several_hands(taught_material: Material, known: Recipe) -> None:
    epoch = finetune_full.make_mixed_epoch(taught_material, known, drawn(), np.random.default_rng(0))

    assert len(epoch.y) == pytest.approx(400 + 6 * finetune_full.VARIANTS, abs=2)
    assert epoch.x.shape == (len(epoch.y), 28, 28)
    assert epoch.weights.tolist() == [1.0] * len(epoch.y)


def test_many_drawings_do_not_crowd_out_the_base(taught_material: Material, known: Recipe) -> None:
    epoch = finetune_full.make_mixed_epoch(taught_material, known, lesson(400, 2), np.random.default_rng(0))

    assert len(epoch.y) == pytest.approx(400 + 300, abs=2)
