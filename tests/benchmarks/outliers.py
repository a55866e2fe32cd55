"""`python -m tests.benchmarks.outliers`: how much the outlier mark helps reviewers, on real drawings.

Needs the data sets in INKLING_DATA. In each test set that a shipped recognizer was not trained on, one drawing in
twenty is spoilt: half of those get another label; the others are scribbles, foreign characters and other negative
examples with a label, every second one with the label that the model predicts. The queue is then ordered without and
with the mark; drawings of the same rank are in random order.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

import ml
from ml.augmentation.negatives import make_negative
from ml.bundles.bundle import load_bundle
from ml.bundles.predictor import ModelOutput, Predictor
from ml.embeddings import outliers, replay_pack
from ml.preprocessing.ink import rasterise
from ml.recipes import RECIPES

NOT_TRAINED_ON = {
    "digits": ("pen tracks of kept-out writers", "photographed digits (bhmsds)", "MNIST, people not trained on"),
    "bangla-digits": ("NumtaDB, not trained on", "NumtaDB test", "the same as two-valued scans"),
    "sketches": ("kept-out strokes", "pictures, not trained on", "TU Berlin, kept out"),
}
SPOILT, SEEDS, MOST, JUNK = 0.05, 10, 5_000, 1_500
UNSURE, DIFFERS, SUSPICIOUS = 2, 4, 8  # recognizer.models.Use


class OutlierShares(NamedTuple):
    """Shares of the spoilt drawings in the first part of the queue, and of marked drawings."""

    before_in_5: float
    in_5: float
    before_in_10: float
    in_10: float
    marked: float
    disturbed: float


def main() -> None:
    """Print a line for each test set."""
    for slug, names in NOT_TRAINED_ON.items():
        bundle = load_bundle(Path(ml.__file__).parent / "models" / slug)
        labels = len(bundle.slugs)
        predictor = Predictor(bundle.tflite, labels)
        usual = outliers.learn_typical(replay_pack.read_pack(bundle.rehearsal), labels)
        material, rng = RECIPES[slug].load(None), np.random.default_rng(0)
        tests = material.tests | material.validation
        made = np.stack([rasterise(make_negative(rng, material.digits()), bundle.raster) for _ in range(JUNK)])
        junk = np.concatenate([made, *(each.x for each in tests.values() if (each.y == labels).all())])
        spoils = predictor.predict(junk)
        for name in names:
            chosen = rng.permutation(len(tests[name].y))[:MOST]
            answers, truth = predictor.predict(tests[name].x[chosen]), tests[name].y[chosen]
            below = float(bundle.manifest["unsure_below"])
            tries = [_try(usual, answers, truth, spoils, below, np.random.default_rng(n)) for n in range(SEEDS)]
            found = OutlierShares(*np.mean(tries, axis=0))
            sys.stdout.write(
                f"{slug:14} {name:32} in the first 5 %: {found.before_in_5:.0%} -> {found.in_5:.0%}   in the first "
                f"10 %: {found.before_in_10:.0%} -> {found.in_10:.0%}   marked: {found.marked:.1%} of what is spoilt, "
                f"{found.disturbed:.1%} of the others\n"
            )
            sys.stdout.flush()


def _try(
    usual: outliers.TypicalDrawings,
    good: ModelOutput,
    truth: np.ndarray,
    spoils: ModelOutput,
    below: float,
    rng: np.random.Generator,
) -> OutlierShares:
    labels, count = good.probabilities.shape[1], max(2, round(SPOILT * len(truth)))
    wrong = rng.permutation(len(truth))[: count // 2]
    said = truth.copy()
    said[wrong] = (truth[wrong] + rng.integers(1, labels, len(wrong))) % labels
    junk = rng.choice(len(spoils.probabilities), count - len(wrong))
    answered, any_label = spoils.probabilities[junk].argmax(axis=1), rng.integers(0, labels, len(junk))
    said = np.concatenate([said, np.where(rng.random(len(junk)) < 0.5, answered, any_label)])
    probabilities = np.concatenate([good.probabilities, spoils.probabilities[junk]])
    spoilt = np.isin(np.arange(len(said)), wrong) | (np.arange(len(said)) >= len(truth))
    odd = outliers.outlier_scores(usual, np.concatenate([good.embeddings, spoils.embeddings[junk]]), said) > 1
    before = UNSURE * (probabilities.max(axis=1) < below) + DIFFERS * (probabilities.argmax(axis=1) != said)
    tie = rng.random(len(said))

    def first(use: np.ndarray, share: float) -> float:
        return float(spoilt[np.lexsort((tie, -use))[: round(share * len(said))]].sum() / spoilt.sum())

    now = before + SUSPICIOUS * odd
    shares = (first(before, 0.05), first(now, 0.05), first(before, 0.1), first(now, 0.1))
    return OutlierShares(*shares, float(odd[spoilt].mean()), float(odd[~spoilt].mean()))


if __name__ == "__main__":
    main()
