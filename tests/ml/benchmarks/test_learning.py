"""The learning bench: who teaches and who tests, and what it makes of the figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.augmentation.synthetic_digits import write_digit
from ml.benchmarks import learning as bench
from ml.benchmarks.learning import PenDrawings
from ml.bundles.bundle import Bundle, load_bundle, save_bundle
from ml.commands.main import main
from ml.data.approved import ApprovedDrawings
from ml.data.loaders import Tracks
from ml.embeddings import replay_pack
from ml.recipes import RECIPES
from ml.recipes.base import Material
from ml.recipes.digits import LABELS
from ml.training.finetune import finetune
from tests.ml import trained
from tests.ml.trained import approved_drawings

WRITERS = [f"writer-{number:02d}" for number in range(12)]


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve who write twelve digits each."""
    rng = np.random.default_rng(0)
    labels = np.arange(144) % len(LABELS)
    tracks = Tracks([write_digit(int(label), rng) for label in labels], labels, np.repeat(WRITERS, 12))
    monkeypatch.setattr(bench.loaders, "load_pen_tracks", lambda data: tracks)
    monkeypatch.setattr(bench, "TEST_WRITERS", 4)
    monkeypatch.setattr(bench, "DRAWINGS", 5)


def test_nobody_both_teaches_and_tests(people: None) -> None:
    study, test = bench.load_pen_drawings(None)

    assert len(set(study.writers)) == 8
    assert len(set(test.writers)) == 4
    assert not set(study.writers) & set(test.writers)


def test_the_teachers_give_their_first_drawings_and_the_testers_all(people: None) -> None:
    study, test = bench.load_pen_drawings(None)

    assert len(study.drawings.labels) == 8 * 5
    assert len(test.drawings.labels) == 4 * 12
    first = int(study.writers[0].removeprefix("writer-")) * 12
    assert study.drawings.labels[:5].tolist() == [(first + number) % 10 for number in range(5)]


@pytest.fixture
def hands() -> tuple[PenDrawings, PenDrawings]:
    """Ten who teach, three who test."""
    study, test = approved_drawings(200, 30), approved_drawings(60, 31)
    return PenDrawings(study, np.repeat(WRITERS[:10], 20)), PenDrawings(test, np.repeat(WRITERS[9:12], 20))


def teach(base: Bundle, trained_on: list[ApprovedDrawings]) -> bench.TrainFunction:
    def train(given: ApprovedDrawings, mode: str, seed: int) -> Bundle:
        trained_on.append(given)
        return finetune(base, given, mode=mode, seed=seed, report=lambda told: None)

    return train


def test_it_measures_what_is_learned_and_what_is_forgotten(
    trained_base: Bundle, hands: tuple[PenDrawings, PenDrawings]
) -> None:
    figures = bench.measure_learning(trained_base, *hands, approved_drawings(90, 5), "head", teach(trained_base, []))

    assert figures["drawings"] == 200
    assert figures["pen"] > 0.9
    assert figures["mnist"] > 0.9
    assert figures["seconds"] > 0
    assert figures["verdict"] in ("passed", "refused")


def test_a_third_of_the_authors_labels_at_random_and_nobody_reviews(
    trained_base: Bundle, hands: tuple[PenDrawings, PenDrawings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "LABELS", LABELS[:3])
    trained_on: list[ApprovedDrawings] = []

    figures = bench.measure_poisoning(trained_base, *hands, "head", 1, teach(trained_base, trained_on))

    (given,) = trained_on
    assert figures["vandals"] == 3
    assert given.authors is not None
    assert len(given.labels) == 8 * 20  # a fifth of the ten people draws the field test
    assert figures["left_out"] == 20 * (3 - figures["examined_vandals"])
    assert figures["promoted"] >= figures["before"] - 0.002


def test_the_champion_stays_where_the_gate_refuses(
    trained_base: Bundle, hands: tuple[PenDrawings, PenDrawings], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusal:
        outcome = "refused"

    monkeypatch.setattr(bench, "LABELS", LABELS[:3])
    monkeypatch.setattr(bench, "examine", lambda *bundles, **options: Refusal)

    figures = bench.measure_poisoning(trained_base, *hands, "head", 1, teach(trained_base, []))

    assert figures["promoted"] == figures["before"]


def test_somebody_alone_teaches_with_twenty_four_and_is_examined_on_six(trained_base: Bundle) -> None:
    study = PenDrawings(approved_drawings(80, 30), np.repeat(WRITERS[:2], 40))
    trained_on: list[ApprovedDrawings] = []

    figures = bench.measure_one_person(trained_base, study, "head", WRITERS[1], teach(trained_base, trained_on))

    assert len(trained_on[0].labels) == 24
    assert figures.keys() == {"verdict", "before", "after"}


def test_the_base_is_made_once(
    tmp_path: Path, trained_base: Bundle, training_material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def train(*arguments: Any, **options: Any) -> tuple[Bundle, dict]:
        made.append(arguments)
        return trained_base, {}

    monkeypatch.setattr(bench, "train", train)
    monkeypatch.setattr(bench, "RECIPE", trained.recipe(training_material))

    bundles = [bench.base_bundle(None, tmp_path) for _ in range(2)]

    assert bundles == [trained_base, trained_base]
    assert len(made) == 1


@pytest.fixture
def figures() -> dict[str, Any]:
    learned = {"pen": 0.98, "pen_ece": 0.01, "mnist": 0.99, "mnist_ece": 0.002}
    tried = {"verdict": "passed", "before": 0.96, "after": 0.985, "promoted": 0.985}
    return {
        "base": {**learned, "pen": 0.96},
        "load": 0.1,
        "learning": {"head": {**learned, "verdict": "passed", "seconds": 3.2, "drawings": 1200, "sentences": []}},
        "poison": {"head": [tried, tried]},
        "alone": {"head": []},
    }


def test_the_command_prints_tables(
    figures: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def run(data: Path | None, cache: Path, **options: Any) -> dict[str, Any]:
        asked.append((cache, options["modes"], options["poisonings"], options["alone"]))
        return figures

    monkeypatch.setattr("ml.commands.bench.run_learning_bench", run)

    assert main(["bench-learning", "--cache", str(tmp_path), "--mode", "head", "--poisonings", "2"]) == 0
    text = capsys.readouterr().out
    assert main(["bench-learning", "--cache", str(tmp_path), "--json"]) == 0

    assert asked == [(tmp_path, ["head"], 2, 3), (tmp_path, ["head", "full"], 3, 3)]
    assert "96.00%" in text
    assert text.count("98.50%") == 4
    assert "single user" not in text
    assert json.loads(capsys.readouterr().out) == figures


def test_a_pack_is_added_to_a_bundle_that_has_none(
    tiny_bundle: Bundle,
    training_material: Material,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save_bundle(tiny_bundle, tmp_path)
    monkeypatch.setitem(RECIPES, "digits", trained.recipe(training_material))

    assert main(["rehearse", "digits", "--bundle", str(tmp_path)]) == 0

    assert str(tmp_path) in capsys.readouterr().out
    assert len(replay_pack.read_pack(load_bundle(tmp_path).rehearsal).test) == 300


def test_a_bundle_without_a_recipe_gets_no_pack(
    trained_base: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_bundle(trained_base, tmp_path)

    assert main(["rehearse", "--bundle", str(tmp_path)]) == 2
    assert "'three-digits'" in capsys.readouterr().err
