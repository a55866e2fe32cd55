"""The worst mistakes are wrong answers, the most confident first."""

from __future__ import annotations

import numpy as np
import pytest

from ml.augmentation.augment import augment_ink
from ml.augmentation.synthetic_digits import write_digit
from ml.bundles.bundle import Bundle, verify_bundle
from ml.bundles.predictor import Predictor
from ml.evaluation.worst_mistakes import find_worst_mistakes


@pytest.fixture(scope="module")
def predictor(shipped: Bundle) -> Predictor:
    return verify_bundle(shipped)


@pytest.fixture(scope="module")
def drawings() -> tuple[np.ndarray, np.ndarray]:
    """Badly distorted digits; the last ten have no label of the model."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 10
    rasters = np.stack([augment_ink(write_digit(int(label), rng), rng, strength=3) for label in labels])
    labels[-10:] = 10
    return rasters, labels


def test_mistakes_really_are_mistakes(predictor: Predictor, drawings: tuple[np.ndarray, np.ndarray]) -> None:
    rasters, labels = drawings
    found = find_worst_mistakes(predictor, rasters, labels, unsure_below=0.5, count=5)
    answers = predictor.predict(rasters).probabilities
    assert len(found.found) == 5
    for mistake in found.found:
        assert labels[mistake.row] == mistake.label
        assert answers[mistake.row].argmax() == mistake.answer != mistake.label
        assert answers[mistake.row].max() == pytest.approx(mistake.probability)


def test_the_most_confident_come_first_and_none_is_left_out(
    predictor: Predictor, drawings: tuple[np.ndarray, np.ndarray]
) -> None:
    rasters, labels = drawings
    found = find_worst_mistakes(predictor, rasters, labels, unsure_below=0.5, count=1_000)
    answers = predictor.predict(rasters[:-10]).probabilities
    wrong = answers.argmax(axis=1) != labels[:-10]
    assert (found.drawings, found.wrong, len(found.found)) == (190, wrong.sum(), wrong.sum())
    assert found.wrong_and_sure == (wrong & (answers.max(axis=1) >= 0.5)).sum()
    confidences = [mistake.probability for mistake in found.found]
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[0] == pytest.approx(answers[wrong].max())


@pytest.mark.parametrize("labels", [[], [10, -1]])
def test_without_drawings_or_mistakes_there_are_none(predictor: Predictor, labels: list[int]) -> None:
    rasters = np.zeros((len(labels), 28, 28), np.uint8)
    none = find_worst_mistakes(predictor, rasters, np.array(labels), unsure_below=0.5, count=3)
    assert (none.found, none.drawings, none.wrong, none.wrong_and_sure, none.unsure) == ([], 0, 0, 0, 0)
    assert len(none.answers) == len(none.confidence) == 0


def test_labels_must_fit_the_rasters(predictor: Predictor) -> None:
    with pytest.raises(ValueError, match="2"):
        find_worst_mistakes(predictor, np.zeros((2, 28, 28), np.uint8), np.zeros(3), unsure_below=0.5, count=3)
