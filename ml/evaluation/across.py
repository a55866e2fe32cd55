"""Compare the answers of several recognizers to one drawing: which of them is right?

The probabilities of a model are calibrated for drawings of its own labels. For a drawing of another recognizer a model
of ten digits is surer than one of a thousand symbols. So each recognizer has three numbers that make a score of the
probability of its first guess and of what it leaves for "none of these". The scores of all recognizers become shares by
a softmax. The numbers are fitted together, so that the share of the right recognizers is large, on drawings of all
recognizers (`python -m ml bench-across --fit`), and stored in `ml/models/across.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

import ml

ACROSS_FILE = Path(ml.__file__).parent / "models" / "across.json"
LEAST = 1e-6  # distance of a probability from 0 and 1
STEPS = 3_000
RATE = 0.05
RIDGE = 1e-2  # keeps the numbers small where all answers are right, or all wrong


class Scale(NamedTuple):
    """The numbers of a recognizer: score = first * logit(probability) + rest * log(left for "none") + offset."""

    first: float = 1.0
    rest: float = 0.0
    offset: float = 0.0

    def score(self, probability: float, left: float) -> float:
        """`probability`: of the first guess. `left`: 1 minus the probabilities of all labels."""
        return float(inputs_of(np.array(probability), np.array(left)) @ np.array(self))


@cache
def shipped_scales() -> Mapping[str, Scale]:
    """The scales by slug of a recognizer; empty if there is no file."""
    if not ACROSS_FILE.exists():
        return {}
    return {slug: Scale(*numbers) for slug, numbers in json.loads(ACROSS_FILE.read_text("utf-8")).items()}


def scale_of(slug: str, scales: Mapping[str, Scale]) -> Scale:
    """The scale of a recognizer; of one that was not fitted, the mean of the others."""
    if slug in scales or not scales:
        return scales.get(slug, Scale())
    return Scale(*np.mean(list(scales.values()), axis=0).tolist())


def shares(scores: np.ndarray) -> np.ndarray:
    """The share of each recognizer, float (..., k), from their scores, float (..., k). They add up to 1."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def inputs_of(probability: np.ndarray, left: np.ndarray) -> np.ndarray:
    """What scores are made of, float (..., 3), from two arrays of one shape."""
    clipped = np.clip(probability, LEAST, 1 - LEAST)
    rest = np.log(np.clip(left, LEAST, 1))
    return np.stack([np.log(clipped / (1 - clipped)), rest, np.ones_like(rest)], axis=-1)


def fit_scales(inputs: np.ndarray, right: np.ndarray) -> list[Scale]:
    """The scales of k recognizers, from the inputs of n drawings, float (n, k, 3).

    `right`: which recognizers are right for each drawing, bool (n, k). Maximises the mean logarithm of the share of the
    right ones, with Adam (Kingma and Ba 2015). Drawings for which none is right are left out.
    """
    known = right.any(axis=1)
    inputs, right = inputs[known], right[known]
    numbers = np.tile(np.array(Scale()), (inputs.shape[1], 1))  # (k, 3)
    mean, square = np.zeros_like(numbers), np.zeros_like(numbers)
    for step in range(1, STEPS + 1):
        share = shares((inputs * numbers).sum(axis=2))  # (n, k)
        wanted = share * right
        error = share - wanted / wanted.sum(axis=1, keepdims=True).clip(1e-12)
        gradient = (error[:, :, None] * inputs).mean(axis=0) + RIDGE * numbers / len(inputs)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        numbers -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return [Scale(*(round(value, 4) for value in row)) for row in numbers.tolist()]


def save_scales(slugs: Sequence[str], scales: Sequence[Scale], path: Path = ACROSS_FILE) -> None:
    """Write the file, a recognizer a line."""
    rows = sorted(zip(slugs, scales, strict=True))
    lines = ",\n".join(f" {json.dumps(slug)}: {json.dumps(list(scale))}" for slug, scale in rows)
    path.write_text(f"{{\n{lines}\n}}\n", "utf-8")
