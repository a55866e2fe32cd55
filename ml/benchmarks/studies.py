"""Who teaches a recognizer what, and who is measured: the data of `bench-learning` and `bench-gate`.

Each study has a base and people whose drawings it has never seen. The people approve drawings, as on the site; others,
of whom nothing is trained on, measure what the base has learned. Only the pen digits name their writers. Elsewhere
authors are made up: the drawings are divided at random, with a fixed seed, into authors of 20 drawings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml.augmentation.negatives import make_negative
from ml.bundles.bundle import Bundle, BundleError, load_bundle, save_bundle
from ml.data import loaders
from ml.data.approved import ApprovedDrawings, select_drawings
from ml.data.loaders import Pictures, Tracks
from ml.embeddings import replay_pack
from ml.evaluation.base_test import BaseTest, make_base_test, read_base_test, read_base_test_file, save_base_test
from ml.preprocessing.ink import DEFAULT_SPEC, Ink, RasterSpec, rasterise
from ml.recipes import bangla_digits, digits
from ml.recipes.base import VALIDATION_NEGATIVES, Examples, Material, Recipe, normalise_pictures
from ml.recipes.sketches import SKETCH_RASTER
from ml.training.train import SEED, train

EPOCHS = 6  # of a base, instead of thirty or more
TEST_WRITERS = 10  # of the 30 pen writers
DRAWINGS = 60  # the first of each pen writer
MADE_UP_DRAWINGS = 20  # of each made-up author
EXAM_EVERY = 5  # one author in five draws the exam
BANGLA_PART = "d"  # of NumtaDB: the collection of the people
BANGLA_DRAWINGS = 1_500  # that they approve


@dataclass(frozen=True)
class Study:
    """A base, the drawings that people approved, and those of others."""

    about: str
    """Whose drawings these are: a sentence."""
    base: Bundle
    base_test: BaseTest
    recipe: Recipe | None
    """That of the base; None for the recognizer's own."""
    people: ApprovedDrawings
    """With their authors. The base has seen none of them."""
    test: ApprovedDrawings
    """By other authors, of whom nothing is trained on."""
    test_examines: bool = False
    """Whether all people train and the others are the exam too; else a fifth of the people is the exam."""

    def parts(self) -> tuple[ApprovedDrawings, ApprovedDrawings]:
        """The drawings to train on and the exam of the run."""
        return (self.people, self.test) if self.test_examines else split_exam(self.people)


def authors_of(drawings: ApprovedDrawings) -> np.ndarray:
    """The number of the author of each drawing, int (n,)."""
    if drawings.authors is None:
        raise ValueError("The drawings of a study have authors.")
    return drawings.authors


def split_exam(people: ApprovedDrawings) -> tuple[ApprovedDrawings, ApprovedDrawings]:
    """The drawings to train on, and those of a fifth of the authors for the exam."""
    authors = np.unique(authors_of(people))
    names = loaders.first_by_hash(map(str, authors), len(authors) // EXAM_EVERY)
    examined = np.isin(authors_of(people), [int(name) for name in names])
    return select_drawings(people, ~examined), select_drawings(people, examined)


# Digits


def study_digits(data: Path | None, cache: Path, shipped: Path) -> Study:
    """Pen writers teach a base that was trained on MNIST only."""
    base, base_test = trained_base(data, cache / "digits")
    people, test = load_pen_drawings(data)
    return Study(
        f"A base trained on MNIST only. {len(np.unique(authors_of(people)))} pen writers approve the first {DRAWINGS} "
        f"digits of each; {len(np.unique(authors_of(test)))} others are the exam and measure.",
        base,
        base_test,
        MNIST_ONLY,
        people,
        test,
        test_examines=True,
    )


def load_pen_drawings(data: Path | None) -> tuple[ApprovedDrawings, ApprovedDrawings]:
    """Return the first drawings of the 20 writers to train on, and all of the 10 test writers."""
    tracks = loaders.load_pen_tracks(data)
    chosen = loaders.first_by_hash({str(name) for name in tracks.group}, TEST_WRITERS)
    test, rest = loaders.split_by_group(tracks, chosen)
    first = [np.flatnonzero(rest.group == name)[:DRAWINGS] for name in np.unique(rest.group)]
    return _approve_tracks(loaders.select_rows(rest, np.concatenate(first))), _approve_tracks(test)


def _approve_tracks(tracks: Tracks) -> ApprovedDrawings:
    rasters = np.stack([rasterise(ink) for ink in tracks.inks])
    authors = np.unique(tracks.group, return_inverse=True)[1]
    return ApprovedDrawings(rasters, list(tracks.inks), tracks.y.astype(np.int64), authors=authors)


def load_mnist_only(data: Path | None) -> Material:
    """Return MNIST and synthetic negatives, without any pen track."""
    pictures, checked, test = digits.load_mnist_parts(data)
    junk = np.stack([rasterise(ink) for ink in _junk(VALIDATION_NEGATIVES, seed=2)])
    mnist = Examples(test.x, test.y)
    return Material(
        pictures=pictures,
        tracks=loaders.Tracks([], np.zeros(0, np.int64), np.zeros(0, "U1")),
        negative_inks=_junk(2_000, seed=1),
        negative_rasters=np.zeros((0, 28, 28), np.uint8),
        validation={
            "MNIST, people not trained on": Examples(checked.x, checked.y),
            "made-up junk": Examples(junk, np.full(VALIDATION_NEGATIVES, len(digits.LABELS))),
        },
        tests={"MNIST test": mnist},
        base_test={"mnist": mnist},
    )


def _junk(count: int, seed: int) -> list[Ink]:
    rng = np.random.default_rng(seed)
    return [make_negative(rng, []) for _ in range(count)]


MNIST_ONLY = Recipe(
    labels=digits.LABELS,
    load=load_mnist_only,
    sources=("mnist",),
    notes=(),
    epochs=EPOCHS,
    pictures=40_000,
    tracks=0,
    prototypes=0,
    junk=4_000,
)


# Bangla digits


def study_bangla_digits(data: Path | None, cache: Path, shipped: Path) -> Study:
    """People of one collection of NumtaDB teach a base that was trained on the others."""
    base, base_test = trained_base(data, cache / "bangla-digits", NUMTADB_WITHOUT_A_PART, "bangla-digits")
    parts = [loaders.split_by_group(loaders.load_bangla(name, data), [BANGLA_PART])[0] for name in ("train", "test")]
    pictures = Pictures(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    people, test = _divide(pictures, DEFAULT_SPEC, BANGLA_DRAWINGS)
    return Study(
        f"A base trained on NumtaDB without its collection {BANGLA_PART}. Of that collection, made-up authors of "
        f"{MADE_UP_DRAWINGS} pictures approve {len(people.labels):,}; the other {len(test.labels):,} measure.",
        base,
        base_test,
        NUMTADB_WITHOUT_A_PART,
        people,
        test,
    )


def load_numtadb_without_a_part(data: Path | None) -> Material:
    """Return the material of the Bangla digits without the collection of the people.

    Raises DatasetError if the collections are not known.
    """
    train, test = (loaders.load_bangla(name, data) for name in ("train", "test"))
    if BANGLA_PART not in train.group:
        raise loaders.DatasetError(
            f"NumtaDB must have all {sum(loaders.NUMTADB_PARTS.values()):,} pictures, or its collections are not known."
        )
    train, test = (loaders.split_by_group(part, [BANGLA_PART])[1] for part in (train, test))
    return bangla_digits.make_material(train, test, data)


NUMTADB_WITHOUT_A_PART = replace(
    bangla_digits.BANGLA_DIGITS,
    load=load_numtadb_without_a_part,
    load_to_replay=None,
    epochs=EPOCHS,
    further=0,
    pictures=40_000,
    junk=4_000,
)


# Sketches


def study_sketches(data: Path | None, cache: Path, shipped: Path) -> Study:
    """Made-up authors of TU Berlin's careful sketches teach the shipped base, which was trained on quick ones."""
    pictures = loaders.load_tuberlin_words(data)
    people, test = _divide(pictures, SKETCH_RASTER, len(pictures.y) // 2)
    return _shipped_study(
        f"The shipped base. Of TU Berlin's sketches of {len(np.unique(pictures.y))} words, not trained on, "
        f"made-up authors of {MADE_UP_DRAWINGS} approve {len(people.labels)}; the other {len(test.labels)} measure.",
        shipped,
        people,
        test,
    )


# Shipped bases, for the gate


def study_shipped_digits(data: Path | None, cache: Path, shipped: Path) -> Study:
    """Pen writers teach the shipped base; the people of MNIST's test measure."""
    people, _ = load_pen_drawings(data)
    mnist = loaders.load_mnist("test", data)
    authors = np.unique(mnist.group, return_inverse=True)[1]
    test = ApprovedDrawings(normalise_pictures(mnist.x), [None] * len(mnist.y), mnist.y, authors=authors)
    return _shipped_study(
        f"The shipped base. {len(np.unique(authors_of(people)))} pen writers approve the first {DRAWINGS} digits of "
        f"each; the {len(np.unique(authors))} people of MNIST's test, not trained on, measure.",
        shipped,
        people,
        test,
    )


def study_shipped_bangla_digits(data: Path | None, cache: Path, shipped: Path) -> Study:
    """Made-up authors of NumtaDB's test teach the shipped base, which was not trained on it; others measure."""
    people, test = _divide(loaders.load_bangla("test", data), DEFAULT_SPEC, BANGLA_DRAWINGS)
    return _shipped_study(
        f"The shipped base. Of NumtaDB's test pictures, not trained on, made-up authors of {MADE_UP_DRAWINGS} approve "
        f"{len(people.labels):,}; the other {len(test.labels):,} measure.",
        shipped,
        people,
        test,
    )


def _shipped_study(about: str, shipped: Path, people: ApprovedDrawings, test: ApprovedDrawings) -> Study:
    return Study(about, load_bundle(shipped), read_base_test(read_base_test_file(shipped)), None, people, test)


def _divide(pictures: Pictures, spec: RasterSpec, count: int) -> tuple[ApprovedDrawings, ApprovedDrawings]:
    """About `count` of the pictures, and the others, divided among made-up authors at random, always the same."""
    order = np.random.default_rng(SEED).permutation(len(pictures.y))
    rasters, labels = normalise_pictures(pictures.x[order], spec), pictures.y[order]
    authors = np.arange(len(order)) // MADE_UP_DRAWINGS
    drawings = ApprovedDrawings(rasters, [None] * len(order), labels, authors=authors)
    chosen = authors < count // MADE_UP_DRAWINGS
    return select_drawings(drawings, chosen), select_drawings(drawings, ~chosen)


OpenStudy = Callable[[Path | None, Path, Path], Study]
"""Gets the folder of data sets, that of trained bases (a missing one is made: minutes) and that of the shipped bundle.
Raises DatasetError or BundleError."""

STUDIES: dict[str, OpenStudy] = {
    "digits": study_digits,
    "bangla-digits": study_bangla_digits,
    "sketches": study_sketches,
}
TRAINED_BASES = ("digits", "bangla-digits")  # the studies with a base of their own
SHIPPED_STUDIES: dict[str, OpenStudy] = {
    "digits": study_shipped_digits,
    "bangla-digits": study_shipped_bangla_digits,
    "sketches": study_sketches,
}


# The bases


def trained_base(
    data: Path | None, folder: Path, recipe: Recipe = MNIST_ONLY, recognizer: str = "digits"
) -> tuple[Bundle, BaseTest]:
    """Return the base of a recipe, with its replay pack, and its base test; made once and saved in `folder`."""
    try:
        return load_bundle(folder), read_base_test(read_base_test_file(folder))
    except BundleError:
        material = recipe.load(data)
        bundle, *_ = train(recognizer, recipe, material, seed=SEED, progress=False)
        bundle = bundle if bundle.rehearsal else replay_pack.add_replay_pack(bundle, material)
        base_test = make_base_test(bundle, material)
        save_bundle(bundle, folder)
        save_base_test(base_test, folder)
        return bundle, base_test
