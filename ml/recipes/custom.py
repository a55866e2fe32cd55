"""Make a recipe from a recognizer folder (`ml.data.recognizer_folder`): split its drawings and set the training.

A fifth of the writers is the test, and a tenth is kept to calibrate on. Where the drawings name no writers, or fewer
than ten, the same shares of each label are taken, by the hash of the drawing; the notes say what the figures are worth
then.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml.augmentation.augment import augment_ink, augment_rasters
from ml.augmentation.negatives import NEGATIVE_KINDS, make_negative
from ml.data.labelled_files import HELD_OUT_EVERY, held_out_writers
from ml.data.loaders import Pictures, Tracks, first_by_hash
from ml.data.recognizer_folder import FolderDrawing, FolderError, RecognizerDescription, read_folder
from ml.preprocessing.ink import RasterSpec, rasterise
from ml.progress import Progress, no_progress
from ml.recipes.base import Examples, Material, Recipe
from ml.statistics import margin_of_error

MIN_DRAWINGS = 5  # of a label: three to train on, one to calibrate on, one for the test
MIN_WRITERS = 10  # a fifth of fewer is too few to stand for people who were not trained on
EPOCHS = 16
SMALL_BATCH = 32  # few drawings give few steps, and batch normalisation needs some hundred steps to settle
REPEATS = 30  # times that each drawing is in an epoch, varied differently each time
MIN_EPOCH, LARGE_EPOCH, MAX_EPOCH = 2_400, 12_000, 60_000  # drawings; from LARGE_EPOCH on, the usual batch is used
NEGATIVE_SHARE = 0.15  # of an epoch
MIN_CALIBRATION = 300  # drawings to calibrate on; fewer are filled up with variations of them
CALIBRATION_NEGATIVES = 300  # to calibrate on, and as many again to test with

SPLIT_BY_WRITER = (
    "A fifth of the writers was kept out, so the figures are of people whose drawings were not trained on."
)
SPLIT_BY_DRAWING = (
    "The drawings name no writers, or too few, so a fifth of each label was kept out by hash. The same person may have "
    "drawn in both parts, so the figures are better than they would be for other people."
)

TEST_NAME = "kept-out drawings"
NEGATIVES_TEST_NAME = "made-up junk"


def recipe_from_folder(folder: Path, *, progress: Progress = no_progress) -> tuple[str, Recipe]:
    """The slug of the recognizer in a folder, and its recipe. Raises FolderError."""
    description, drawings = read_folder(folder, progress=progress)
    counts = Counter(drawing.label for drawing in drawings)
    for index, label in enumerate(description.labels):
        if counts[index] < MIN_DRAWINGS:
            raise FolderError(
                f"The label {label['slug']} has {counts[index]} different drawings; at least {MIN_DRAWINGS} are "
                "needed. Ten are enough for a first trial, a hundred by several people for good results."
            )
    parts, by_writer = split_drawings(drawings, len(description.labels))
    material = _make_material(description, *parts)
    notes = _notes(description, counts, tested=len(parts[2]), by_writer=by_writer)
    return description.slug, _make_recipe(description, material, notes)


# Splitting

Drawings = Sequence[FolderDrawing]
Parts = tuple[list[FolderDrawing], list[FolderDrawing], list[FolderDrawing]]


def split_drawings(drawings: Drawings, labels: int) -> tuple[Parts, bool]:
    """The drawings to train on, to calibrate on and to test with, and whether these are of different writers."""
    writers = {drawing.writer for drawing in drawings}
    if "" not in writers and len(writers) >= MIN_WRITERS:
        parts = _split_by_writer(drawings, writers)
        if all(len({drawing.label for drawing in part}) == labels for part in parts):
            return parts, True
    return _split_by_drawing(drawings, labels), False


def _split_by_writer(drawings: Drawings, writers: set[str]) -> Parts:
    test = held_out_writers(writers)
    validation = first_by_hash(writers - set(test), max(1, len(writers) // (2 * HELD_OUT_EVERY)))
    return (
        [drawing for drawing in drawings if drawing.writer not in {*test, *validation}],
        [drawing for drawing in drawings if drawing.writer in validation],
        [drawing for drawing in drawings if drawing.writer in test],
    )


def _split_by_drawing(drawings: Drawings, labels: int) -> Parts:
    parts: Parts = ([], [], [])
    for label in range(labels):
        of_label = [drawing for drawing in drawings if drawing.label == label]
        of_label.sort(key=lambda drawing: hashlib.sha256(drawing.key.encode()).hexdigest())
        tests, checks = len(of_label) // HELD_OUT_EVERY, max(1, len(of_label) // (2 * HELD_OUT_EVERY))
        parts[0].extend(of_label[tests + checks :])
        parts[1].extend(of_label[tests : tests + checks])
        parts[2].extend(of_label[:tests])
    return parts


# Material


def _make_material(
    description: RecognizerDescription, train: Drawings, validation: Drawings, test: Drawings
) -> Material:
    spec = description.raster
    rng = np.random.default_rng(0)
    pictures = [drawing for drawing in train if drawing.ink is None]
    inks = [drawing for drawing in train if drawing.ink is not None]
    forms = {
        "strokes": [drawing for drawing in test if drawing.ink is not None],
        "pictures": [drawing for drawing in test if drawing.ink is None],
    }
    return Material(
        pictures=Pictures(_rasters(pictures, spec), _labels(pictures), _writers(pictures)),
        tracks=Tracks([drawing.ink for drawing in inks if drawing.ink], _labels(inks), _writers(inks)),
        negative_inks=[],
        negative_rasters=np.zeros((0, spec.size, spec.size), np.uint8),
        validation={
            TEST_NAME: _calibration_examples(validation, spec, rng),
            NEGATIVES_TEST_NAME: _negatives(description, rng),
        },
        tests={
            TEST_NAME: Examples(_rasters(test, spec), _labels(test), [drawing.writer for drawing in test]),
            NEGATIVES_TEST_NAME: _negatives(description, rng),
        },
        base_test={form: Examples(_rasters(drawn, spec), _labels(drawn)) for form, drawn in forms.items()},
        skipped_negatives=description.skipped_negatives,
    )


def _rasters(drawings: Drawings, spec: RasterSpec) -> np.ndarray:
    rasters = [drawing.raster if drawing.ink is None else rasterise(drawing.ink, spec) for drawing in drawings]
    return np.array(rasters, np.uint8).reshape(-1, spec.size, spec.size)


def _labels(drawings: Drawings) -> np.ndarray:
    return np.array([drawing.label for drawing in drawings], np.int64)


def _writers(drawings: Drawings) -> np.ndarray:
    return np.array([drawing.writer for drawing in drawings])


def _calibration_examples(drawings: Drawings, spec: RasterSpec, rng: np.random.Generator) -> Examples:
    """The drawings with variations of them. On a handful of drawings, any network would seem to be always right."""
    repeats = -(-MIN_CALIBRATION // len(drawings))  # rounded up
    varied = [
        augment_rasters(_rasters([drawing], spec), rng, spec=spec)
        if drawing.ink is None
        else augment_ink(drawing.ink, rng, spec)[np.newaxis]
        for _ in range(repeats - 1)
        for drawing in drawings
    ]
    return Examples(np.concatenate([_rasters(drawings, spec), *varied]), np.tile(_labels(drawings), repeats))


def _negatives(description: RecognizerDescription, rng: np.random.Generator) -> Examples:
    inks = [make_negative(rng, [], skipped=description.skipped_negatives) for _ in range(CALIBRATION_NEGATIVES)]
    rasters = np.stack([rasterise(ink, description.raster) for ink in inks])
    return Examples(rasters, np.full(CALIBRATION_NEGATIVES, len(description.labels)))


# Recipe


def _make_recipe(description: RecognizerDescription, material: Material, notes: Sequence[str]) -> Recipe:
    pictures, tracks = len(material.pictures.y), len(material.tracks.y)
    epoch = min(max(REPEATS * (pictures + tracks), MIN_EPOCH), MAX_EPOCH)
    pictures_per_epoch = round(epoch * (1 - NEGATIVE_SHARE) * pictures / (pictures + tracks))
    return Recipe(
        labels=description.labels,
        title=description.title,
        prompt=description.prompt,
        raster=description.raster,
        load=lambda data: material,
        sources=(),
        notes=notes,
        epochs=EPOCHS,
        pictures=pictures_per_epoch,
        tracks=round(epoch * (1 - NEGATIVE_SHARE)) - pictures_per_epoch,
        prototypes=0,
        junk=round(epoch * NEGATIVE_SHARE),
        batch=SMALL_BATCH if epoch < LARGE_EPOCH else Recipe.batch,
    )


def _notes(
    description: RecognizerDescription, counts: Counter[int], *, tested: int, by_writer: bool
) -> tuple[str, ...]:
    """What the figures are worth, for the model card."""
    ranked = sorted((counts[index], label["name"]) for index, label in enumerate(description.labels))
    (fewest, rarest), (most, commonest) = ranked[0], ranked[-1]
    kinds = ["scribble", *(kind for kind in NEGATIVE_KINDS if kind not in description.skipped_negatives)]
    return (
        f"Trained from a folder of {counts.total():,} drawings, from {fewest:,} ({rarest}) to {most:,} ({commonest}) "
        "per label.",
        SPLIT_BY_WRITER if by_writer else SPLIT_BY_DRAWING,
        f"{tested:,} drawings were kept out for the test. With so many, a figure can be wrong by up to "
        f"{100 * margin_of_error(tested):.0f} percentage points by chance.",
        f"The negative examples are synthetic ({', '.join(kinds)}); none that people drew were tested.",
    )
