"""A last layer on its own: softmax regression on embeddings, in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ml.bundles.predictor import Head

StepCallback = Callable[[int, float], None]
"""Told the step, from 1, and the loss before it."""

STEPS = 60
RATE = 0.03
HOLD = 1e-3  # how strongly the layer is held to where it began
LOWEST, HIGHEST = 0.3, 0.95  # limits of "not sure"


def predict_head(head: Head, embeddings: np.ndarray) -> np.ndarray:
    """Probabilities float32 (n, labels + 1) to embeddings (n, width)."""
    return _softmax(embeddings @ head.weights + head.bias)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    answers: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return answers


def fit_head(
    head: Head,
    embeddings: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    *,
    steps: int = STEPS,
    report: StepCallback = lambda step, loss: None,
) -> Head:
    """Go on from `head` until it answers `truth`, int (n,), to embeddings (n, width); `weights` (n,) say what counts.

    Adam on all of them at once, with a rate that falls to nothing, so that nothing is left to chance.
    `report(step, loss)` is called before each step; what it raises passes through.
    """
    start = layer = np.vstack([head.weights, head.bias]).astype(np.float32)
    inputs = np.hstack([embeddings, np.ones((len(embeddings), 1))]).astype(np.float32)
    share = (weights / weights.sum()).astype(np.float32)[:, np.newaxis]
    targets = np.eye(layer.shape[1], dtype=np.float32)[truth]
    mean, square = np.zeros_like(layer), np.zeros_like(layer)
    for step in range(1, steps + 1):
        answers = _softmax(inputs @ layer)
        report(step, float(-(share * targets * np.log(np.maximum(answers, 1e-12))).sum()))
        gradient = inputs.T @ (share * (answers - targets)) + HOLD * (layer - start)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        rate = RATE * (1 + np.cos(np.pi * step / steps)) / 2
        layer = layer - rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return Head(layer[:-1], layer[-1])


def move_unsure_limit(below: float, before: np.ndarray, after: np.ndarray, *, least: float = 0.0) -> float:
    """The limit of "not sure" that spares as many real drawings as `below` did, but doubts a share of `least`.

    `before` and `after` (n, labels) are what the old and the new layer answer to the same drawings.
    """
    share = max(float((before.max(axis=1) < below).mean()), least)
    return round(float(np.clip(np.quantile(after.max(axis=1), share), LOWEST, HIGHEST)), 3)
