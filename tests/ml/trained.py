"""Three synthetic digits, and a small base that is trained on them a little."""

from __future__ import annotations

import numpy as np

from ml.augmentation.augment import augment_ink
from ml.augmentation.negatives import make_negative
from ml.augmentation.synthetic_digits import write_digit
from ml.benchmarks.studies import Study
from ml.bundles.build import export_bundle
from ml.bundles.bundle import Bundle, with_history
from ml.data.approved import ApprovedDrawings
from ml.data.loaders import Pictures, Tracks
from ml.embeddings import replay_pack
from ml.evaluation.base_test import make_base_test
from ml.preprocessing.ink import Ink, rasterise
from ml.recipes.base import Examples, Material, Recipe
from tests.ml.tiny import HISTORY, LABELS, tiny_network

OTHER = len(LABELS)


def inks(count: int, seed: int) -> tuple[list[Ink], np.ndarray]:
    """Zeros, ones and twos in turn, each written anew, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(LABELS)
    return [write_digit(int(label), rng) for label in labels], labels


def approved_drawings(count: int, seed: int, *, authors: np.ndarray | None = None) -> ApprovedDrawings:
    drawn, labels = inks(count, seed)
    return ApprovedDrawings(np.stack([rasterise(ink) for ink in drawn]), list(drawn), labels, authors=authors)


def unreviewed_drawings(count: int, seed: int, authors: np.ndarray) -> ApprovedDrawings:
    return approved_drawings(count, seed, authors=authors)._replace(unreviewed=np.ones(count, bool))


def foreign_drawings(count: int, seed: int) -> ApprovedDrawings:
    """Twos in a style that nothing was trained on: they look like fours."""
    rng = np.random.default_rng(seed)
    drawn = [write_digit(4, rng) for _ in range(count)]
    return ApprovedDrawings(np.stack([rasterise(ink) for ink in drawn]), list(drawn), np.full(count, 2))


def examples(count: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    drawn, labels = inks(count, seed)
    return Examples(np.stack([augment_ink(ink, rng, strength=0.5) for ink in drawn]), labels)


def junk(count: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    drawn = [make_negative(rng, []) for _ in range(count)]
    return Examples(np.stack([rasterise(ink) for ink in drawn]), np.full(count, OTHER))


def material() -> Material:
    pictures, (tracks, labels) = examples(150, 1), inks(60, 2)
    rng = np.random.default_rng(3)
    return Material(
        pictures=Pictures(pictures.x, pictures.y, np.array([""] * 150)),
        tracks=Tracks(tracks, labels, np.array(["somebody"] * 60)),
        negative_inks=[make_negative(rng, []) for _ in range(30)],
        negative_rasters=junk(10, 4).x,
        latin=True,
        validation={"digits": examples(90, 5), "junk": junk(40, 6)},
        tests={"other junk": junk(40, 7), "other digits": examples(300, 8), "yet other digits": examples(30, 9)},
        base_test={"mnist": examples(300, 8), "pendigits": examples(30, 9)},
    )


def recipe(known: Material) -> Recipe:
    return Recipe(
        labels=LABELS,
        load=lambda data: known,
        sources=("mnist", "bhmsds"),
        notes=(),
        epochs=1,
        pictures=300,
        tracks=200,
        prototypes=0,
        junk=150,
        batch=16,
    )


def base(known: Material) -> Bundle:
    """A small network, trained a little, exported in 8 bits like the shipped ones, with its replay pack."""
    study = examples(600, 10)
    other = junk(150, 11)
    model = tiny_network(OTHER + 1)
    model.compile("adam", {"probabilities": "sparse_categorical_crossentropy", "embedding": None})
    x = np.concatenate([study.x, other.x])[..., None].astype(np.float32) / 255
    model.fit(x, {"probabilities": np.concatenate([study.y, other.y])}, epochs=6, batch_size=32, verbose=0)
    bundle = export_bundle(
        model,
        recognizer="three-digits",
        labels=LABELS,
        unsure_below=0.5,
        probe=study.x[:12],
        metrics={},
        training={"sources": ["mnist"], "seed": 1},
        quantise=True,
    )
    return replay_pack.add_replay_pack(with_history(bundle, HISTORY), known)


def study(base: Bundle, known: Material) -> Study:
    """Ten authors of twenty drawings whom the base has never seen, and three others."""
    people, others = (
        approved_drawings(20 * authors, seed, authors=np.repeat(np.arange(authors), 20))
        for authors, seed in ((10, 30), (3, 31))
    )
    return Study("Synthetic digits.", base, make_base_test(base, known), None, people, others)
