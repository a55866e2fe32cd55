"""How a recognizer is trained from a folder of one's own (`ml.data.folder`): what is studied, and what is kept out.

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

from ml.augmentation.augment import draw_varied, vary_pictures
from ml.augmentation.negatives import SPARABLE, make_junk
from ml.data.folder import Described, Drawn, FolderError, read_folder
from ml.data.labelled_files import HELD_OUT, held_out_writers
from ml.data.loaders import Pictures, Tracks, first_by_hash
from ml.preprocessing.ink import RasterSpec, rasterise
from ml.progress import Progress, silent
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

TEST = "kept-out drawings"
JUNK_TEST = "made-up junk"


def recipe_from(folder: Path, *, progress: Progress = silent) -> tuple[str, Recipe]:
    """The slug of the recognizer in a folder, and how it is trained. Raises FolderError."""
    described, drawn = read_folder(folder, progress=progress)
    _check_counts(described, drawn)
    parts, by_writer = split(drawn, len(described.labels))
    material = _material(described, *parts)
    return described.slug, _recipe(described, material, _notes(described, drawn, parts, by_writer=by_writer))


def _check_counts(described: Described, drawn: Sequence[Drawn]) -> None:
    counts = Counter(drawing.label for drawing in drawn)
    for place, label in enumerate(described.labels):
        if counts[place] < FEWEST:
            raise FolderError(
                f"The label {label['slug']} has {counts[place]} different drawings; at least {FEWEST} are needed. "
                "Ten give a first idea, a hundred by several people something to rely on."
            )


# Who is studied, and who is kept out

Parts = tuple[list[Drawn], list[Drawn], list[Drawn]]


def split(drawn: Sequence[Drawn], labels: int) -> tuple[Parts, bool]:
    """What to study, to calibrate on and to test with, and whether these are different writers."""
    writers = {drawing.writer for drawing in drawn}
    if "" not in writers and len(writers) >= FEWEST_WRITERS:
        parts = _by_writer(drawn, writers)
        if all(len({drawing.label for drawing in part}) == labels for part in parts):
            return parts, True
    return _by_drawing(drawn, labels), False


def _by_writer(drawn: Sequence[Drawn], writers: set[str]) -> Parts:
    tested = held_out_writers(writers)
    checked = first_by_hash(writers - set(tested), max(1, len(writers) // (2 * HELD_OUT)))
    return (
        [drawing for drawing in drawn if drawing.writer not in {*tested, *checked}],
        [drawing for drawing in drawn if drawing.writer in checked],
        [drawing for drawing in drawn if drawing.writer in tested],
    )


def _by_drawing(drawn: Sequence[Drawn], labels: int) -> Parts:
    parts: Parts = ([], [], [])
    for label in range(labels):
        those = sorted((drawing for drawing in drawn if drawing.label == label), key=_hash)
        tests, checks = len(those) // HELD_OUT, max(1, len(those) // (2 * HELD_OUT))
        for part, chosen in zip(
            parts, (those[tests + checks :], those[tests : tests + checks], those[:tests]), strict=True
        ):
            part.extend(chosen)
    return parts


def _hash(drawing: Drawn) -> str:
    return hashlib.sha256(drawing.key.encode()).hexdigest()


# What is made of them


def _material(described: Described, studied: list[Drawn], checked: list[Drawn], tested: list[Drawn]) -> Material:
    spec = described.raster
    rng = np.random.default_rng(0)
    return Material(
        pictures=_pictures([drawing for drawing in studied if drawing.ink is None], spec),
        tracks=_tracks([drawing for drawing in studied if drawing.ink is not None]),
        junk_inks=[],
        junk_pictures=np.zeros((0, spec.size, spec.size), np.uint8),
        validation={TEST: _calibrate(checked, spec, rng), JUNK_TEST: _junk(described, rng)},
        tests={
            TEST: Examples(_rasters(tested, spec), _labels(tested), [drawing.writer for drawing in tested]),
            JUNK_TEST: _junk(described, rng),
        },
        spared=described.spared,
    )


def _pictures(drawn: Sequence[Drawn], spec: RasterSpec) -> Pictures:
    return Pictures(_rasters(drawn, spec), _labels(drawn), np.array([drawing.writer for drawing in drawn]))


def _tracks(drawn: Sequence[Drawn]) -> Tracks:
    inks = [drawing.ink for drawing in drawn if drawing.ink is not None]
    return Tracks(inks, _labels(drawn), np.array([drawing.writer for drawing in drawn]))


def _rasters(drawn: Sequence[Drawn], spec: RasterSpec) -> np.ndarray:
    rasters = [drawing.raster if drawing.ink is None else rasterise(drawing.ink, spec) for drawing in drawn]
    return np.array(rasters, np.uint8).reshape(-1, spec.size, spec.size)


def _labels(drawn: Sequence[Drawn]) -> np.ndarray:
    return np.array([drawing.label for drawing in drawn], np.int64)


def _calibrate(checked: Sequence[Drawn], spec: RasterSpec, rng: np.random.Generator) -> Examples:
    """Drawings to calibrate on; a handful of them would call any network perfect, so they are varied too."""
    times = -(-CALIBRATING // len(checked))
    plain = Examples(_rasters(checked, spec), _labels(checked))
    varied = [np.stack([_vary(drawing, spec, rng) for drawing in checked]) for _ in range(times - 1)]
    return Examples(np.concatenate([plain.x, *varied]), np.tile(plain.y, times))


def _vary(drawing: Drawn, spec: RasterSpec, rng: np.random.Generator) -> np.ndarray:
    if drawing.ink is not None:
        return draw_varied(drawing.ink, rng, spec)
    varied: np.ndarray = vary_pictures(_rasters([drawing], spec), rng, spec=spec)[0]
    return varied


def _junk(described: Described, rng: np.random.Generator) -> Examples:
    inks = [make_junk(rng, [], spared=described.spared) for _ in range(JUNK_CHECKED)]
    rasters = np.stack([rasterise(ink, described.raster) for ink in inks])
    return Examples(rasters, np.full(JUNK_CHECKED, len(described.labels)))


def _recipe(described: Described, material: Material, notes: Sequence[str]) -> Recipe:
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


def _kinds(described: Described) -> list[str]:
    return ["scribble", *(kind for kind in SPARABLE if kind not in described.spared)]


def _notes(described: Described, drawn: Sequence[Drawn], parts: Parts, *, by_writer: bool) -> tuple[str, ...]:
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
