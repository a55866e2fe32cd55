"""A training recipe for a recognizer in a folder (`ml.data.recognizer_folder`), with its test and calibration parts.

A fifth of the writers is kept out as the test and a tenth to calibrate on. Where the drawings name no
writers, or fewer than ten, the same shares of each label are, by the hash of the drawing; the notes
say what the figures are worth then.
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

FEWEST = 5  # drawings of a label: three to study, one to calibrate on, one for the test
FEWEST_WRITERS = 10  # below, a fifth of them is no sample of strangers
EPOCHS = 16
BATCH = 32  # few drawings are few steps, and the statistics of the normalisations need some hundred to settle
VARIED = 30  # times a drawing is seen in one epoch, each time in another hand
SMALLEST_EPOCH, MANY, LARGEST_EPOCH = 2_400, 12_000, 60_000  # drawings
JUNK = 0.15  # of an epoch is junk
CALIBRATING = 300  # drawings, variations of the kept-out ones where those are fewer
JUNK_CHECKED = 300  # made-up junk drawings, to calibrate on and again to test with

STRANGERS = "A fifth of the writers was kept out, so the figures are of hands that were not studied."
MAYBE_THE_SAME = (
    "The drawings name no writers, or too few, so a fifth of each label was kept out by hash: a hand may be on both "
    "sides, and the figures are kinder than they would be of strangers."
)

TEST_NAME = "kept-out drawings"
NEGATIVES_TEST_NAME = "made-up junk"


def recipe_from_folder(folder: Path, *, progress: Progress = no_progress) -> tuple[str, Recipe]:
    """The slug of the recognizer in a folder, and how it is trained. Raises FolderError."""
    described, drawn = read_folder(folder, progress=progress)
    _check_counts(described, drawn)
    parts, by_writer = split_drawings(drawn, len(described.labels))
    material = _material(described, *parts)
    return described.slug, _recipe(described, material, _notes(described, drawn, parts, by_writer=by_writer))


def _check_counts(described: RecognizerDescription, drawn: Sequence[FolderDrawing]) -> None:
    counts = Counter(drawing.label for drawing in drawn)
    for place, label in enumerate(described.labels):
        if counts[place] < FEWEST:
            raise FolderError(
                f"The label {label['slug']} has {counts[place]} different drawings; at least {FEWEST} are needed. "
                "Ten give a first idea, a hundred by several people something to rely on."
            )


# Who is studied, and who is kept out

Parts = tuple[list[FolderDrawing], list[FolderDrawing], list[FolderDrawing]]


def split_drawings(drawn: Sequence[FolderDrawing], labels: int) -> tuple[Parts, bool]:
    """What to study, to calibrate on and to test with, and whether these are different writers."""
    writers = {drawing.writer for drawing in drawn}
    if "" not in writers and len(writers) >= FEWEST_WRITERS:
        parts = _by_writer(drawn, writers)
        if all(len({drawing.label for drawing in part}) == labels for part in parts):
            return parts, True
    return _by_drawing(drawn, labels), False


def _by_writer(drawn: Sequence[FolderDrawing], writers: set[str]) -> Parts:
    tested = held_out_writers(writers)
    checked = first_by_hash(writers - set(tested), max(1, len(writers) // (2 * HELD_OUT_EVERY)))
    return (
        [drawing for drawing in drawn if drawing.writer not in {*tested, *checked}],
        [drawing for drawing in drawn if drawing.writer in checked],
        [drawing for drawing in drawn if drawing.writer in tested],
    )


def _by_drawing(drawn: Sequence[FolderDrawing], labels: int) -> Parts:
    parts: Parts = ([], [], [])
    for label in range(labels):
        those = sorted((drawing for drawing in drawn if drawing.label == label), key=_hash)
        tests, checks = len(those) // HELD_OUT_EVERY, max(1, len(those) // (2 * HELD_OUT_EVERY))
        for part, chosen in zip(
            parts, (those[tests + checks :], those[tests : tests + checks], those[:tests]), strict=True
        ):
            part.extend(chosen)
    return parts


def _hash(drawing: FolderDrawing) -> str:
    return hashlib.sha256(drawing.key.encode()).hexdigest()


# What is made of them


def _material(
    described: RecognizerDescription,
    studied: list[FolderDrawing],
    checked: list[FolderDrawing],
    tested: list[FolderDrawing],
) -> Material:
    spec = described.raster
    rng = np.random.default_rng(0)
    return Material(
        pictures=_pictures([drawing for drawing in studied if drawing.ink is None], spec),
        tracks=_tracks([drawing for drawing in studied if drawing.ink is not None]),
        negative_inks=[],
        negative_rasters=np.zeros((0, spec.size, spec.size), np.uint8),
        validation={TEST_NAME: _calibrate(checked, spec, rng), NEGATIVES_TEST_NAME: _junk(described, rng)},
        tests={
            TEST_NAME: Examples(_rasters(tested, spec), _labels(tested), [drawing.writer for drawing in tested]),
            NEGATIVES_TEST_NAME: _junk(described, rng),
        },
        skipped_negatives=described.skipped_negatives,
    )


def _pictures(drawn: Sequence[FolderDrawing], spec: RasterSpec) -> Pictures:
    return Pictures(_rasters(drawn, spec), _labels(drawn), np.array([drawing.writer for drawing in drawn]))


def _tracks(drawn: Sequence[FolderDrawing]) -> Tracks:
    inks = [drawing.ink for drawing in drawn if drawing.ink is not None]
    return Tracks(inks, _labels(drawn), np.array([drawing.writer for drawing in drawn]))


def _rasters(drawn: Sequence[FolderDrawing], spec: RasterSpec) -> np.ndarray:
    rasters = [drawing.raster if drawing.ink is None else rasterise(drawing.ink, spec) for drawing in drawn]
    return np.array(rasters, np.uint8).reshape(-1, spec.size, spec.size)


def _labels(drawn: Sequence[FolderDrawing]) -> np.ndarray:
    return np.array([drawing.label for drawing in drawn], np.int64)


def _calibrate(checked: Sequence[FolderDrawing], spec: RasterSpec, rng: np.random.Generator) -> Examples:
    """Drawings to calibrate on; a handful of them would call any network perfect, so they are varied too."""
    times = -(-CALIBRATING // len(checked))
    plain = Examples(_rasters(checked, spec), _labels(checked))
    varied = [np.stack([_vary(drawing, spec, rng) for drawing in checked]) for _ in range(times - 1)]
    return Examples(np.concatenate([plain.x, *varied]), np.tile(plain.y, times))


def _vary(drawing: FolderDrawing, spec: RasterSpec, rng: np.random.Generator) -> np.ndarray:
    if drawing.ink is not None:
        return augment_ink(drawing.ink, rng, spec)
    varied: np.ndarray = augment_rasters(_rasters([drawing], spec), rng, spec=spec)[0]
    return varied


def _junk(described: RecognizerDescription, rng: np.random.Generator) -> Examples:
    inks = [make_negative(rng, [], skipped=described.skipped_negatives) for _ in range(JUNK_CHECKED)]
    rasters = np.stack([rasterise(ink, described.raster) for ink in inks])
    return Examples(rasters, np.full(JUNK_CHECKED, len(described.labels)))


def _recipe(described: RecognizerDescription, material: Material, notes: Sequence[str]) -> Recipe:
    pictures, tracks = len(material.pictures.y), len(material.tracks.y)
    drawings = min(max(VARIED * (pictures + tracks), SMALLEST_EPOCH), LARGEST_EPOCH)
    drawn = round(drawings * (1 - JUNK) * pictures / (pictures + tracks))
    return Recipe(
        labels=described.labels,
        title=described.title,
        prompt=described.prompt,
        raster=described.raster,
        load=lambda data: material,
        sources=(),
        notes=notes,
        epochs=EPOCHS,
        pictures=drawn,
        tracks=round(drawings * (1 - JUNK)) - drawn,
        prototypes=0,
        junk=round(drawings * JUNK),
        batch=BATCH if drawings < MANY else Recipe.batch,
    )


# What the figures are worth


def _kinds(described: RecognizerDescription) -> list[str]:
    return ["scribble", *(kind for kind in NEGATIVE_KINDS if kind not in described.skipped_negatives)]


def _notes(
    described: RecognizerDescription, drawn: Sequence[FolderDrawing], parts: Parts, *, by_writer: bool
) -> tuple[str, ...]:
    counts = Counter(drawing.label for drawing in drawn)
    ranked = sorted((counts[place], label["name"]) for place, label in enumerate(described.labels))
    (fewest, least), (most, largest) = ranked[0], ranked[-1]
    tested = len(parts[2])
    return (
        f"Trained from a folder of {len(drawn):,} drawings, {fewest:,} ({least}) to {most:,} ({largest}) of a label.",
        STRANGERS if by_writer else MAYBE_THE_SAME,
        f"{tested:,} drawings were kept out for the test: by chance alone a figure of so many may be off by up to "
        f"{100 * margin_of_error(tested):.0f} points.",
        f"The junk is made up ({', '.join(_kinds(described))}); no junk that people drew was tested.",
    )
