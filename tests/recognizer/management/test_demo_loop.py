"""Training on drawings of the demo users passes the gate, whoever of them is in the exam."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from ml.bundles.bundle import Bundle
from ml.data.approved import ApprovedDrawings
from ml.evaluation.exam import examine
from ml.preprocessing.ink import Ink, parse_ink, rasterise
from ml.training.finetune import HEAD, finetune
from recognizer.management.demo.handwriting import LabelledInk, digit_writers

PEOPLE, DRAWINGS = 6, 12  # as `demo_loop` plays it


@pytest.fixture(scope="session")
def starter(shipped: Bundle) -> Bundle:
    """With its rehearsal pack: it is taught."""
    return shipped


@pytest.mark.parametrize("examined", range(PEOPLE))
def test_training_on_five_users_passes_the_gate_on_the_sixth(
    starter: Bundle, examined: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of them it is hangs on the ids that a database happens to give."""
    monkeypatch.delenv("INKLING_DATA", raising=False)
    drawn = [list(islice(hand, DRAWINGS)) for hand in digit_writers(PEOPLE)]
    exam = drawn.pop(examined)
    study = [each for hand in drawn for each in hand]
    challenger = finetune(starter, _lesson(starter, study), mode=HEAD, seed=examined, report=lambda _: None)
    verdict = examine(starter, challenger, _lesson(starter, exam), by_author=True, authors=1, starter=starter)
    assert verdict.outcome == "passed", verdict.objections


def _lesson(base: Bundle, drawn: list[LabelledInk]) -> ApprovedDrawings:
    inks: list[Ink | None] = [parse_ink(ink) for _, ink in drawn]
    rasters = np.stack([rasterise(parse_ink(ink)) for _, ink in drawn])
    return ApprovedDrawings(rasters, inks, np.array([base.slugs.index(slug) for slug, _ in drawn]))
