"""Train and apply a last layer on its own: softmax regression on embeddings, in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ml.bundles.predictor import Head

StepCallback = Callable[[int, float], None]
"""Gets the number of the step, from 1, and the loss before it."""

STEPS = 60
RATE = 0.03  # the peak; Adam moves each weight by about so much in a step
PULL_TO_START = 1e-3  # weight decay towards where the layer began: keeps what the drawings do not speak about
MAX_SHIFT = 20.0  # of a bias
MIN_LIMIT, MAX_LIMIT = 0.3, 0.95  # of "not sure"


def predict_head(head: Head, embeddings: np.ndarray) -> np.ndarray:
    """Return probabilities, float32 (n, labels + 1), for embeddings (n, width)."""
    return _softmax(embeddings @ head.weights + head.bias)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))  # the largest power is 1: no overflow
    probabilities: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def fit_head(
    head: Head,
    embeddings: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    *,
    steps: int = STEPS,
    report: StepCallback = lambda step, loss: None,
) -> Head:
    """Return a last layer that continues from `head` and learns `targets` for `embeddings`.

    `embeddings` is float (n, width), `targets` float (n, classes) with probabilities, `weights` float (n,) the weight
    of each row in the loss. Each step is Adam (Kingma and Ba 2015) on all rows, with cosine decay, so nothing is
    random. `report` is called before each step; what it raises passes through.
    """
    # The bias becomes one more row of the weights, for an input that is always 1.
    start = layer = np.vstack([head.weights, head.bias]).astype(np.float32)  # (width + 1, classes)
    inputs = np.hstack([embeddings, np.ones((len(embeddings), 1))]).astype(np.float32)  # (n, width + 1)
    share = (weights / weights.sum()).astype(np.float32)[:, np.newaxis]  # (n, 1)
    targets = targets.astype(np.float32)
    mean, square = np.zeros_like(layer), np.zeros_like(layer)  # Adam's moments
    for step in range(1, steps + 1):
        answers = _softmax(inputs @ layer)  # (n, classes)
        report(step, float(-(share * targets * np.log(np.maximum(answers, 1e-12))).sum()))
        # The gradient of cross-entropy after a softmax is (answers - targets).
        gradient = inputs.T @ (share * (answers - targets)) + PULL_TO_START * (layer - start)
        # Adam's second decay is 0.99, not the usual 0.999, because there are only 60 steps.
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        rate = RATE * (1 + np.cos(np.pi * step / steps)) / 2
        # Divided by (1 - beta^step): the moments began at 0 and would be too small at first.
        layer = layer - rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return Head(layer[:-1], layer[-1])


def keep_share(head: Head, before: Head, embeddings: np.ndarray, without: np.ndarray) -> Head:
    """Return `head`, so shifted that the classes `without`, bool (classes,), keep their share of the answers.

    Training on drawings of some labels alone makes the others less probable everywhere. All their biases are shifted by
    the same amount, until they get the same probability on average for `embeddings`, float (n, width), as from
    `before`.
    """
    if not without.any() or without.all():
        return head
    wanted = float(predict_head(before, embeddings)[:, without].sum(axis=1).mean())
    answers = predict_head(head, embeddings)
    odds = answers[:, without].sum(axis=1) / np.maximum(answers[:, ~without].sum(axis=1), 1e-12)  # (n,)
    low, high = -MAX_SHIFT, MAX_SHIFT
    for _ in range(40):  # bisection: the share rises with the shift
        shift = (low + high) / 2
        moved = odds * np.exp(shift)
        low, high = (shift, high) if float((moved / (1 + moved)).mean()) < wanted else (low, shift)
    bias = head.bias.copy()
    bias[without] += shift
    return Head(head.weights, bias)


def move_unsure_limit(
    below: float, before: np.ndarray, after: np.ndarray, *, least: float = 0.0, factor: float = 1.0
) -> float:
    """Return the limit at which the new layer is "not sure" about as many drawings as the old one was at `below`.

    `before` and `after` are what the old and the new layer answer to the same drawings, float (n, labels). `factor`
    times as many are "not sure", and at least the share `least`. The limit is a probability from 0.3 to 0.95.
    """
    share = max(factor * float((before.max(axis=1) < below).mean()), least)
    return round(float(np.clip(np.quantile(after.max(axis=1), share), MIN_LIMIT, MAX_LIMIT)), 3)
