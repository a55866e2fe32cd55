"""Compare the answers of several recognizers to one drawing: which of them is right?

The probabilities of a model are calibrated for drawings of its own labels. For a drawing of another recognizer a model
of ten digits is surer than one of a thousand symbols. So each recognizer has numbers that make a score of its answer,
and the scores of all recognizers become shares by a softmax. There are two kinds of numbers:

- a `Scale`: three, for the probability of the first guess and what it leaves for "none of these";
- a `Direction`: also one for each value of the embedding, and two for what each other recognizer answers. It is for
  versions with the trunk that it was fitted with; others have the scale.

They are fitted so that the share of the right recognizers is large, on drawings of all recognizers
(`python -m ml bench-across --fit`), and stored in `ml/models/across.json`.
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
STEPS = 400
RATE = 0.05  # at the start; it falls to 0
RIDGE = 1e-3  # keeps the numbers small where all answers are right, or all wrong
DECIMALS = 4
LEAST_SPREAD = 0.1  # an input that varies less, beside the others of its recognizer, counts less


class Scale(NamedTuple):
    """Three numbers of a recognizer: score = first * logit(probability) + rest * log(left for "none") + offset."""

    first: float = 1.0
    rest: float = 0.0
    offset: float = 0.0


class Direction(NamedTuple):
    """The numbers of a recognizer for one trunk: score = that of the scale + embedding * weights + what others add."""

    trunk: str
    """What `trunk_of` says of the versions that the numbers are for."""
    scale: Scale
    others: Mapping[str, Sequence[float]]
    """By slug of another recognizer two numbers, for its inputs without their means (`Numbers.means`)."""
    weights: np.ndarray
    """float (width,)."""


class Asked(NamedTuple):
    """What a recognizer answered, as far as scores need it."""

    slug: str
    probability: float
    """Of the first guess."""
    left: float
    """1 minus the probabilities of all labels."""
    embedding: np.ndarray | None = None
    trunk: str = ""
    """What `trunk_of` says of the version that answered."""


class Numbers(NamedTuple):
    """All numbers, by slug of a recognizer."""

    scales: Mapping[str, Scale]
    directions: Mapping[str, Direction] = {}
    means: Mapping[str, Sequence[float]] = {}
    """Of the first two inputs of each recognizer: one that is not asked counts as if it answered so."""

    def scores(self, answers: Sequence[Asked]) -> np.ndarray:
        """The scores of the answers to one drawing, float (k,)."""
        answered = np.array([[each.probability, each.left] for each in answers])
        inputs = inputs_of(answered[:, 0], answered[:, 1])
        rows = zip(answers, inputs.tolist(), strict=True)
        beside = {
            each.slug: (row[0] - self.means[each.slug][0], row[1] - self.means[each.slug][1])
            for each, row in rows
            if each.slug in self.means
        }
        return np.array([self._score(each, row, beside) for each, row in zip(answers, inputs, strict=True)])

    def _score(self, answer: Asked, inputs: np.ndarray, beside: Mapping[str, Sequence[float]]) -> float:
        direction = self.direction_of(answer.slug, answer.trunk)
        if not direction or answer.embedding is None:
            return float(inputs @ scale_of(answer.slug, self.scales))
        score = float(inputs @ direction.scale + answer.embedding @ direction.weights)
        for slug, (first, rest) in direction.others.items():
            if slug in beside:
                score += first * beside[slug][0] + rest * beside[slug][1]
        return score

    def direction_of(self, slug: str, trunk: str) -> Direction | None:
        """The direction of a recognizer, if it is for this trunk. A trunk without a name is not known."""
        found = self.directions.get(slug)
        return found if found and trunk and found.trunk == trunk else None


@cache
def shipped_numbers() -> Numbers:
    """The numbers beside the bundles; none if there is no file."""
    if not ACROSS_FILE.exists():
        return Numbers({})
    rows = json.loads(ACROSS_FILE.read_text("utf-8"))
    return Numbers(
        {slug: Scale(*row["scale"]) for slug, row in rows.items()},
        {
            slug: Direction(row["trunk"], Scale(*row["direction"]), row["others"], np.array(row["weights"]))
            for slug, row in rows.items()
        },
        {slug: row["means"] for slug, row in rows.items()},
    )


def trunk_of(manifest: Mapping[str, object]) -> str:
    """What names the trunk of a bundle: the checksum of its replay pack, which stays while the trunk does."""
    sums = manifest["sha256"]
    assert isinstance(sums, dict)  # noqa: S101 - bundles are checked when they are loaded
    return str(sums.get("rehearsal", ""))[:16]


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
    """What scores of a scale are made of, float (..., 3), from two arrays of one shape."""
    clipped = np.clip(probability, LEAST, 1 - LEAST)
    rest = np.log(np.clip(left, LEAST, 1))
    return np.stack([np.log(clipped / (1 - clipped)), rest, np.ones_like(rest)], axis=-1)


def fit_numbers(
    slugs: Sequence[str],
    trunks: Sequence[str],
    inputs: np.ndarray,
    embeddings: Sequence[np.ndarray],
    right: np.ndarray,
    weights: np.ndarray,
) -> Numbers:
    """The numbers of k recognizers from their answers to n drawings.

    `inputs`: `inputs_of` each answer, (n, k, 3). `embeddings`: of each recognizer, (n, width). For `right` and
    `weights` see `fit`.
    """
    places = range(len(slugs))
    scales = [Scale(*row.tolist()) for row in fit([inputs[:, place] for place in places], right, weights)]
    means = np.round(inputs[:, :, :2].mean(axis=0), DECIMALS)  # (k, 2)
    beside = inputs[:, :, :2] - means
    others = [[other for other in places if other != place] for place in places]
    parts = [
        np.hstack([inputs[:, place], *(beside[:, other] for other in others[place]), embeddings[place]])
        for place in places
    ]
    fitted = fit(parts, right, weights)
    scores = np.stack([part @ row for part, row in zip(parts, fitted, strict=True)], axis=1)
    directions = {}
    for place, row in enumerate(fitted):
        end = 3 + 2 * len(others[place])
        pairs = row[3:end].reshape(-1, 2).tolist()
        added = {slugs[other]: pair for other, pair in zip(others[place], pairs, strict=True)}
        directions[slugs[place]] = Direction(trunks[place], Scale(*row[:3].tolist()), added, row[end:])
    return Numbers(
        dict(zip(slugs, align(scales, scores, inputs), strict=True)),
        directions,
        dict(zip(slugs, means.tolist(), strict=True)),
    )


def fit(inputs: Sequence[np.ndarray], right: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """The numbers of k recognizers, each float (width,), from their inputs for n drawings, each float (n, width).

    The third input is 1, as `inputs_of` says. `right`: which recognizers are right for each drawing, bool (n, k).
    `weights`: of the drawings, float (n,), so that each recognizer's count as much.
    Maximises the mean logarithm of the share of the right ones, with Adam (Kingma and Ba 2015). Drawings for which
    none is right are left out.
    """
    known = right.any(axis=1)
    right, weights = right[known], (weights[known] / weights[known].sum())[:, np.newaxis]
    middles, spreads = zip(*(_middle_and_spread(part[known]) for part in inputs), strict=True)
    scaled = [
        ((part[known] - middle) / spread).astype(np.float32)
        for part, middle, spread in zip(inputs, middles, spreads, strict=True)
    ]
    numbers = [np.zeros(part.shape[1], np.float32) for part in scaled]
    means, squares = [np.zeros_like(part) for part in numbers], [np.zeros_like(part) for part in numbers]
    for step in range(1, STEPS + 1):
        share = shares(np.stack([part @ own for part, own in zip(scaled, numbers, strict=True)], axis=1))  # (n, k)
        wanted = share * right
        error = (share - wanted / wanted.sum(axis=1, keepdims=True).clip(1e-12)) * weights
        rate = RATE * (1 + np.cos(np.pi * step / STEPS)) / 2
        for place, part in enumerate(scaled):
            gradient = part.T @ error[:, place].astype(np.float32) + RIDGE * numbers[place]
            means[place] = 0.9 * means[place] + 0.1 * gradient
            squares[place] = 0.99 * squares[place] + 0.01 * gradient**2
            speed = np.sqrt(squares[place] / (1 - 0.99**step)) + 1e-8
            numbers[place] -= rate * means[place] / (1 - 0.9**step) / speed
    fitted = []
    for own, middle, spread in zip(numbers, middles, spreads, strict=True):
        unscaled = own / spread
        unscaled[2] -= middle @ unscaled
        fitted.append(np.round(unscaled, DECIMALS))
    return fitted


def _middle_and_spread(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is taken from inputs and by what they are divided, so that one rate suits all; 0 and 1 for the constant."""
    middle, spread = inputs.mean(axis=0), inputs.std(axis=0)
    middle[2], spread[2] = 0, 1
    return middle, np.maximum(spread, LEAST_SPREAD * spread.mean())


def align(scales: Sequence[Scale], scores: np.ndarray, inputs: np.ndarray) -> list[Scale]:
    """The scales with one number added to all offsets, so that they score as high as directions do on average.

    A site may have versions of both kinds. `scores`: of the directions, (n, k); `inputs`: of the scales, (n, k, 3).
    """
    shift = float((scores - (inputs * np.array(scales)).sum(axis=2)).mean())
    return [scale._replace(offset=round(scale.offset + shift, DECIMALS)) for scale in scales]


def save_numbers(numbers: Numbers, path: Path = ACROSS_FILE) -> None:
    """Write the file, a recognizer a line."""
    rows = {
        slug: {
            "scale": numbers.scales[slug],
            "means": numbers.means[slug],
            "trunk": each.trunk,
            "direction": each.scale,
            "others": each.others,
            "weights": each.weights.tolist(),
        }
        for slug, each in sorted(numbers.directions.items())
    }
    lines = ",\n".join(f" {json.dumps(slug)}: {json.dumps(row, separators=(',', ':'))}" for slug, row in rows.items())
    path.write_text(f"{{\n{lines}\n}}\n", "utf-8")
