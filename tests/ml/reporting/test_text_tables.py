"""Tables that a person can read."""

from __future__ import annotations

import re

import numpy as np

from ml.data.labelled_files import NEGATIVE_LABEL
from ml.evaluation.metrics import evaluate_answers
from ml.reporting.figures import percent
from ml.reporting.text_tables import report_text, shares_text, table


def test_columns_are_aligned_under_their_header() -> None:
    assert table(("name", "count"), [("a", 1), ("longer", 1000)]) == (
        "name    count\n------  -----\na           1\nlonger   1000"
    )


def test_a_figure_that_was_not_measured_is_a_dash() -> None:
    assert percent(0.98765) == "98.77%"
    assert percent(float("nan")) == "–"
    assert percent(None) == "–"


def test_a_report_shows_overall_figures_labels_and_the_confusion_matrix() -> None:
    answers, truth = np.array([[0.9, 0.1], [0.8, 0.1], [0.2, 0.2]]), np.array([0, 1, NEGATIVE_LABEL])
    text = report_text(evaluate_answers(answers, truth, ["cat", "dog"], 0.5, ["ann", "bob", ""]), by_writer=True)
    assert "accuracy" in text
    assert "50.00%" in text
    assert re.search(r"negative examples: not sure +100\.00%", text)
    assert ["dog", "1", "0"] in [line.split() for line in text.splitlines()]
    assert text.index("bob") < text.index("ann")


def test_a_report_says_that_the_writers_are_not_known() -> None:
    text = report_text(evaluate_answers(np.array([[0.9, 0.1]]), np.array([0]), ["a", "b"], 0.5), by_writer=True)
    assert "writer" in text.splitlines()[-1]
    assert "negative" not in text


def test_shares_have_a_column_each() -> None:
    text = shares_text("kind", {"dots": {"count": 1200, "not sure": 0.5}})
    assert text.splitlines()[0] == "kind  drawings  not sure"
    assert text.splitlines()[2] == "dots     1,200    50.00%"


def test_with_many_labels_a_report_lists_confusions_in_place_of_the_matrix() -> None:
    slugs = [f"label-{number}" for number in range(80)]
    answers = np.full((2, 80), 0.001)
    answers[:, 7] = 0.9
    text = report_text(evaluate_answers(answers, np.array([3, 3]), slugs, 0.5))
    assert ["label-3", "as", "label-7", "2"] in [line.split() for line in text.splitlines()]
    assert max(map(len, text.splitlines())) < 80
