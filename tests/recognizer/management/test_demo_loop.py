"""Training on the digits of the demo users: those of one person are no clear gain, those of the community are."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import ml
from ml.bundles.bundle import Bundle
from ml.data.approved import ApprovedDrawings
from ml.evaluation.base_test import BaseTest, read_base_test, read_base_test_file
from ml.evaluation.exam import examine
from ml.evaluation.gate import GateVerdict
from ml.preprocessing.ink import Ink, parse_ink, rasterise
from ml.training.finetune import HEAD, finetune
from recognizer.management.demo.handwriting import LabelledInk, leaning_writers, upright_writer

PEOPLE, DRAWINGS, ONE_PERSON = 10, 20, 30  # as `demo_loop` plays it
MIN_EXAM = 12  # drawings that a run holds back of thirty


@pytest.fixture(scope="session")
def starter(shipped: Bundle) -> Bundle:
    """With its replay pack: it is trained."""
    return shipped


@pytest.fixture(scope="session")
def base_test() -> BaseTest:
    """The base test of the digits."""
    return read_base_test(read_base_test_file(Path(ml.__file__).parent / "models" / "digits"))


@pytest.mark.parametrize("examined", [0, 3, 7])
def test_training_on_nine_users_is_a_clear_gain_for_the_tenth(
    starter: Bundle, base_test: BaseTest, examined: int
) -> None:
    """Who is in the exam depends on the ids that a database gives; the fourth is the one whom the model reads best."""
    drawn = [list(islice(writer, DRAWINGS)) for writer in leaning_writers(PEOPLE)]
    exam = drawn.pop(examined)
    study = _arrays(starter, [each for part in drawn for each in part])
    authors = np.repeat(np.arange(len(drawn)), DRAWINGS)
    verdict = _judge(starter, study._replace(authors=authors), _arrays(starter, exam), base_test, by_author=True)
    assert verdict.outcome == "passed", verdict.objections


def test_training_on_thirty_upright_digits_of_one_person_is_no_better(starter: Bundle, base_test: BaseTest) -> None:
    drawn = list(islice(upright_writer(), ONE_PERSON))
    exam, study = _arrays(starter, drawn[:MIN_EXAM]), _arrays(starter, drawn[MIN_EXAM:])
    verdict = _judge(starter, study, exam, base_test, by_author=False)
    assert verdict.outcome == "no-better", verdict.objections


def _judge(
    base: Bundle, study: ApprovedDrawings, exam: ApprovedDrawings, base_test: BaseTest, *, by_author: bool
) -> GateVerdict:
    challenger = finetune(base, study, mode=HEAD, seed=1, report=lambda _: None)
    return examine(base, challenger, exam, by_author=by_author, authors=1, starter=base, base_test=base_test)


def _arrays(base: Bundle, drawn: list[LabelledInk]) -> ApprovedDrawings:
    inks: list[Ink | None] = [parse_ink(ink) for _, ink in drawn]
    rasters = np.stack([rasterise(parse_ink(ink)) for _, ink in drawn])
    return ApprovedDrawings(rasters, inks, np.array([base.slugs.index(slug) for slug, _ in drawn]))
