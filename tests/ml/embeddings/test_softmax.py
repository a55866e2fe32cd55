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


def one_hot(truth: np.ndarray) -> np.ndarray:
    return np.eye(CLASSES)[truth]


def lesson(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings and their targets."""
    embeddings, truth = clouds(count, seed)
    return embeddings, one_hot(truth)


def accuracy(head: Head, embeddings: np.ndarray, truth: np.ndarray) -> float:
    return float((softmax.predict_head(head, embeddings).argmax(axis=1) == truth).mean())


def test_answers_are_probabilities() -> None:
    head = Head(np.full((WIDTH, CLASSES), 300, np.float32), np.array([0, 1, 2], np.float32))

    answers = softmax.predict_head(head, np.ones((4, WIDTH), np.float32))

    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    assert (np.diff(answers, axis=1) > 0).all()


def test_a_layer_learns_its_training_data() -> None:
    trained = softmax.fit_head(blank(), *lesson(300), np.ones(300))

    assert accuracy(trained, *clouds(300, seed=1)) > 0.95


def test_training_twice_gives_exactly_the_same() -> None:
    one, other = (softmax.fit_head(blank(), *lesson(60), np.ones(60)) for _ in range(2))

    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.bias, other.bias)


def test_training_continues_from_the_given_layer() -> None:
    trained = softmax.fit_head(blank(), *lesson(300), np.ones(300))

    little_more = softmax.fit_head(trained, *lesson(6, seed=2), np.ones(6), steps=2)

    assert accuracy(little_more, *clouds(300, seed=1)) > 0.95


def test_rows_of_weight_zero_change_nothing() -> None:
    embeddings, truth = clouds(300)
    lies = (truth + 1) % CLASSES
    weights = np.concatenate([np.ones(300), np.zeros(300)])

    trained = softmax.fit_head(
        blank(), np.concatenate([embeddings, embeddings]), np.concatenate([one_hot(truth), one_hot(lies)]), weights
    )

    assert accuracy(trained, *clouds(300, seed=1)) > 0.95


def test_targets_between_two_classes_are_learned_as_such() -> None:
    embeddings, truth = clouds(300)
    targets = (one_hot(truth) + one_hot((truth + 1) % CLASSES)) / 2

    answers = softmax.predict_head(softmax.fit_head(blank(), embeddings, targets, np.ones(300), steps=200), embeddings)

    rows = np.arange(300)
    assert answers[rows, truth].mean() == pytest.approx(0.5, abs=0.1)
    assert answers[rows, (truth + 1) % CLASSES].mean() == pytest.approx(0.5, abs=0.1)


def test_of_contradicting_rows_the_heavier_ones_win() -> None:
    embeddings, truth = clouds(300)
    lies = (truth + 1) % CLASSES
    weights = np.concatenate([np.ones(300), np.full(300, 3.0)])

    trained = softmax.fit_head(
        blank(), np.concatenate([embeddings, embeddings]), np.concatenate([one_hot(truth), one_hot(lies)]), weights
    )

    assert accuracy(trained, embeddings, lies) > 0.9


def test_every_step_is_reported_with_a_falling_loss() -> None:
    told: list[tuple[int, float]] = []

    softmax.fit_head(blank(), *lesson(60), np.ones(60), report=lambda step, loss: told.append((step, loss)))

    assert [step for step, _ in told] == list(range(1, softmax.STEPS + 1))
    assert told[0][1] == pytest.approx(np.log(CLASSES), rel=1e-3)
    assert told[-1][1] < told[0][1] / 2


def test_the_callback_can_stop_the_training() -> None:
    def stop(step: int, loss: float) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        softmax.fit_head(blank(), *lesson(60), np.ones(60), report=stop)


def share_of_last(head: Head, embeddings: np.ndarray) -> float:
    return float(softmax.predict_head(head, embeddings)[:, 2].mean())


def test_labels_without_new_drawings_keep_their_share_of_the_answers() -> None:
    embeddings, _ = clouds(300)
    before = softmax.fit_head(blank(), *lesson(300), np.ones(300))
    new, labels = clouds(200, seed=3)
    taken = labels < 2
    pushed = softmax.fit_head(before, new[taken], one_hot(labels[taken]), np.ones(taken.sum()), steps=300)

    kept = softmax.keep_share(pushed, before, embeddings, np.array([False, False, True]))

    assert share_of_last(pushed, embeddings) < share_of_last(before, embeddings) - 0.005
    assert share_of_last(kept, embeddings) == pytest.approx(share_of_last(before, embeddings), abs=1e-4)
    np.testing.assert_array_equal(kept.weights, pushed.weights)


@pytest.mark.parametrize("without", [[False] * 3, [True] * 3])
def test_if_all_labels_have_new_drawings_or_none_has_nothing_is_shifted(without: list[bool]) -> None:
    before, after = blank(), softmax.fit_head(blank(), *lesson(60), np.ones(60))

    assert softmax.keep_share(after, before, clouds(60)[0], np.array(without)) is after


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


def test_fewer_can_be_not_sure_than_before() -> None:
    before = np.linspace(0.5, 1, 1_001)

    moved = softmax.move_unsure_limit(0.6, sure(before), sure(before), factor=0.5)

    assert (before < moved).mean() == pytest.approx(0.1, abs=0.002)


def test_the_limit_stays_between_its_bounds() -> None:
    assert softmax.move_unsure_limit(0.5, sure(np.full(9, 0.9)), sure(np.full(9, 0.999))) == 0.95
    assert softmax.move_unsure_limit(0.5, np.full((9, 5), 0.2), np.full((9, 5), 0.2)) == 0.3


def test_the_limit_makes_at_least_the_given_share_not_sure() -> None:
    drawn = np.linspace(0.4, 0.9, 1001)
    moved = softmax.move_unsure_limit(0.3, sure(drawn), sure(drawn), least=0.1)
    assert (sure(drawn).max(axis=1) < moved).mean() == pytest.approx(0.1, abs=0.005)
