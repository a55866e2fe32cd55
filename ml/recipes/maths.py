"""The recipe of the recognizer of mathematical symbols.

Its labels are in `maths_labels.json`, one for each shape, which `python -m ml symbols` made without looking at a
drawing. It has two sources: Detexify's strokes, and HASYv2's pictures of those symbols that both have. Nine in ten of
HASYv2's pictures are drawings from Detexify too, so a picture that is the same drawing as a held-out one is dropped.

A tenth of Detexify's drawings is the test, by the hash of their key, and at least one of each command. HASYv2 is split
by who drew: half of the people, apart from the one number under which it has Detexify's drawings, are the test.
"""

from __future__ import annotations

import json
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml.augmentation.augment import fit_picture
from ml.data import loaders
from ml.data.loaders import Pictures, Tracks
from ml.data.symbols import load_symbol_pictures, load_symbol_tracks
from ml.preprocessing.ink import RasterSpec, rasterise
from ml.recipes.base import AVERAGED, PYRAMID, Examples, Material, Recipe, is_one_in, made_up_negatives
from ml.recipes.same_lines import has_twin

TABLE = Path(__file__).parent / "maths_labels.json"
GLYPHS = Path(__file__).parent / "maths_glyphs.svg"

TEST_EVERY = 10  # one drawing of Detexify in ten is in the test
VALIDATION_EVERY = 30  # one of the others in thirty is kept to calibrate on
IMPORTED = 16925  # the number under which HASYv2 has Detexify's drawings
TEST_PEOPLE_EVERY = 2  # of the other people of HASYv2, one in two is in the test
PICTURES_PER_LABEL = 500  # of HASYv2 are used at most, and fewer for fine-tuning
REPLAYED_PER_LABEL = 50
TRACKS_PER_LABEL = 40  # labels with fewer drawings have them several times in an epoch
# Mean distance of lines in pixels of MATHS_RASTER below which a picture counts as the same drawing (see `has_twin`).
# Measured on symbols that no two people draw alike, as \Im: 0.2 to 0.55 for the same drawing, above 0.75 for others.
# Simple symbols have pictures of other drawings below it. They are dropped too.
TWIN_BELOW = 0.6

# HASYv2's names of symbols that Detexify's list writes otherwise.
HASY_NAMES = {
    "-": "line", "<": "textless", ">": "textgreater", r"\mathbb{R}": "double-struck-capital-r",
    r"\mathbb{Q}": "double-struck-capital-q", r"\mathbb{N}": "double-struck-capital-n",
    r"\mathbb{Z}": "double-struck-capital-z", r"\mathbb{H}": "double-struck-capital-h",
}  # fmt: skip

# Things of Quick, Draw! that no symbol looks like, as negative examples. There are symbols of a clock, a face, a bell.
NEGATIVE_WORDS = ("airplane", "bicycle", "bird", "cat", "dog", "flower", "house", "pants", "pig", "radio", "tree")
NEGATIVES_TESTED_EVERY = 10  # one of these drawings in ten is in the test
# These made-up negatives look like symbols.
LOOK_ALIKES = ("zigzag", "spiral", "dots", "grid", "cross", "star", "arrow")

MATHS_RASTER = RasterSpec(size=32, box=30, pen=1.5, centre="box")


@cache
def read_table() -> list[dict[str, Any]]:
    """The labels, with the ids of their `commands` in Detexify's list."""
    table: list[dict[str, Any]] = json.loads(TABLE.read_text("utf-8"))
    return table


class _Drawings(NamedTuple):
    """Drawings of both sources, each split."""

    tracks: Tracks
    """Detexify's; `y` is the label."""
    commands: list[str]
    """The ids of their commands."""
    track_test: np.ndarray
    track_validation: np.ndarray
    track_rasters: np.ndarray
    """Of all of Detexify's, uint8 (n, size, size)."""
    pictures: Pictures
    """HASYv2's as rasters; `y` is the label, `group` who drew."""
    picture_test: np.ndarray


def load_maths(data: Path | None, *, per_label: int = PICTURES_PER_LABEL) -> Material:
    """Detexify's strokes and up to `per_label` pictures of HASYv2 of each label, both split; things as negatives."""
    negative_inks = loaders.load_drawings_of(NEGATIVE_WORDS, data)
    drawings = split_drawings(data, per_label)
    tracks, pictures, labels = drawings.tracks, drawings.pictures, len(LABELS)
    rasters = drawings.track_rasters
    train = np.flatnonzero(~drawings.track_test & ~drawings.track_validation)
    held_out = Examples(rasters[drawings.track_test], tracks.y[drawings.track_test])
    by_people = Examples(pictures.x[drawings.picture_test], pictures.y[drawings.picture_test])
    things = np.stack([rasterise(ink, MATHS_RASTER) for ink in negative_inks[::NEGATIVES_TESTED_EVERY]])
    return Material(
        pictures=loaders.select_rows(pictures, np.flatnonzero(~drawings.picture_test)),
        tracks=loaders.select_rows(tracks, _even_out(tracks.y, train, labels)),
        negative_inks=[ink for row, ink in enumerate(negative_inks) if row % NEGATIVES_TESTED_EVERY],
        negative_rasters=np.zeros((0, MATHS_RASTER.size, MATHS_RASTER.size), np.uint8),
        validation={
            "strokes, not trained on": Examples(
                rasters[drawings.track_validation], tracks.y[drawings.track_validation]
            ),
            "made-up junk": made_up_negatives([], labels, MATHS_RASTER, skipped=LOOK_ALIKES),
        },
        tests={
            "Detexify, kept out": held_out,
            "HASYv2, other people": by_people,
            "things (junk)": Examples(things, np.full(len(things), labels)),
        },
        base_test={"detexify": held_out, "hasy": by_people},
        distinct_counts=np.bincount(
            np.concatenate([tracks.y[train], pictures.y[~drawings.picture_test]]), minlength=labels
        ),
        counts={
            "detexify": len(tracks.y),
            "hasy": len(pictures.y),
            "quickdraw": len(negative_inks),
        },
        skipped_negatives=LOOK_ALIKES,
    )


def split_drawings(data: Path | None, per_label: int = PICTURES_PER_LABEL) -> _Drawings:
    """The drawings of both sources with the part that each belongs to.

    Pictures of HASYv2 that are the same drawing as a held-out one of Detexify are dropped.
    """
    table = read_table()
    label_of = {command: label for label, entry in enumerate(table) for command in entry["commands"]}
    commands = list(label_of)
    tracks = load_symbol_tracks(commands, data)
    test = _choose_test(tracks)
    validation = ~test & np.array([is_one_in(VALIDATION_EVERY, f"check {key}") for key in tracks.group])
    labelled = Tracks(tracks.inks, np.array([label_of[commands[place]] for place in tracks.y], np.int64), tracks.group)
    pictures = _choose_pictures(data, per_label)
    by_others = pictures.group != IMPORTED
    picture_test = by_others & np.array([is_one_in(TEST_PEOPLE_EVERY, f"user {who}") for who in pictures.group])
    held_out = test | validation
    drawn = np.stack([rasterise(ink, MATHS_RASTER) for ink in labelled.inks])
    dropped = np.zeros(len(pictures.y), bool)
    for label in range(len(table)):
        rows = np.flatnonzero((pictures.group == IMPORTED) & (pictures.y == label))
        dropped[rows] = has_twin(pictures.x[rows], drawn[held_out & (labelled.y == label)], below=TWIN_BELOW)
    kept = np.flatnonzero(~dropped)
    drawn_commands = [commands[place] for place in tracks.y]
    return _Drawings(
        labelled, drawn_commands, test, validation, drawn, loaders.select_rows(pictures, kept), picture_test[kept]
    )


def _choose_test(tracks: Tracks) -> np.ndarray:
    """Which drawings are in the test, bool (n,). `y` is the command; each has at least one, that of the lowest hash."""
    hashes = [sha256(key.encode()).hexdigest() for key in tracks.group]
    test = np.array([is_one_in(TEST_EVERY, key) for key in tracks.group])
    for command in range(int(tracks.y.max()) + 1):
        rows = np.flatnonzero(tracks.y == command)
        if len(rows) and not test[rows].any():
            test[min(rows, key=lambda row: hashes[row])] = True
    return test


def _choose_pictures(data: Path | None, per_label: int) -> Pictures:
    """Up to `per_label` of Detexify's pictures of each label in HASYv2, always the same, and all by other people."""
    stored, symbols = load_symbol_pictures(data)
    label_of = np.array([label_of_symbol().get(symbol, -1) for symbol in symbols])[stored.y]
    order = np.random.default_rng(0).permutation(len(label_of))
    imported = stored.group[order] == IMPORTED
    chosen = [
        order[(label_of[order] == label) & is_import][:most]
        for label in range(len(LABELS))
        for is_import, most in ((imported, per_label), (~imported, None))
    ]
    rows = np.sort(np.concatenate(chosen))
    x = np.stack([fit_picture(picture, MATHS_RASTER) for picture in stored.x[rows]])
    return Pictures(x, label_of[rows], stored.group[rows])


def label_of_symbol() -> dict[str, int]:
    """The label of each of HASYv2's symbols that there is a label for, by its LaTeX."""
    found = {entry["code"]: label for label, row in reversed([*enumerate(LABELS)]) for entry in row["codes"]["latex"]}
    slugs = {row["slug"]: label for label, row in enumerate(LABELS)}
    return found | {name: slugs[slug] for name, slug in HASY_NAMES.items()}


def _even_out(y: np.ndarray, rows: np.ndarray, labels: int) -> np.ndarray:
    """The rows, with those of labels that have few of them several times."""
    each = [rows[y[rows] == label] for label in range(labels)]
    return np.concatenate([np.resize(found, max(len(found), TRACKS_PER_LABEL)) for found in each])


LABELS = [{key: value for key, value in row.items() if key != "commands"} for row in read_table()]

MATHS = Recipe(
    title="Maths",
    prompt="Draw {name}",
    labels=LABELS,
    glyphs=GLYPHS,
    raster=MATHS_RASTER,
    network=PYRAMID,
    load=load_maths,
    load_to_replay=partial(load_maths, per_label=REPLAYED_PER_LABEL),
    sources=("detexify", "hasy", "quickdraw"),
    examples_from=("detexify",),
    notes=(
        "A label is one shape with all its LaTeX commands: 1,123 commands are 830 labels, by a rule that looks at no "
        "drawing (docs/maths.md). An answer is right if the drawn command is one of its label.",
        "HASYv2 has 369 symbols. Its letters and digits have no label here and are in neither training nor test.",
        "The first cycle had 12 epochs. Three more epochs (`--onwards --epochs 3`), of which 70 % of the weights were "
        "taken, changed little: Detexify 81.2 -> 81.2 %, in the first five 98.12 -> 98.10 %, HASYv2 87.9 -> 88.2 %. "
        "Nothing else was tried: the first cycle was the first training of this network.",
    ),
    limits=(
        "Letters and digits, unless they are a symbol of their own: it has no plain Latin letters.",
        "Telling apart what differs in size or position only: it sees the shape alone.",
        "Symbols of which it saw few drawings: some labels were trained on two or three.",
    ),
    epochs=12,
    pictures=14_000,
    tracks=38_000,
    prototypes=0,
    junk=3_000,
    batch=128,
    full_minutes=8,
    learning=AVERAGED,
    further=3,
    moved=0.4,
    traced=0.7,
    variation=0.8,
    negative_pictures=0.5,
    unsure=0.025,
    start_share=0.7,
)
