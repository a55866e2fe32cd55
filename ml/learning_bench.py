"""How much a model learns from people: the figures that the README states, made again by one command.

A base is taught with MNIST alone. Then 20 of the 30 pen writers correct and confirm their first
drawings, as people do on the site, and the other 10 are the test: hands that neither the base nor
the fine-tuned model has seen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml import datasets
from ml.artifact import Bundle, BundleError, load_bundle, save_bundle
from ml.ink import Ink, rasterise
from ml.junk import make_junk
from ml.recipes import DIGITS, VALIDATION_JUNK, VALIDATION_PEOPLE, Examples, Material, Recipe
from ml.train import SEED, train

EPOCHS = 6


def mnist_alone(data: Path | None) -> Material:
    """MNIST and made-up junk: no pen track, nothing of other people."""
    mnist, test = datasets.load_mnist("train", data), datasets.load_mnist("test", data)
    people = datasets.first_by_hash({str(writer) for writer in mnist.group}, VALIDATION_PEOPLE)
    checked, pictures = datasets.split_by_group(mnist, [int(writer) for writer in people])
    none = datasets.Tracks([], np.zeros(0, np.int64), np.zeros(0, "U1"))
    return Material(
        pictures=pictures,
        tracks=none,
        junk_inks=_junk(2_000, seed=1),
        junk_pictures=np.zeros((0, 28, 28), np.uint8),
        validation={"MNIST, people not trained on": Examples(checked.x, checked.y), "made-up junk": _junk_test()},
        tests={"MNIST test": Examples(test.x, test.y)},
    )


def _junk(count: int, seed: int) -> list[Ink]:
    rng = np.random.default_rng(seed)
    return [make_junk(rng, []) for _ in range(count)]


def _junk_test() -> Examples:
    rasters = np.stack([rasterise(ink) for ink in _junk(VALIDATION_JUNK, seed=2)])
    return Examples(rasters, np.full(VALIDATION_JUNK, len(DIGITS)))


RECIPE = Recipe(
    labels=DIGITS,
    load=mnist_alone,
    sources=("mnist",),
    notes=(),
    epochs=EPOCHS,
    pictures=40_000,
    tracks=0,
    prototypes=0,
    junk=4_000,
)


def base(data: Path | None, cache: Path) -> Bundle:
    """The base taught with MNIST alone, from the folder `cache` or trained now and kept there."""
    try:
        return load_bundle(cache)
    except BundleError:
        bundle, _ = train("digits", RECIPE, RECIPE.load(data), seed=SEED, progress=False)
        save_bundle(bundle, cache)
        return bundle
