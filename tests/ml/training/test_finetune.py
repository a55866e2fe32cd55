"""Fine-tuning: approved drawings are learned, the base is not forgotten, and the callback can stop it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.bundles.build import load_keras
from ml.bundles.bundle import Bundle, BundleError, verify_bundle, with_glyphs
from ml.bundles.glyphs import Glyph, write_glyphs
from ml.bundles.history import history_problem
from ml.data.approved import ApprovedDrawings, ApprovedDrawingsError, make_variants, select_drawings, weights_of
from ml.data.loaders import DatasetError
from ml.embeddings.replay_pack import read_pack
from ml.evaluation.base_test import BaseTest, make_base_test
from ml.evaluation.exam import examine
from ml.preprocessing.ink import DEFAULT_SPEC
from ml.recipes.base import Examples, Material, Recipe
from ml.recipes.digits import LABELS
from ml.training import finetune_full, finetune_head
from ml.training.finetune import FULL, HEAD, find_mode, finetune
from ml.training.finetune_full import without_test
from ml.training.train import TrainingError
from tests.ml import trained
from tests.ml.trained import approved_drawings, foreign_drawings, unreviewed_drawings

Told = list[dict[str, Any]]


class StoppedError(Exception):
    """Raised by a progress callback to stop a training."""


@pytest.fixture
def known(training_material: Material) -> Recipe:
    return trained.recipe(training_material)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """All layers of a small network: fewer drawings, larger steps."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"EPOCHS": 6, "BASE_DRAWINGS": 400, "MAX_APPROVED": 300, "BATCH": 32, "RATE": 2e-3}.items():
            patch.setattr(finetune_full, name, value)
        yield


def accuracy(bundle: Bundle, drawings: ApprovedDrawings) -> float:
    answers = verify_bundle(bundle).predict(drawings.rasters).probabilities
    return float((answers.argmax(axis=1) == drawings.labels).mean())


@pytest.fixture(scope="module")
def new_hand() -> ApprovedDrawings:
    """Twelve people write twos as the base has never seen them, and confirm the rest."""
    own, others = foreign_drawings(60, 1), approved_drawings(60, 2)
    return ApprovedDrawings(
        np.concatenate([own.rasters, others.rasters]),
        own.inks + others.inks,
        np.concatenate([own.labels, others.labels]),
        authors=np.arange(120) % 12,
    )


@pytest.fixture(scope="module", params=[HEAD, FULL])
def challenger(
    request: pytest.FixtureRequest,
    trained_base: Bundle,
    training_material: Material,
    new_hand: ApprovedDrawings,
    quick: None,
) -> tuple[Bundle, Told]:
    told: Told = []
    known = trained.recipe(training_material)
    return finetune(trained_base, new_hand, mode=request.param, seed=1, report=told.append, recipe=known), told


def test_a_way_of_writing_that_the_base_does_not_know_is_learned(
    trained_base: Bundle, challenger: tuple[Bundle, Told]
) -> None:
    later = foreign_drawings(60, 5)

    assert accuracy(trained_base, later) < 0.5
    assert accuracy(challenger[0], later) > 0.8


def test_what_the_base_knew_is_not_forgotten(trained_base: Bundle, challenger: tuple[Bundle, Told]) -> None:
    known = approved_drawings(150, 6)

    assert accuracy(challenger[0], known) >= accuracy(trained_base, known) - 0.02


def test_the_challenger_can_serve_and_has_its_own_replay_pack(
    trained_base: Bundle, challenger: tuple[Bundle, Told]
) -> None:
    bundle, _ = challenger

    predictor = verify_bundle(bundle)
    packed, before = read_pack(bundle.rehearsal), read_pack(trained_base.rehearsal)

    np.testing.assert_array_equal(packed.test_labels, before.test_labels)
    assert predictor.embedding_size == packed.test.shape[1]
    assert bundle.slugs == trained_base.slugs
    assert bundle.manifest["quantised"] is True


def test_the_challenger_has_the_history_of_its_own_training(
    trained_base: Bundle, challenger: tuple[Bundle, Told]
) -> None:
    bundle, told = challenger
    losses: dict[int, list[float]] = {}
    for each in told:
        if each.get("loss") is not None:
            losses.setdefault(each["epoch"], []).append(each["loss"])

    history = bundle.manifest["history"]

    assert history != trained_base.manifest["history"]
    assert history_problem(history) == ""
    assert [row["epoch"] for row in history] == sorted(losses)
    assert history[-1]["loss"] == pytest.approx(np.mean(losses[len(history)]), abs=1e-4)
    assert history[-1]["loss"] < history[0]["loss"]


def test_the_challenger_passes_the_gate(trained_base: Bundle, challenger: tuple[Bundle, Told]) -> None:
    own, others = foreign_drawings(20, 7), approved_drawings(20, 8)
    field = ApprovedDrawings(
        np.concatenate([own.rasters, others.rasters]),
        own.inks + others.inks,
        np.concatenate([own.labels, others.labels]),
    )

    verdict = examine(trained_base, challenger[0], field, by_author=True, authors=2)

    assert verdict.figures["field"]["wins"] >= 10
    assert verdict.figures["field"]["losses"] == 0


def test_the_manifest_records_the_training_and_nothing_personal(
    trained_base: Bundle, challenger: tuple[Bundle, Told]
) -> None:
    record = dict(challenger[0].manifest["training"])

    assert record["mode"] in (HEAD, FULL)
    assert record.pop("agreement", {"difference": 0})["difference"] < 0.05
    assert [row["layers"] for row in record.pop("choices")] in (["last layer"], ["all layers", "last layer"])
    assert record | {"mode": ""} == {
        "sources": ["mnist"], "mode": "", "base": trained_base.manifest["sha256"]["tflite"], "drawings": 120,
        "left_out": 0, "seed": 1,
    }  # fmt: skip


def test_the_settings_are_chosen_on_drawings_by_other_people(challenger: tuple[Bundle, Told]) -> None:
    choices = challenger[0].manifest["training"]["choices"]

    assert choices
    for choice in choices:
        chosen = [row for row in choice["candidates"] if row["chosen"]]
        assert choice.keys() == {"layers", "settings", "why", "before", "allowed", "candidates"}
        assert len(choice["candidates"]) >= 5
        assert len(chosen) == 1
        assert choice["settings"].items() <= chosen[0].items()
        assert chosen[0]["accuracy"] >= choice["before"]
        fitting = [row["accuracy"] for row in choice["candidates"] if row["fits"]]
        assert chosen[0]["accuracy"] == max(fitting or [chosen[0]["accuracy"]])


@pytest.mark.parametrize("mode", [HEAD, FULL])
def test_with_few_people_the_settings_are_fixed(trained_base: Bundle, known: Recipe, mode: str) -> None:
    drawn = approved_drawings(40, 3, authors=np.arange(40) % 4)

    bundle = finetune(trained_base, drawn, mode=mode, seed=1, report=lambda told: None, recipe=known)

    choices = bundle.manifest["training"]["choices"]
    assert [choice["candidates"] for choice in choices] in ([[]], [[], []])
    assert choices[-1]["settings"] == finetune_head.DEFAULT
    assert choices[0]["settings"] in (finetune_head.DEFAULT, {"share": finetune_full.DEFAULT_SHARE})


def test_progress_is_reported(challenger: tuple[Bundle, Told]) -> None:
    _, told = challenger
    learning = [line for line in told if "loss" in line]

    assert len({line["step"] for line in learning}) == 1
    assert learning[0]["epoch"] == 1
    assert learning[-1]["epoch"] == learning[-1]["epochs"]
    assert learning[-1]["loss"] < learning[0]["loss"]
    assert learning[0]["seconds_left"] > learning[-1]["seconds_left"] >= 0
    assert told[-1]["step"] in ("export", "rehearsal pack")


def test_the_same_seed_and_drawings_give_the_same_last_layer(trained_base: Bundle, new_hand: ApprovedDrawings) -> None:
    one, other = (
        verify_bundle(finetune(trained_base, new_hand, mode=HEAD, seed=4, report=lambda told: None)).head()
        for _ in range(2)
    )

    np.testing.assert_allclose(one.weights, other.weights, atol=1e-3)  # threads add up in another order
    np.testing.assert_allclose(one.bias, other.bias, atol=1e-3)


def test_training_the_last_layer_does_not_change_the_trunk(trained_base: Bundle, new_hand: ApprovedDrawings) -> None:
    challenger = finetune(trained_base, new_hand, mode=HEAD, seed=1, report=lambda told: None)

    before, after = load_keras(trained_base).get_weights(), load_keras(challenger).get_weights()

    assert [np.array_equal(*pair) for pair in zip(before, after, strict=True)] == [True] * (len(before) - 2) + [
        False
    ] * 2
    assert challenger.rehearsal == trained_base.rehearsal


@pytest.mark.parametrize("mode", [HEAD, FULL])
@pytest.mark.parametrize("at", ["first", "learning", "last"])
def test_the_callback_can_stop_the_training_at_any_report(
    trained_base: Bundle, new_hand: ApprovedDrawings, known: Recipe, mode: str, at: str
) -> None:
    told: Told = []

    def stop(progress: dict[str, Any]) -> None:
        told.append(progress)
        if at == "first" or (at == "learning" and "loss" in progress) or progress["step"] == "export":
            raise StoppedError

    with pytest.raises(StoppedError):
        finetune(trained_base, new_hand, mode=mode, seed=1, report=stop, recipe=known)

    assert not any(line["step"] == "export" for line in told[:-1])


def test_authors_who_contradict_all_others_are_not_trained_on(trained_base: Bundle) -> None:
    authors = np.repeat(np.arange(5), 12)
    drawn = unreviewed_drawings(60, 3, authors)
    lies = drawn._replace(labels=np.where(authors == 3, (drawn.labels + 1) % 3, drawn.labels))

    record = finetune(trained_base, lies, mode=HEAD, seed=1, report=lambda told: None).manifest["training"]

    assert (record["drawings"], record["left_out"]) == (48, 12)


def test_training_all_layers_leaves_those_authors_out_too(trained_base: Bundle, known: Recipe) -> None:
    authors = np.repeat(np.arange(5), 12)
    drawn = unreviewed_drawings(60, 3, authors)
    lies = drawn._replace(labels=np.where(authors == 3, (drawn.labels + 1) % 3, drawn.labels))

    bundle = finetune(
        replace(trained_base, rehearsal=b""), lies, mode=FULL, seed=1, report=lambda told: None, recipe=known
    )

    assert bundle.manifest["training"]["left_out"] == 12


def test_if_every_author_contradicts_the_base_training_is_refused(trained_base: Bundle) -> None:
    drawn = unreviewed_drawings(12, 3, np.zeros(12, np.int64))
    lies = drawn._replace(labels=(drawn.labels + 1) % 3)

    with pytest.raises(ApprovedDrawingsError):
        finetune(trained_base, lies, mode=HEAD, seed=1, report=lambda told: None)


def test_pictures_without_ink_can_be_learned(trained_base: Bundle) -> None:
    pictures = approved_drawings(30, 3)._replace(inks=[None] * 30)

    assert finetune(trained_base, pictures, mode=HEAD, seed=1, report=lambda told: None).rehearsal


@pytest.mark.parametrize("drawings", [1, 7])
def test_very_few_drawings_are_learned_too(trained_base: Bundle, known: Recipe, drawings: int) -> None:
    for mode in (HEAD, FULL):
        bundle = finetune(
            trained_base, approved_drawings(drawings, 3), mode=mode, seed=1, report=lambda told: None, recipe=known
        )
        assert bundle.manifest["training"]["drawings"] == drawings


def test_pictures_of_the_base_test_are_not_replayed(trained_base: Bundle, training_material: Material) -> None:
    """Data that was downloaded again can be divided in another way."""
    pictures = training_material.pictures
    leaked = replace(training_material, base_test={"mnist": Examples(pictures.x[:20], pictures.y[:20])})
    test = make_base_test(trained_base, leaked)

    left = without_test(leaked, test).pictures

    assert len(left.y) == len(pictures.y) - 20
    np.testing.assert_array_equal(left.x, pictures.x[20:])
    assert without_test(leaked, None) is leaked


@pytest.mark.parametrize("mode", [HEAD, FULL])
def test_half_of_the_base_test_decides_which_settings_forget_too_much(
    trained_base: Bundle, known: Recipe, new_hand: ApprovedDrawings, mode: str
) -> None:
    """Here the test contradicts the drawings: whatever is learned from them is lost in it."""
    rasters = foreign_drawings(40, 5).rasters
    answered = verify_bundle(trained_base).predict(rasters).probabilities.argmax(axis=1)
    sources = np.full(len(rasters), "mnist")
    test = BaseTest(rasters, answered, sources, trained_base.slugs, trained_base.raster)

    bundle = finetune(trained_base, new_hand, mode=mode, seed=1, report=lambda told: None, recipe=known, base_test=test)

    (choice,) = bundle.manifest["training"]["choices"]  # of all layers alone: another last layer forgets more
    assert choice["layers"] == ("all layers" if mode == FULL else "last layer")
    assert not all(row["fits"] for row in choice["candidates"])
    assert max(row["drop"] for row in choice["candidates"]) > choice["allowed"]


# What cannot be trained


def drawn() -> ApprovedDrawings:
    return approved_drawings(6, 1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (drawn()._replace(rasters=drawn().rasters[:5]), r"6 .*\(5, 28, 28\)"),
        (drawn()._replace(rasters=drawn().rasters.astype(float)), "float64"),
        (drawn()._replace(inks=drawn().inks[:2]), "2 inks"),
        (drawn()._replace(labels=np.full(6, 3)), "0 to 2.*3 to 3"),
        (drawn()._replace(labels=np.full(6, -1)), "0 to 2.*-1 to -1"),
        (drawn()._replace(weights=np.ones(2)), r"weights.*\(2,\)"),
        (drawn()._replace(authors=np.ones(7)), r"authors.*\(7,\)"),
        (drawn()._replace(unreviewed=np.ones(5, bool)), r"unreviewed.*\(5,\)"),
    ],
)
def test_drawings_whose_arrays_do_not_fit_are_refused(
    trained_base: Bundle, wrong: ApprovedDrawings, message: str
) -> None:
    with pytest.raises(ApprovedDrawingsError, match=message):
        finetune(trained_base, wrong, mode=HEAD, seed=1, report=lambda told: None)


def test_the_challenger_keeps_names_codes_and_shapes_of_the_labels(trained_base: Bundle) -> None:
    codes = {"html": ["&#48;"]}
    labels = [{**trained_base.manifest["labels"][0], "codes": codes}, *trained_base.manifest["labels"][1:]]
    base = replace(trained_base, manifest={**trained_base.manifest, "labels": labels})
    base = with_glyphs(base, write_glyphs({"0": Glyph(2, 3, "M0 0H2V3")}, "drawn for this test"))
    challenger = finetune(base, approved_drawings(30, 1), mode=HEAD, seed=1, report=lambda progress: None)
    assert challenger.manifest["labels"][0]["codes"] == codes
    assert challenger.glyphs == base.glyphs
    verify_bundle(challenger)


def test_training_without_drawings_is_refused(trained_base: Bundle) -> None:
    with pytest.raises(TrainingError):
        finetune(trained_base, select_drawings(drawn(), np.zeros(6, bool)), mode=HEAD, seed=1, report=lambda told: None)


def test_an_unknown_mode_is_refused_with_the_known_modes(trained_base: Bundle) -> None:
    with pytest.raises(TrainingError, match=r"'full'.*'head'.*'half'"):
        finetune(trained_base, drawn(), mode="half", seed=1, report=lambda told: None)


def test_the_last_layer_cannot_be_trained_without_a_replay_pack(trained_base: Bundle) -> None:
    with pytest.raises(BundleError, match="python -m ml rehearse"):
        finetune(replace(trained_base, rehearsal=b""), drawn(), mode=HEAD, seed=1, report=lambda told: None)


def test_all_layers_cannot_be_trained_without_a_recipe(trained_base: Bundle) -> None:
    with pytest.raises(TrainingError, match="three-digits"):
        finetune(trained_base, drawn(), mode=FULL, seed=1, report=lambda told: None)


def test_all_layers_cannot_be_trained_without_the_data(digits_base: Bundle, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        finetune(digits_base, drawn(), mode=FULL, seed=1, report=lambda told: None, data=tmp_path)


# Which mode


@pytest.fixture
def digits_base(trained_base: Bundle) -> Bundle:
    """As the shipped one, which was trained before what only checks it was added to the recipe."""
    training = {**trained_base.manifest["training"], "sources": ["mnist", "pendigits", "quickdraw", "omniglot"]}
    named = {"recognizer": "digits", "labels": LABELS, "training": training}
    return replace(trained_base, manifest={**trained_base.manifest, **named})


def put_data(folder: Path) -> Path:
    from ml.data.loaders import SOURCES

    for source in ("mnist", "pendigits", "quickdraw", "omniglot"):
        for path in SOURCES[source].paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).touch()
    return folder


def test_with_the_base_data_all_layers_are_trained(digits_base: Bundle, tmp_path: Path) -> None:
    mode, why = find_mode(digits_base, put_data(tmp_path))

    assert mode == FULL
    assert why


def test_the_environment_can_name_the_data_folder(
    digits_base: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKLING_DATA", str(put_data(tmp_path)))

    assert find_mode(digits_base)[0] == FULL


def test_downloaded_data_is_found(digits_base: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert "mnist, pendigits, quickdraw, omniglot" in why
    assert not list(tmp_path.iterdir())


def test_without_a_recipe_only_the_last_layer_is_trained(trained_base: Bundle, tmp_path: Path) -> None:
    mode, why = find_mode(trained_base, tmp_path)

    assert mode == HEAD
    assert "recipe for three-digits" in why


def test_if_the_recipe_has_other_labels_only_the_last_layer_is_trained(trained_base: Bundle, tmp_path: Path) -> None:
    named_alike = replace(trained_base, manifest={**trained_base.manifest, "recognizer": "digits"})

    mode, why = find_mode(named_alike, put_data(tmp_path))

    assert mode == HEAD
    assert "labels" in why
    with pytest.raises(TrainingError, match="labels"):
        finetune(named_alike, drawn(), mode=FULL, seed=1, report=lambda told: None, data=tmp_path)


def test_if_the_recipe_has_another_raster_only_the_last_layer_is_trained(digits_base: Bundle, tmp_path: Path) -> None:
    other = replace(digits_base, manifest={**digits_base.manifest, "raster": {"size": 28, "box": 24, "pen": 2.2}})

    mode, why = find_mode(other, put_data(tmp_path))

    assert mode == HEAD
    assert "raster" in why


@pytest.mark.parametrize("sources", [[], ["mnist"], None])
def test_if_the_recipe_has_other_data_sets_only_the_last_layer_is_trained(
    digits_base: Bundle, tmp_path: Path, sources: list[str] | None
) -> None:
    training = {"seed": 1} if sources is None else {"sources": sources, "seed": 1}
    homemade = replace(digits_base, manifest={**digits_base.manifest, "training": training})

    mode, why = find_mode(homemade, put_data(tmp_path))

    assert mode == HEAD
    assert "data sets" in why
    with pytest.raises(TrainingError, match="data sets"):
        finetune(homemade, drawn(), mode=FULL, seed=1, report=lambda told: None, data=tmp_path)


def test_without_data_and_replay_pack_nothing_can_be_trained(digits_base: Bundle, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="python -m ml rehearse"):
        find_mode(replace(digits_base, rehearsal=b""), tmp_path)


# The drawings


def test_selecting_drawings_selects_all_their_arrays() -> None:
    whole = unreviewed_drawings(6, 1, np.arange(6))._replace(weights=np.arange(6.0))

    part = select_drawings(whole, np.arange(6) % 2 == 1)

    assert part.labels.tolist() == [1, 0, 2]
    np.testing.assert_array_equal(part.rasters, whole.rasters[1::2])
    assert part.inks[0] is whole.inks[1]
    assert part.weights is not None
    assert part.weights.tolist() == [1, 3, 5]
    assert part.authors is not None
    assert part.authors.tolist() == [1, 3, 5]
    assert part.unreviewed is not None
    assert part.unreviewed.tolist() == [True] * 3
    assert select_drawings(drawn(), np.ones(6, bool)).authors is None


def test_without_weights_every_drawing_counts_the_same() -> None:
    assert weights_of(drawn()).tolist() == [1.0] * 6
    assert weights_of(drawn()._replace(weights=np.full(6, 2))).tolist() == [2.0] * 6


def test_ink_varies_as_ink_and_pictures_as_pictures() -> None:
    mixed = drawn()._replace(inks=[None, *drawn().inks[1:]])

    varied = make_variants(mixed, np.random.default_rng(0), DEFAULT_SPEC, strength=0.8)

    assert varied.shape == (6, 28, 28)
    assert varied.dtype == np.uint8
    assert all(not np.array_equal(*pair) for pair in zip(varied, mixed.rasters, strict=True))


def test_the_learning_rate_rises_at_first_and_then_falls_to_zero() -> None:
    rates = [finetune_full.rate_share(done) for done in (0, 0.05, 0.1, 0.5, 1.0)]

    assert rates[0] < rates[1] < rates[2] == 1
    assert rates[2] > rates[3] > rates[4]
    assert rates[4] == pytest.approx(0, abs=1e-9)


def test_a_smaller_epoch_keeps_the_proportions(known: Recipe) -> None:
    small = finetune_full.scale_recipe(known, 65)

    assert (small.pictures, small.tracks, small.junk) == (30, 20, 15)


def test_an_epoch_holds_base_data_and_every_drawing_in_several_variations(
    training_material: Material, known: Recipe
) -> None:
    epoch = finetune_full.make_mixed_epoch(training_material, known, drawn(), np.random.default_rng(0))

    assert len(epoch.y) == pytest.approx(400 + 6 * finetune_full.VARIANTS, abs=2)
    assert epoch.x.shape == (len(epoch.y), 28, 28)
    assert epoch.weights.tolist() == [1.0] * len(epoch.y)


def test_many_drawings_do_not_outnumber_the_base_data(training_material: Material, known: Recipe) -> None:
    epoch = finetune_full.make_mixed_epoch(
        training_material, known, approved_drawings(400, 2), np.random.default_rng(0)
    )

    assert len(epoch.y) == pytest.approx(400 + 300, abs=2)
