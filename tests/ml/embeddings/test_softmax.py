"""Training a last layer in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from ml.bundles.predictor import Head
from ml.embeddings import softmax

WIDTH, CLASSES = 6, 3


def blank() -> Head:
    return Head(np.zeros((WIDTH, CLASSES), np.float32), np.zeros(CLASSES, np.float32))


def clouds(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings about a middle for each class."""
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % CLASSES
    middles = np.eye(CLASSES, WIDTH) * 4
    return np.maximum(middles[truth] + rng.normal(size=(count, WIDTH)), 0).astype(np.float32), truth


def accuracy(head: Head, embeddings: np.ndarray, truth: np.ndarray) -> float:
    return float((softmax.predict_head(head, embeddings).argmax(axis=1) == truth).mean())


def test_answers_are_probabilities() -> None:
    head = Head(np.full((WIDTH, CLASSES), 300, np.float32), np.array([0, 1, 2], np.float32))

    answers = softmax.predict_head(head, np.ones((4, WIDTH), np.float32))

    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    assert (np.diff(answers, axis=1) > 0).all()


def test_a_layer_learns_its_training_data() -> None:
    trained = softmax.fit_head(blank(), *clouds(300), np.ones(300))

    assert accuracy(trained, *clouds(300, seed=1)) > 0.95


def test_training_twice_gives_exactly_the_same() -> None:
    one, other = (softmax.fit_head(blank(), *clouds(60), np.ones(60)) for _ in range(2))

    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.bias, other.bias)


def test_training_continues_from_the_given_layer() -> None:
    trained = softmax.fit_head(blank(), *clouds(300), np.ones(300))

    little_more = softmax.fit_head(trained, *clouds(6, seed=2), np.ones(6), steps=2)

    assert accuracy(little_more, *clouds(300, seed=1)) > 0.95


def test_rows_of_weight_zero_change_nothing() -> None:
    embeddings, truth = clouds(300)
    lies = (truth + 1) % CLASSES
    weights = np.concatenate([np.ones(300), np.zeros(300)])

    trained = softmax.fit_head(
        blank(), np.concatenate([embeddings, embeddings]), np.concatenate([truth, lies]), weights
    )

    assert accuracy(trained, *clouds(300, seed=1)) > 0.95


def test_of_contradicting_rows_the_heavier_ones_win() -> None:
    embeddings, truth = clouds(300)
    lies = (truth + 1) % CLASSES
    weights = np.concatenate([np.ones(300), np.full(300, 3.0)])

    trained = softmax.fit_head(
        blank(), np.concatenate([embeddings, embeddings]), np.concatenate([truth, lies]), weights
    )

    assert accuracy(trained, embeddings, lies) > 0.9


def test_every_step_is_reported_with_a_falling_loss() -> None:
    told: list[tuple[int, float]] = []

    softmax.fit_head(blank(), *clouds(60), np.ones(60), report=lambda step, loss: told.append((step, loss)))

    assert [step for step, _ in told] == list(range(1, softmax.STEPS + 1))
    assert told[0][1] == pytest.approx(np.log(CLASSES), rel=1e-3)
    assert told[-1][1] < told[0][1] / 2


def test_the_callback_can_stop_the_training() -> None:
    def stop(step: int, loss: float) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        softmax.fit_head(blank(), *clouds(60), np.ones(60), report=stop)


def sure(confidences: np.ndarray) -> np.ndarray:
    return np.stack([confidences, 1 - confidences], axis=1)


def test_a_model_that_became_more_confident_gets_a_higher_limit_of_not_sure() -> None:
    before = np.linspace(0.5, 1, 1_001)

    moved = softmax.move_unsure_limit(0.55, sure(before), sure(before**0.5))

    assert moved == pytest.approx(0.55**0.5, abs=0.002)
    assert (before**0.5 < moved).mean() == pytest.approx((before < 0.55).mean(), abs=0.002)


def test_the_limit_stays_if_the_answers_stay() -> None:
    before = np.linspace(0.5, 1, 1_001)

    assert softmax.move_unsure_limit(0.6, sure(before), sure(before)) == pytest.approx(0.6, abs=0.001)


def test_the_limit_stays_between_its_bounds() -> None:
    assert softmax.move_unsure_limit(0.5, sure(np.full(9, 0.9)), sure(np.full(9, 0.999))) == 0.95
    assert softmax.move_unsure_limit(0.5, np.full((9, 5), 0.2), np.full((9, 5), 0.2)) == 0.3


def test_the_limit_makes_at_least_the_given_share_not_sure() -> None:
    drawn = np.linspace(0.4, 0.9, 1001)
    moved = softmax.move_unsure_limit(0.3, sure(drawn), sure(drawn), least=0.1)
    assert (sure(drawn).max(axis=1) < moved).mean() == pytest.approx(0.1, abs=0.005)
