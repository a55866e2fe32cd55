"""The learning bench: who is trained on, who examines, and what it makes of the figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.benchmarks import learning as bench
from ml.benchmarks.studies import STUDIES, Study, authors_of
from ml.bundles.bundle import Bundle, load_bundle, save_bundle
from ml.commands.main import main
from ml.data.approved import ApprovedDrawings
from ml.embeddings import replay_pack
from ml.recipes import RECIPES
from ml.recipes.base import Material
from ml.training.finetune import finetune
from tests.ml import trained
from tests.ml.trained import approved_drawings


@pytest.fixture
def study(trained_base: Bundle, training_material: Material) -> Study:
    return trained.study(trained_base, training_material)


def teach(study: Study, trained_on: list[ApprovedDrawings]) -> bench.TrainFunction:
    def train(given: ApprovedDrawings, mode: str, seed: int) -> Bundle:
        trained_on.append(given)
        return finetune(study.base, given, mode=mode, seed=seed, report=lambda told: None)

    return train


def test_it_measures_what_is_learned_and_what_is_forgotten(study: Study) -> None:
    figures = bench.measure_learning(study, "head", teach(study, []))

    assert (figures["drawings"], figures["exam"]) == (160, 40)
    assert figures["others"] > 0.9
    assert figures["base"] > 0.9
    assert figures["base_mean"] == pytest.approx(figures["base"], abs=0.02)
    assert figures["seconds"] > 0
    assert figures["verdict"] in ("passed", "refused", "no-better")
    assert any("330 drawings" in sentence for sentence in figures["sentences"])  # the base test of the study
    assert figures["settings"][0].keys() == {"weight", "soft"}


def test_a_third_of_the_authors_labels_at_random_and_nobody_reviews(study: Study) -> None:
    trained_on: list[ApprovedDrawings] = []

    figures = bench.measure_poisoning(study, "head", 1, teach(study, trained_on))

    (given,) = trained_on
    assert figures["vandals"] == 3
    assert given.unreviewed is not None
    assert given.unreviewed.all()
    assert len(given.labels) == 8 * 20  # a fifth of the ten people is the exam
    changed = given.labels != study.people.labels[np.isin(authors_of(study.people), authors_of(given))]
    assert len(np.unique(authors_of(given)[changed])) == 3 - figures["examined_vandals"]
    assert figures["left_out"] == 20 * (3 - figures["examined_vandals"])
    assert figures["promoted"] >= figures["before"] - 0.002


def test_the_champion_stays_where_the_gate_refuses(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusal:
        outcome = "refused"
        objections = ("Labels: worse.",)

    monkeypatch.setattr(bench, "examine", lambda *bundles, **options: Refusal)

    figures = bench.measure_poisoning(study, "head", 1, teach(study, []))

    assert figures["promoted"] == figures["before"]


def test_somebody_alone_teaches_with_eighteen_and_is_examined_on_twelve(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = approved_drawings(80, 30, authors=np.repeat([0, 1], 40))
    trained_on: list[ApprovedDrawings] = []
    examined: list[ApprovedDrawings] = []

    class NoBetter:
        outcome = "no-better"

    def examine(*given: Any, **options: Any) -> type[NoBetter]:
        examined.append(given[2])
        return NoBetter

    monkeypatch.setattr(bench, "examine", examine)
    alone = Study("", study.base, study.base_test, None, own, study.test)

    figures = bench.measure_one_person(alone, 1, "head", teach(study, trained_on))

    assert len(trained_on[0].labels) == 18
    assert len(examined[0].labels) == 12
    assert {*authors_of(trained_on[0]), *authors_of(examined[0])} == {1}
    assert figures.keys() == {"verdict", "before", "after"}


def test_who_has_drawn_too_little_is_not_measured_alone(study: Study) -> None:
    figures = bench.run_learning_bench(study, teach(study, []), modes=["head"], poisonings=1, alone=3)

    assert figures["alone"] == {"head": []}
    assert len(figures["poison"]["head"]) == 1
    assert figures["base"].keys() <= figures["learning"]["head"].keys()


@pytest.fixture
def figures() -> dict[str, Any]:
    shares = {"others": 0.98, "others_ece": 0.01, "base": 0.99, "base_mean": 0.99, "base_ece": 0.002}
    tried = {"verdict": "passed", "before": 0.96, "after": 0.985, "promoted": 0.985}
    harmed = {"verdict": "passed", "before": 0.96, "after": 0.95, "promoted": 0.95}
    return {
        "about": "Whose drawings these are.",
        "base": {**shares, "others": 0.9634},
        "load": 0.1,
        "learning": {"head": {**shares, "verdict": "passed", "seconds": 3.2, "drawings": 1200, "sentences": []}},
        "poison": {"head": [tried, tried, harmed], "full": []},
        "alone": {"head": []},
    }


def test_the_command_prints_tables(
    study: Study,
    figures: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened: list[Any] = []
    asked: list[Any] = []

    def open_study(*given: Any) -> Study:
        opened.append(given)
        return study

    def run(given: Study, train_on: bench.TrainFunction, **options: Any) -> dict[str, Any]:
        asked.append((options["modes"], options["poisonings"], options["alone"]))
        return figures

    monkeypatch.setitem(STUDIES, "digits", open_study)
    monkeypatch.setitem(STUDIES, "sketches", open_study)
    monkeypatch.setattr("ml.commands.bench.run_learning_bench", run)

    assert main(["bench-learning", "--cache", str(tmp_path), "--mode", "head", "--poisonings", "2"]) == 0
    text = capsys.readouterr().out
    assert main(["bench-learning", "sketches", "--bundle", str(tmp_path), "--json"]) == 0

    assert opened[0][:2] == (None, tmp_path)
    assert opened[1] == (None, None, tmp_path)
    assert asked == [(["head"], 2, 3), (["head", "full"], 3, 3)]
    assert text.startswith("Whose drawings these are.")
    assert "96.34%" in text
    assert text.count("98.50%") == 4
    assert "3 tries: 3 promoted, 1 of them worse" in text
    assert "single user" not in text
    assert json.loads(capsys.readouterr().out) == figures


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["bench-gate", "letters"], "letters"),
        (["bench-learning", "letters", "--cache", "."], "letters"),
        (["bench-learning", "digits"], "--cache"),
        (["bench-learning", "bangla-digits", "--cache", ".", "--bundle", "."], "--bundle"),
    ],
)
def test_a_study_that_cannot_be_made_is_refused(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert named in capsys.readouterr().err


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
