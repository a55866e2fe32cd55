"""The bench of the gate: the pairs of models, the exams, and their rates."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ml.benchmarks import gate as bench
from ml.benchmarks.gate import Pair, draw_exam, find_on_line, interpolate, simulate
from ml.benchmarks.studies import SHIPPED_STUDIES, Study, authors_of
from ml.bundles.bundle import Bundle
from ml.bundles.predictor import Head
from ml.commands.main import main
from ml.data.approved import ApprovedDrawings
from ml.recipes.base import Material
from tests.ml import trained

TRUTH = np.arange(600) % 3
AUTHORS = np.arange(600) // 20


def answers(wrong: np.ndarray, *, sure: float = 0.9) -> np.ndarray:
    """Answers to the 600 drawings of thirty authors, float (600, 3); `wrong` is bool (600,)."""
    said = (TRUTH + wrong) % 3
    return np.where(np.arange(3) == said[:, None], sure, (1 - sure) / 2)


def one_in(count: int) -> np.ndarray:
    return np.arange(600) % count == 0


def rates(before: np.ndarray, after: np.ndarray, *, size: int = 300, swapped: bool = False) -> dict[str, float]:
    return simulate(Pair(before, after, swapped), TRUTH, AUTHORS, size, 100, np.random.default_rng(1))


def test_a_much_better_model_is_promoted_and_a_worse_one_refused() -> None:
    good, bad = answers(one_in(50)), answers(one_in(10))

    assert rates(bad, good) == {"promoted": 1, "refused": 0, "no better": 0}
    assert rates(good, bad) == {"promoted": 0, "refused": 1, "no better": 0}


def test_the_same_model_is_no_better() -> None:
    assert rates(answers(one_in(10)), answers(one_in(10)))["no better"] == 1


def test_models_swapped_at_random_are_promoted_as_seldom_as_chance_has_it() -> None:
    """The one is far better, but for half of the authors it is the champion."""
    found = rates(answers(one_in(10)), answers(one_in(50)), swapped=True)

    assert found["promoted"] < 0.15
    assert found["refused"] > 0.3
    assert sum(found.values()) == pytest.approx(1)


def test_a_larger_exam_finds_a_small_gain_more_often() -> None:
    before, after = answers(one_in(10)), answers(one_in(10) & ~one_in(50), sure=0.7)

    small, large = (rates(before, after, size=size)["promoted"] for size in (100, 1_000))

    assert small < large


def test_an_exam_has_twenty_drawings_of_each_author_and_counts_whoever_is_drawn_twice_as_two_people() -> None:
    rows_of_authors = [np.arange(250), np.arange(250, 500), np.arange(500, 508)]

    rows, units = draw_exam(rows_of_authors, 400, np.random.default_rng(0))

    assert len(np.unique(units)) == 20
    for unit in range(20):
        own = rows[units == unit]
        assert len(np.unique(own)) == len(own) == (8 if own[0] >= 500 else 20)
        assert len(np.unique(own // 250)) == 1


def test_a_layer_is_moved_towards_another_and_beyond_both() -> None:
    start, end = Head(np.zeros((2, 3)), np.zeros(3)), Head(np.full((2, 3), 2.0), np.ones(3))

    half, before, beyond = (interpolate(start, end, share) for share in (0.5, -1, 2))

    assert (half.weights == 1).all()
    assert (half.bias == 0.5).all()
    assert (before.weights == -2).all()
    assert (beyond.weights == 4).all()


def test_the_nearest_layer_with_the_wanted_accuracy_is_found() -> None:
    """60 of 600 are wrong at 0; one more with each hundredth of the way back, one less forward, at least 50."""

    def answer(share: float) -> np.ndarray:
        return answers(np.arange(600) < max(60 - round(100 * share), 50))

    worse, better = (find_on_line(answer, TRUTH, difference) for difference in (-0.01, 0.01))

    assert 6 <= (worse.argmax(axis=1) != TRUTH).sum() - 60 <= 7
    assert 6 <= 60 - (better.argmax(axis=1) != TRUTH).sum() <= 7
    with pytest.raises(LookupError):
        find_on_line(answer, TRUTH, 0.02)


@pytest.fixture
def study(trained_base: Bundle, training_material: Material) -> Study:
    return trained.study(trained_base, training_material)


def test_the_pairs_of_a_study_are_as_good_as_they_should_be(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SIZES", (100,))

    figures = bench.run_gate_bench(study, runs=20)

    equal, mixed, worse, better = (figures["cases"][name] for name in bench.CASES)
    assert abs(equal["after"] - equal["before"]) < 0.1
    assert worse["after"] - worse["before"] == pytest.approx(-0.0167, abs=0.02)  # of 60 drawings one is 1.7 points
    assert better["after"] - better["before"] == pytest.approx(0.02, abs=0.02)
    assert mixed["sizes"]["100"]["refused"] > better["sizes"]["100"]["refused"]
    assert worse["sizes"]["100"]["promoted"] == 0
    assert worse["losses"] > worse["wins"]


def test_the_two_challengers_learn_from_different_people(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    trained_on: list[set[int]] = []

    def finetune(base: Bundle, given: ApprovedDrawings, **options: Any) -> Bundle:
        trained_on.append({*authors_of(given).tolist()})
        return base

    monkeypatch.setattr(bench, "finetune", finetune)

    bench.train_on_halves(study)

    first, second = trained_on
    assert len(first) == len(second) == 5
    assert not first & second


def test_the_command_prints_the_rates(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"100": {"promoted": 0.031, "refused": 0.4, "no better": 0.569}}
    case = {"before": 0.84, "after": 0.86, "wins": 0.03, "losses": 0.01, "sizes": sizes}
    figures: dict[str, Any] = {"about": "Whose drawings.", "runs": 7, "cases": {"two points better": case}}
    asked: list[int] = []

    def run(given: Study, *, runs: int) -> dict[str, Any]:
        asked.append(runs)
        return figures

    monkeypatch.setitem(SHIPPED_STUDIES, "sketches", lambda *given: study)
    monkeypatch.setattr("ml.commands.bench.run_gate_bench", run)

    assert main(["bench-gate", "sketches", "--runs", "7"]) == 0
    text = capsys.readouterr().out
    assert main(["bench-gate", "sketches", "--json"]) == 0

    assert asked == [7, bench.RUNS]
    assert "3.10%" in text
    assert "84.00% -> 86.00%" in text
    assert json.loads(capsys.readouterr().out) == figures
