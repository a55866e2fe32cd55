"""Measure which recognizer is the surest of drawings of all recognizers, and fit the scales that compare them.

The drawings are those of the base tests that lie beside the bundles, so every recognizer that is there takes part and
no data set is needed. Every second drawing of a base test is for choosing settings (`BaseTest.half`): the scales are
fitted on some of those, and the figures are of the others. A base test has rasters; each drawing is traced once, and
every recognizer draws the traced ink in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ml.bundles.bundle import Bundle, BundleError, load_bundle, verify_serving
from ml.bundles.predictor import Predictor
from ml.evaluation.across import Asked, Numbers, fit_numbers, inputs_of, trunk_of
from ml.evaluation.base_test import BaseTest, read_base_test, read_base_test_file
from ml.evaluation.coinciding import same_shapes
from ml.preprocessing.ink import Ink, rasterise
from ml.preprocessing.trace import trace_pictures

DRAWINGS = 2_000
FITTED = 17_400  # where a base test has so many
SEED = 11


@dataclass(frozen=True)
class Player:
    """A recognizer that is asked."""

    bundle: Bundle
    predictor: Predictor
    test: BaseTest

    @property
    def slug(self) -> str:
        return str(self.bundle.manifest["recognizer"])


@dataclass(frozen=True)
class Mixed:
    """n drawings of all recognizers, and the first guess of each of k recognizers to each of them."""

    truth: list[tuple[str, str]]
    """Recognizer and label of each drawing."""
    guesses: np.ndarray
    """int (n, k): the index of the label that a recognizer guesses first."""
    answers: np.ndarray
    """float (n, k, 2): the probability of the first guess, and what all leave for "none of these"."""
    embeddings: list[np.ndarray]
    """Of each recognizer, float32 (n, width)."""
    milliseconds: float
    """For all recognizers to answer one drawing, drawn and asked; the mean."""


def load_players(folder: Path) -> list[Player]:
    """The recognizers with a base test in this folder of bundles, by name. Raises BundleError if there are none."""
    players = []
    for path in sorted(folder.glob("*/manifest.json")):
        content = read_base_test_file(path.parent)
        if content:
            bundle = load_bundle(path.parent)
            players.append(Player(bundle, verify_serving(bundle.manifest, bundle.tflite), read_base_test(content)))
    if not players:
        raise BundleError(f"{folder} has no bundle with a base test.")
    return players


def ask_all(players: Sequence[Player], *, drawings: int, held_out: bool) -> Mixed:
    """Ask about as many drawings of each recognizer, together `drawings`.

    `held_out`: of the half of the base tests that nothing is fitted on.
    """
    truth: list[tuple[str, str]] = []
    inks: list[Ink] = []
    for player in players:
        rows = np.arange(len(player.test.labels))[held_out::2]
        rows = np.random.default_rng(SEED).permutation(rows)[: drawings // len(players)]
        inks += trace_pictures(player.test.rasters[rows])
        truth += [(player.slug, player.test.slugs[player.test.labels[row]]) for row in rows]
    guesses = np.empty((len(inks), len(players)), np.int64)
    answers = np.empty((*guesses.shape, 2))
    embeddings = [np.empty((len(inks), player.predictor.embedding_size), np.float32) for player in players]
    began = perf_counter()
    for column, player in enumerate(players):
        for row, ink in enumerate(inks):
            output = player.predictor.predict(rasterise(ink, player.bundle.raster)[None])
            answer, embeddings[column][row] = output.probabilities[0], output.embeddings[0]
            guesses[row, column] = answer.argmax()
            answers[row, column] = answer.max(), 1 - answer.sum()
    return Mixed(truth, guesses, answers, embeddings, 1000 * (perf_counter() - began) / len(inks))


def _right(players: Sequence[Player], mixed: Mixed) -> tuple[np.ndarray, np.ndarray]:
    """Whether each guess is the true label or has its shape, and whether each recognizer is a right one: bool (n, k).

    The recognizer of the drawing is right whatever it guesses, another one if its guess is.
    """
    alike = same_shapes(player.bundle for player in players)
    label = np.empty(mixed.guesses.shape, bool)
    recognizer = np.empty(mixed.guesses.shape, bool)
    for row, truth in enumerate(mixed.truth):
        for column, player in enumerate(players):
            guess = (player.slug, player.bundle.slugs[mixed.guesses[row, column]])
            label[row, column] = guess == truth or frozenset((guess, truth)) in alike
            recognizer[row, column] = label[row, column] or player.slug == truth[0]
    return label, recognizer


def _scores(players: Sequence[Player], mixed: Mixed, numbers: Numbers) -> np.ndarray:
    """The score of each recognizer for each drawing, float (n, k)."""
    trunks = [trunk_of(player.bundle.manifest) for player in players]
    return np.stack(
        [
            numbers.scores(
                [
                    Asked(
                        player.slug,
                        probability=float(mixed.answers[row, place, 0]),
                        left=float(mixed.answers[row, place, 1]),
                        embedding=mixed.embeddings[place][row],
                        trunk=trunks[place],
                    )
                    for place, player in enumerate(players)
                ]
            )
            for row in range(len(mixed.truth))
        ]
    )


def figures(players: Sequence[Player], mixed: Mixed, numbers: Numbers) -> dict[str, Any]:
    """How often the surest recognizer is the right one, and its guess the right label, overall and by recognizer.

    A recognizer is right, too, if its guess has the shape of the true label. `label`: the guess is the true label or
    has its shape. `alone`: the recognizer of the drawing, asked alone, guesses the true label.
    """
    label, recognizer = _right(players, mixed)
    rows, best = np.arange(len(mixed.truth)), _scores(players, mixed, numbers).argmax(axis=1)
    source = np.array([slug for slug, _label in mixed.truth])
    names = [player.slug for player in players]
    own = np.array([names.index(slug) for slug in source])
    true = np.array(
        [players[column].bundle.slugs.index(slug) for column, (_, slug) in zip(own, mixed.truth, strict=True)]
    )
    parts = {"all": np.ones(len(best), bool)} | {name: source == name for name in names}
    return {
        name: {
            "drawings": int(part.sum()),
            "recognizer": float(recognizer[rows, best][part].mean()),
            "label": float(label[rows, best][part].mean()),
            "alone": float((mixed.guesses[rows, own] == true)[part].mean()),
        }
        for name, part in parts.items()
    }


def run_across_bench(folder: Path, numbers: Numbers) -> dict[str, Any]:
    """The figures with these numbers, with their scales alone, with none, and the time of an answer."""
    players = load_players(folder)
    mixed = ask_all(players, drawings=DRAWINGS, held_out=True)
    return {
        "recognizers": [player.slug for player in players],
        "milliseconds": mixed.milliseconds,
        "as they are": figures(players, mixed, Numbers({})),
        "other trunks": figures(players, mixed, numbers._replace(directions={})),
        "compared": figures(players, mixed, numbers),
    }


def fit_shipped(folder: Path) -> Numbers:
    """The numbers of the recognizers in this folder."""
    players = load_players(folder)
    mixed = ask_all(players, drawings=FITTED, held_out=False)
    source = np.array([slug for slug, _label in mixed.truth])
    return fit_numbers(
        [player.slug for player in players],
        [trunk_of(player.bundle.manifest) for player in players],
        inputs_of(mixed.answers[:, :, 0], mixed.answers[:, :, 1]),
        mixed.embeddings,
        _right(players, mixed)[1],
        1 / (source[:, np.newaxis] == source).sum(axis=1),
    )


def across_text(found: Mapping[str, Any]) -> str:
    """The figures as a table."""
    lines = [
        f"{'drawings of':16} {'n':>5}  {'recognizer':>10} {'label':>7}  {'as they are':>11} {'label':>7}  {'alone':>7}"
    ]
    for name, row in found["compared"].items():
        plain = found["as they are"][name]
        lines.append(
            f"{name:16} {row['drawings']:5}  {row['recognizer']:10.1%} {row['label']:7.1%}  "
            f"{plain['recognizer']:11.1%} {plain['label']:7.1%}  {row['alone']:7.1%}"
        )
    count = len(found["recognizers"])
    return "\n".join([*lines, f"{found['milliseconds']:.2f} ms for {count} recognizers to draw and answer a drawing."])
