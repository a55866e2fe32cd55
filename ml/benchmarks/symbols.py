"""Measure the recognizer of mathematical symbols on drawings that were kept out, in the ways that others measure.

An answer is right if it is the label that has the drawing's command, so it may be any command of that label. `commands`
counts more strictly, without merging: the guesses are written out as commands, in the order in which a page offers
them, and only the drawn command is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.bundles.bundle import load_bundle, verify_bundle
from ml.bundles.predictor import Predictor
from ml.recipes.maths import read_table, split_drawings

RANKS = (1, 3, 5, 10)
CHOICES, CHOSEN = 50, 200  # as detexify-next measures: 50 random choices of 200 symbols, one drawing of each
SEED = 5


def run_symbols_bench(folder: Path, data: Path | None) -> dict[str, Any]:
    """Return the shares of right answers in the first guesses, as `{test: {"count", "top 1", ...}}`.

    The tests are Detexify's kept-out drawings (all labels, then the commands one by one, then 200 labels at a time) and
    HASYv2's pictures by other people.
    """
    bundle = load_bundle(folder)
    predictor, drawings = verify_bundle(bundle), split_drawings(data)
    kept_out = np.flatnonzero(drawings.track_test)
    truth = drawings.tracks.y[kept_out]
    answers = _answer(predictor, drawings.track_rasters[kept_out])
    by_others = np.flatnonzero(drawings.picture_test)
    pictures = _answer(predictor, drawings.pictures.x[by_others])
    commands = [entry["commands"] for entry in read_table()]
    drawn = [drawings.commands[row] for row in kept_out]
    return {
        "labels": shares(label_ranks(answers, truth)),
        "commands": shares(command_ranks(answers, drawn, commands)),
        "200 labels": shares(ranks_of_few(answers, truth, np.random.default_rng(SEED))),
        "HASYv2": shares(label_ranks(pictures, drawings.pictures.y[by_others])),
    }


def _answer(predictor: Predictor, rasters: np.ndarray) -> np.ndarray:
    return predictor.predict(rasters).probabilities


def shares(ranks: np.ndarray) -> dict[str, Any]:
    """Return the number of drawings and the share of those whose answer is in the first 1, 3, 5 and 10 guesses."""
    return {"count": len(ranks), **{f"top {rank}": float((ranks < rank).mean()) for rank in RANKS}}


def label_ranks(answers: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return how many labels come before the true one, int (n,). `answers` are probabilities (n, labels)."""
    of_truth = answers[np.arange(len(truth)), truth, np.newaxis]
    return (answers > of_truth).sum(axis=1)


def command_ranks(answers: np.ndarray, drawn: Sequence[str], commands: Sequence[Sequence[str]]) -> np.ndarray:
    """Return how many commands come before the drawn one, int (n,). `commands` are those of each label."""
    sizes = np.array([len(each) for each in commands])
    places = {command: (label, place) for label, each in enumerate(commands) for place, command in enumerate(each)}
    truth, inside = np.array([places[command] for command in drawn]).T
    before = answers > answers[np.arange(len(truth)), truth, np.newaxis]  # (n, labels)
    return before @ sizes + inside


def ranks_of_few(answers: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the ranks where only 200 labels can be answered, with one drawing of each, for 50 random choices."""
    known, ranks = np.unique(truth), []
    for _ in range(CHOICES):
        chosen = rng.permutation(known)[:CHOSEN]
        rows = np.array([rng.choice(np.flatnonzero(truth == label)) for label in chosen])
        ranks.append(label_ranks(answers[rows][:, chosen], np.arange(len(chosen))))
    return np.concatenate(ranks)
