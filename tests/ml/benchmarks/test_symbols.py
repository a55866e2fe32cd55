"""The ranks of right answers, by label, by command, and among 200 labels."""

from __future__ import annotations

import numpy as np
import pytest

from ml.benchmarks.symbols import command_ranks, label_ranks, ranks_of_few, shares

ANSWERS = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
COMMANDS = [["a"], ["b", "c"], ["d", "e", "f"]]


def test_the_rank_is_the_number_of_labels_before_the_true_one() -> None:
    assert label_ranks(ANSWERS, np.array([0, 1, 2])).tolist() == [0, 1, 2]


def test_commands_are_counted_in_the_order_in_which_they_are_shown() -> None:
    assert command_ranks(ANSWERS, ["a", "c", "f"], COMMANDS).tolist() == [0, 3 + 1, 1 + 2 + 2]


def test_shares_are_of_the_first_guesses() -> None:
    assert shares(np.array([0, 2, 4, 20])) == {"count": 4, "top 1": 0.25, "top 3": 0.5, "top 5": 0.75, "top 10": 0.75}


def test_among_few_labels_the_others_cannot_be_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.benchmarks.symbols.CHOSEN", 2)
    rng = np.random.default_rng(0)
    answers = np.tile([0.5, 0.2, 0.2, 0.1], (8, 1))
    ranks = ranks_of_few(answers, np.arange(8) % 4, rng)
    assert len(ranks) == 50 * 2
    assert set(ranks.tolist()) <= {0, 1}
    assert 0.4 < (ranks == 0).mean() < 0.75  # the likelier one of two, and both of two equal ones
