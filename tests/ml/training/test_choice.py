"""Choosing the settings of a fine-tuning: by drawings of other people, within what the base data may lose."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ml.bundles.bundle import Bundle
from ml.data.approved import ApprovedDrawings
from ml.evaluation.base_test import BaseTest, make_base_test
from ml.evaluation.gate import allowed_drop
from ml.recipes.base import Material
from ml.training.choice import MARGIN, BaseCheck, Candidate, choose, choose_validation, defaults

NOBODY = ApprovedDrawings(np.zeros((0, 28, 28), np.uint8), [], np.zeros(0, np.int64))
BEFORE = Candidate({}, 0.8, 0.6, 0.0)


def drawings_by(counts: list[int]) -> ApprovedDrawings:
    """So many drawings of each author."""
    authors = np.repeat(np.arange(len(counts)), counts)
    return ApprovedDrawings(
        np.zeros((len(authors), 28, 28), np.uint8), [None] * len(authors), authors * 0, None, authors
    )


def candidate(weight: float, accuracy: float, drop: float, loss: float = 0.5) -> Candidate:
    return Candidate({"weight": weight}, accuracy, loss, drop)


def test_a_quarter_of_the_drawings_is_held_back_by_author() -> None:
    drawings = drawings_by([20] * 10)

    held = choose_validation(drawings, seed=1)

    assert drawings.authors is not None
    assert held.sum() == 60, "authors are taken until there is a quarter: 3 of 20"
    assert not set(drawings.authors[held]) & set(drawings.authors[~held])
    np.testing.assert_array_equal(choose_validation(drawings, seed=1), held)


def test_one_author_with_most_drawings_does_not_leave_nothing_to_train_on() -> None:
    for seed in range(20):
        held = choose_validation(drawings_by([400] + [10] * 9), seed=seed)
        assert 0 < held.sum() < 490


@pytest.mark.parametrize("counts", [[20] * 7, [9] * 8, [500]])
def test_with_few_people_or_few_drawings_nothing_is_held_back(counts: list[int]) -> None:
    assert not choose_validation(drawings_by(counts), seed=1).any()


def test_without_known_authors_nothing_is_held_back() -> None:
    assert not choose_validation(drawings_by([20] * 10)._replace(authors=None), seed=1).any()


def test_the_largest_gain_within_the_allowed_loss_is_chosen() -> None:
    candidates = [candidate(1, 0.85, 0.001), candidate(2, 0.88, 0.002), candidate(3, 0.91, 0.006)]

    choice = choose("last layer", BEFORE, candidates, 0.003, drawings_by([10] * 3))

    assert choice.settings == {"weight": 2}
    assert [row["chosen"] for row in choice.record["candidates"]] == [False, True, False]
    assert (choice.record["before"], choice.record["allowed"]) == (0.8, 0.003)
    json.dumps(choice.record, allow_nan=False)


def test_among_equal_accuracies_the_log_loss_decides() -> None:
    candidates = [candidate(1, 0.85, 0, 0.5), candidate(2, 0.85, 0, 0.4), candidate(3, 0.85, 0, 0.45)]

    assert choose("last layer", BEFORE, candidates, 0.003, NOBODY).settings == {"weight": 2}


def test_if_all_lose_too_much_the_one_that_loses_least_is_chosen_and_said() -> None:
    candidates = [candidate(1, 0.85, 0.02), candidate(2, 0.99, 0.03)]

    choice = choose("last layer", BEFORE, candidates, 0.003, NOBODY)

    assert choice.settings == {"weight": 1}
    assert len(choice.record["why"]) > len(choose("last layer", BEFORE, candidates, 0.1, NOBODY).record["why"])


def test_without_a_choice_the_settings_are_fixed_and_the_reason_is_said() -> None:
    choice = defaults("last layer", {"weight": 1.0})

    assert choice.settings == choice.record["settings"] == {"weight": 1.0}
    assert choice.record["candidates"] == []
    assert "80" in choice.record["why"]
    assert "8" in choice.record["why"]


def test_a_setting_that_raises_the_log_loss_on_base_data_does_not_fit() -> None:
    """The accuracy there is measured on few drawings: it may fall by chance, or not fall by chance."""
    candidates = [candidate(1, 0.85, 0.001), candidate(2, 0.9, 0.0)._replace(rise=0.002)]

    choice = choose("all layers", BEFORE, candidates, 0.003, NOBODY)

    assert choice.settings == {"weight": 1}
    assert [row["fits"] for row in choice.record["candidates"]] == [True, False]


@pytest.fixture
def base_test(trained_base: Bundle, training_material: Material) -> BaseTest:
    return make_base_test(trained_base, training_material)


def test_every_second_drawing_of_the_base_test_measures_what_is_forgotten(
    trained_base: Bundle, base_test: BaseTest
) -> None:
    check = BaseCheck.of(trained_base, base_test)

    assert check is not None
    assert len(check.labels) == len(check.rasters) == (len(base_test.labels) + 1) // 2
    assert check.allowed == MARGIN * allowed_drop(check.accuracy)
    assert 0 < check.allowed < allowed_drop(check.accuracy)
    right = np.eye(len(base_test.slugs))[check.labels]
    assert check.drop(right) == pytest.approx(check.accuracy - 1)
    assert check.drop(np.roll(right, 1, axis=1)) == check.accuracy


def test_without_a_base_test_that_fits_nothing_is_measured_on_it(trained_base: Bundle, base_test: BaseTest) -> None:
    assert BaseCheck.of(trained_base, None) is None
    assert BaseCheck.of(trained_base, replace(base_test, slugs=base_test.slugs[::-1])) is None
