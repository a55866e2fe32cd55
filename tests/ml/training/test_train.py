"""Base training: what it makes of drawings, and one real training that really learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.augmentation.augment import augment_ink
from ml.augmentation.negatives import make_negative
from ml.augmentation.synthetic_digits import write_digit
from ml.bundles.bundle import load_bundle, verify_bundle
from ml.data.loaders import Pictures, Tracks
from ml.preprocessing.ink import rasterise
from ml.recipes import RECIPES
from ml.recipes.base import Examples, Material, Recipe
from ml.recipes.digits import LABELS as DIGIT_LABELS
from ml.recipes.digits import split_pen_writers
from ml.reporting.model_card import CARD_FILE, CONFUSION_FILE
from ml.training import fit
from ml.training.epochs import make_epoch
from ml.training.fit import Cycle, plan_cycles, rate_schedule
from ml.training.network import build_network
from ml.training.train import TrainingError, choose_temperature, choose_unsure_below, train_recognizer

LABELS = DIGIT_LABELS[:3]  # 0, 1 and 2: enough to learn, and quick


def drawings(count: int, seed: int) -> Tracks:
    """Digits by our own prototypes: they need no data set."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % len(LABELS)
    return Tracks([write_digit(int(label), rng) for label in y], y, np.array(["somebody"] * count))


def examples(count: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    tracks = drawings(count, seed)
    return Examples(np.stack([augment_ink(ink, rng, strength=0.5) for ink in tracks.inks]), tracks.y)


def junk(count: int) -> Examples:
    rng = np.random.default_rng(3)
    digits = [(ink, int(y)) for ink, y in zip(*drawings(9, 0)[:2], strict=True)]
    rasters = np.stack([rasterise(make_negative(rng, digits)) for _ in range(count)])
    return Examples(rasters, np.full(count, len(LABELS)))


@pytest.fixture(scope="module")
def material() -> Material:
    pictures, tracks = examples(60, 1), drawings(60, 2)
    return Material(
        pictures=Pictures(pictures.x, pictures.y, np.array([""] * 60)),
        tracks=tracks,
        negative_inks=[],
        negative_rasters=np.zeros((0, 28, 28), np.uint8),
        latin=True,
        validation={"digits": examples(90, 4), "junk": junk(20)},
        tests={"other digits": examples(150, 5), "other junk": junk(40)},
    )


@pytest.fixture(scope="module")
def recipe(material: Material) -> Recipe:
    return Recipe(
        labels=LABELS,
        load=lambda data: material,
        sources=("mnist",),
        notes=("a smaller network: no better",),
        epochs=6,
        pictures=100,
        tracks=100,
        prototypes=280,
        junk=120,
        batch=16,
    )


@pytest.fixture(scope="module")
def trained(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    RECIPES["three-digits"] = recipe
    try:
        train_recognizer("three-digits", out=folder, seed=2, progress=False)
    finally:
        del RECIPES["three-digits"]
    return folder


def test_a_short_training_learns(trained: Path) -> None:
    metrics = load_bundle(trained).manifest["metrics"]

    assert metrics["other digits"]["accuracy"] > 0.9


def test_a_trained_bundle_can_serve(trained: Path) -> None:
    bundle = load_bundle(trained)

    predictor = verify_bundle(bundle)

    assert predictor.labels == 3
    assert predictor.embedding_size == 128
    assert bundle.slugs == ["0", "1", "2"]


def test_the_bundle_records_how_it_was_made(trained: Path) -> None:
    record = load_bundle(trained).manifest["training"]

    assert (record["seed"], record["epochs"], record["pictures"], record["sources"]) == (2, 6, 100, ["mnist"])
    assert 0.25 <= record["temperature"] <= 4


def test_the_card_and_the_confusion_matrix_are_written_beside_the_bundle(trained: Path) -> None:
    card = (trained / CARD_FILE).read_text()

    assert "a smaller network: no better" in card
    assert "CC BY-SA 3.0" in card
    assert (trained / CONFUSION_FILE).read_text().startswith("<svg")


def test_the_history_has_every_epoch(trained: Path) -> None:
    history = load_bundle(trained).manifest["history"]

    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5, 6]
    assert history[-1]["accuracy"] > history[0]["accuracy"]
    assert all(0 < row["accuracy"] <= 1 and row["seconds"] > 0 for row in history)


def test_the_manifest_is_plain_json(trained: Path) -> None:
    assert "NaN" not in json.dumps(load_bundle(trained).manifest)


def test_an_epoch_holds_the_counts_of_the_recipe(material: Material, recipe: Recipe) -> None:
    epoch = make_epoch(material, recipe, np.random.default_rng(0))

    assert epoch.x.shape == (600, 28, 28)
    assert np.bincount(epoch.y)[3] == 120
    assert np.bincount(epoch.y)[:3].min() > 100


def test_an_epoch_repeats_with_its_seed(material: Material, recipe: Recipe) -> None:
    one, other = (make_epoch(material, recipe, np.random.default_rng(6)) for _ in range(2))

    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.y, other.y)


@pytest.mark.parametrize(("epochs", "expected"), [(1, [1]), (4, [3, 1]), (6, [4, 1, 1]), (41, [20, 9, 12])])
def test_the_epochs_are_divided_into_three_cycles(recipe: Recipe, epochs: int, expected: list[int]) -> None:
    assert [cycle.epochs for cycle in plan_cycles(replace(recipe, epochs=epochs))] == expected


def test_a_teacher_softens_the_labels_and_keeps_the_first_one() -> None:
    drawn = examples(12, 7)

    told = fit._targets(drawn, 4, build_network(4))

    assert told.argmax(axis=1).tolist() == drawn.y.tolist()
    assert told.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert 0.5 < told.max() < 1
    np.testing.assert_array_equal(fit._targets(drawn, 4, None), np.eye(4)[drawn.y])


def test_the_teacher_has_the_mean_weights_of_the_cycles_before() -> None:
    one, other = build_network(4), build_network(4)
    expected = (one.get_weights()[0] + other.get_weights()[0]) / 2

    teacher = fit._make_teacher(one, [one.get_weights(), other.get_weights()])

    np.testing.assert_allclose(teacher.get_weights()[0], expected, rtol=1e-6)
    np.testing.assert_allclose(one.get_weights()[0], expected, rtol=1e-6)


def test_the_learning_rate_rises_and_then_falls(recipe: Recipe) -> None:
    rate = rate_schedule(recipe, Cycle(10, rate=1.0, mild=0.75))
    steps = recipe.drawings // recipe.batch

    values = [float(rate(step)) for step in (0, steps // 2, 5 * steps, 10 * steps)]

    assert values[0] < 0.0001
    assert values[1] == pytest.approx(0.002, rel=0.1)
    assert values[1] > values[2] > values[3]
    assert values[3] < 0.0001


def test_no_two_epochs_are_the_same(material: Material, recipe: Recipe) -> None:
    short = replace(recipe, epochs=2)

    one, other = fit._make_epochs(material, short, Cycle(2, rate=1.0, mild=1.0), past=0, seed=1)

    assert not np.array_equal(one.x, other.x)


def test_a_recognizer_without_pictures_can_be_trained_too(material: Material, recipe: Recipe) -> None:
    epoch = make_epoch(material, replace(recipe, pictures=0, prototypes=0, junk=4), np.random.default_rng(0))

    assert len(epoch.y) == 104


def test_an_unknown_recognizer_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"'runes'.*digits"):
        train_recognizer("runes", out=tmp_path)


def test_no_epochs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"1.*0"):
        train_recognizer("digits", out=tmp_path, epochs=0)


def test_training_continues_from_a_bundle(trained: Path, recipe: Recipe, tmp_path: Path) -> None:
    bundle = train_recognizer(
        "three-digits", recipe, out=tmp_path / "next", epochs=1, seed=3, onwards=trained, progress=False
    )
    assert len(json.loads((tmp_path / "next" / "history.json").read_text())) == 1
    assert bundle.manifest["metrics"]["other digits"]["accuracy"] > 0.9
    assert bundle.manifest["training"]["further"] == 1
    assert load_bundle(trained).tflite != bundle.tflite


def test_continuing_needs_the_same_labels_and_a_further_cycle(trained: Path, recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--epochs"):
        train_recognizer("three-digits", recipe, out=tmp_path, onwards=trained)
    others = replace(recipe, labels=recipe.labels[::-1])
    with pytest.raises(TrainingError, match="labels"):
        train_recognizer("three-digits", others, out=tmp_path, onwards=trained)


def answers(confidence: float, right: float, count: int = 1000) -> tuple[dict[str, np.ndarray], dict[str, Examples]]:
    """Two labels and other, said with one confidence, right in a share of the cases."""
    rest = (1 - confidence) / 2
    probabilities = np.full((count, 3), rest)
    probabilities[:, 0] = confidence
    truth = (np.arange(count) >= right * count).astype(np.int64)
    return {"set": probabilities}, {"set": Examples(np.zeros((count, 28, 28), np.uint8), truth)}


def test_an_overconfident_model_gets_a_temperature_above_one() -> None:
    assert choose_temperature(*answers(0.99, 0.8), labels=2) > 1.5


def test_an_underconfident_model_gets_a_temperature_below_one() -> None:
    assert choose_temperature(*answers(0.6, 0.99), labels=2) < 0.7


def test_negatives_do_not_change_the_temperature() -> None:
    given, sets = answers(0.7, 0.9)
    junk_only = {"junk": Examples(sets["set"].x, np.full(1000, 2))}

    assert choose_temperature({**given, "junk": given["set"]}, {**sets, **junk_only}, 2) == choose_temperature(
        given, sets, 2
    )


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_a_share_of_the_real_drawings_is_below_the_limit_of_not_sure(share: float) -> None:
    confident = np.linspace(0.5, 1, 1000)
    probabilities = np.stack([confident, 1 - confident, np.zeros(1000)], axis=1)
    sets = {"set": Examples(np.zeros((1000, 28, 28), np.uint8), np.zeros(1000, np.int64))}

    limit = choose_unsure_below({"set": probabilities}, sets, 2, share)

    assert (confident < limit).mean() == pytest.approx(share, abs=0.002)


def test_the_limit_of_not_sure_stays_between_its_bounds() -> None:
    assert choose_unsure_below(*answers(1.0, 1.0), labels=2, share=0.01) == 0.9
    assert choose_unsure_below(*answers(0.1, 1.0), labels=2, share=0.01) > 0.29


def test_the_writers_of_test_validation_and_training_are_different_people() -> None:
    writers = [f"train-{n:02d}" for n in range(1, 31)] * 2
    inks = [write_digit(1, np.random.default_rng(n)) for n in range(60)]

    parts = split_pen_writers(Tracks(inks, np.ones(60, np.int64), np.array(writers)))

    people = [set(part.group) for part in parts]
    assert [len(group) for group in people] == [6, 3, 21]
    assert len(set.union(*people)) == 30
    assert people[0] == {"train-11", "train-01", "train-19", "train-25", "train-07", "train-26"}


def test_a_recipe_can_have_a_faster_way_to_load_its_material_for_replay(material: Material, recipe: Recipe) -> None:
    sooner = replace(material, tests={})

    assert recipe.replay(None) is material
    assert replace(recipe, load_to_replay=lambda data: sooner).replay(None) is sooner
