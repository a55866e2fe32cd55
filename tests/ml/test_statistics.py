"""Statistics: kappa as in textbooks, confidence intervals, and where a figure is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from ml.statistics import (
    cohens_kappa,
    margin_of_error,
    mcnemar_exact,
    observed_agreement,
    one_against_rest,
    sign_flip_test,
    symmetric_table,
    wilson_interval,
)


def test_the_grant_proposals_that_many_texts_work_out() -> None:
    table = np.array([[20, 5], [10, 15]])  # fifty proposals, two readers, yes or no
    assert observed_agreement(table) == pytest.approx(0.7)
    assert cohens_kappa(table) == pytest.approx(0.4)


def test_cohens_own_example_of_three_categories() -> None:
    shares = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])  # of 200: Cohen 1960, table 1
    assert observed_agreement(shares) == pytest.approx(0.70)
    assert cohens_kappa(shares) == pytest.approx(0.492, abs=0.001)


def test_the_same_agreement_is_worth_less_where_chance_gives_more_of_it() -> None:
    even, lopsided = np.array([[45, 15], [25, 15]]), np.array([[25, 35], [5, 35]])
    assert observed_agreement(even) == observed_agreement(lopsided) == pytest.approx(0.6)
    assert cohens_kappa(even) == pytest.approx(0.1304, abs=1e-4)
    assert cohens_kappa(lopsided) == pytest.approx(0.2593, abs=1e-4)


def test_always_the_same_is_one_and_never_is_below_nothing() -> None:
    assert cohens_kappa(np.diag([3, 4, 5])) == 1
    assert cohens_kappa(np.array([[0, 5], [5, 0]])) == -1
    assert cohens_kappa(np.array([[25, 25], [25, 25]])) == 0


@pytest.mark.parametrize("table", [np.zeros((3, 3)), np.zeros((1, 1)), np.array([[7, 0], [0, 0]]), np.array([[9]])])
def test_without_answers_or_with_one_and_the_same_it_is_not_defined(table: np.ndarray) -> None:
    assert cohens_kappa(table) is None


def test_without_answers_nobody_agrees() -> None:
    assert observed_agreement(np.zeros((2, 2))) is None


def test_one_answer_against_the_rest() -> None:
    table = np.array([[4, 1, 0], [2, 5, 3], [0, 1, 6]])
    assert one_against_rest(table, 0).tolist() == [[4, 1], [2, 15]]
    assert one_against_rest(table, 1).tolist() == [[5, 5], [2, 10]]
    assert one_against_rest(table, 2).sum() == table.sum()


def test_in_a_pool_the_order_of_a_pair_means_nothing() -> None:
    table = np.array([[3, 2], [0, 5]])
    assert symmetric_table(table).tolist() == symmetric_table(table.T).tolist() == [[6, 2], [2, 10]]
    assert cohens_kappa(symmetric_table(table)) == cohens_kappa(symmetric_table(table.T))


@pytest.mark.parametrize(("count", "off"), [(1, 0.98), (25, 0.196), (10_000, 0.0098)])
def test_the_margin_of_error_of_a_proportion(count: int, off: float) -> None:
    assert margin_of_error(count) == pytest.approx(off)


def test_wilsons_interval_is_the_one_of_published_tables() -> None:
    assert wilson_interval(0.9, 100) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    low, high = wilson_interval(1.0, 6)
    assert low == pytest.approx(0.61, abs=0.001)
    assert high == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("wins", "losses", "chance"), [(0, 0, 1.0), (1, 0, 0.5), (5, 0, 1 / 32), (2, 1, 0.5), (0, 3, 1.0)]
)
def test_the_p_value_of_wins_and_losses_is_exact(wins: int, losses: int, chance: float) -> None:
    assert mcnemar_exact(wins, losses) == pytest.approx(chance)
    assert sign_flip_test(np.repeat([1, -1], [wins, losses])) == pytest.approx(chance)


def test_the_p_value_of_thousands_of_drawings_can_be_computed() -> None:
    assert mcnemar_exact(1_200, 1_000) < 0.001
    assert sign_flip_test(np.repeat([1.0, -1.0], [1_200, 1_000])) < 0.001


def test_units_without_a_difference_say_nothing() -> None:
    assert sign_flip_test(np.array([3.0, 0, 0, 1, 2, 0])) == pytest.approx(1 / 8)


def test_many_units_are_tried_at_random_always_in_the_same_way() -> None:
    """30 wins and 20 losses: the exact value is 0.1013; 4,000 tries are right to about 0.01."""
    differences = np.repeat([1.0, -1.0], [30, 20])

    p = sign_flip_test(differences)

    assert p == pytest.approx(mcnemar_exact(30, 20), abs=0.015)
    assert sign_flip_test(differences) == p


def test_a_large_difference_of_one_unit_alone_is_no_evidence() -> None:
    assert sign_flip_test(np.array([100.0, 1, -1, 1, -1, 1, -1])) == pytest.approx(0.328125)
