"""What the recognizer of quick sketches learns from, and how it is measured.

Three sources see the same thing differently: strokes, Google's own 28 x 28 pictures, and TU Berlin's
careful drawings. Strokes are drawn as Google drew its pictures (the longest side 25 to 26 pixels, a line of
1.5), and its pictures are taken as they are, so that the two cannot be told apart: a network that learned
from pictures alone would know only half of what people draw in a browser otherwise.

A fifth of each word is kept out: strokes by the hash of their key, pictures by their place. Some drawings
are there both as strokes and as a picture; of such twins none is studied whose other half is kept out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ml import datasets
from ml.augment import fit_picture
from ml.datasets import Pictures
from ml.ink import RasterSpec, rasterise
from ml.material import AVERAGED, RESIDUAL, Examples, Material, Recipe, made_up_junk, normalise
from ml.sources import THIRTY_WORDS

KEPT_OUT = 5  # one drawing of each word in so many
VALIDATION = 20  # one of the others in so many is kept to calibrate on
FREQUENT = 1_000  # drawings; words of fewer are reported apart
SCARCE_TIMES = 8  # so often a picture of such a word is in an epoch
CAREFUL_TIMES = 4  # so often one of TU Berlin's
TWIN = 25.0  # grey levels, root mean square; twins are at 4 to 15, strangers above 30
BESIDE = (-1, 0, 1)  # pixels that twins may lie beside each other

SPEC = RasterSpec(size=26, box=25.5, pen=1.5)

# What stands in "Draw ...": with an article where there is one.
_AN = {"airplane", "alarm clock", "apple", "arm", "ear", "eye"}
_PLAIN = {"pants"}


def _article(word: str) -> str:
    return word if word in _PLAIN else f"an {word}" if word in _AN else f"a {word}"


LABELS = [
    {"slug": word.replace(" ", "-"), "glyph": "", "name": word, "prompt": _article(word)} for word in THIRTY_WORDS
]


def load_sketches(data: Path | None) -> Material:
    """Strokes, pictures and careful sketches, each split; letters of alphabets and made-up drawings as junk."""
    tracks, bitmaps = datasets.load_sketch_tracks(data), datasets.load_sketch_bitmaps(data)
    careful = datasets.load_careful_sketches(data)
    drawn = np.stack([rasterise(ink, SPEC) for ink in tracks.inks])
    pictures, sketches = (Pictures(normalise(part.x, SPEC), part.y, part.group) for part in (bitmaps, careful))
    hidden = np.array([_share(str(key), KEPT_OUT) for key in tracks.group])
    laid, put = bitmaps.group % KEPT_OUT == KEPT_OUT - 1, careful.group % KEPT_OUT == KEPT_OUT - 1
    known_strokes, known_pictures = _known_twins(drawn, tracks.y, hidden, pictures, laid)
    checked = np.array([_share(f"check {key}", VALIDATION) for key in tracks.group])
    looked_at = bitmaps.group % VALIDATION == 0
    studied_strokes, studied_pictures = ~hidden & ~known_strokes, ~laid & ~known_pictures
    counts = np.bincount(np.concatenate([tracks.y, bitmaps.y]), minlength=len(LABELS))
    frequent = counts >= FREQUENT
    characters = datasets.load_foreign_characters("test", data)
    return Material(
        pictures=_studied(
            datasets.take(pictures, np.flatnonzero(studied_pictures & ~looked_at)),
            datasets.take(sketches, np.flatnonzero(~put)),
            frequent,
        ),
        tracks=datasets.take(tracks, np.flatnonzero(studied_strokes & ~checked)),
        junk_inks=[],
        junk_pictures=np.stack([fit_picture(x, SPEC) for x in datasets.load_foreign_characters("train", data).x]),
        validation={
            "strokes, not trained on": _examples(drawn, tracks.y, studied_strokes & checked),
            "pictures, not trained on": _examples(pictures.x, pictures.y, studied_pictures & looked_at),
            "made-up junk": made_up_junk([], len(LABELS), SPEC),
        },
        tests={
            "kept-out strokes": _examples(drawn, tracks.y, hidden & frequent[tracks.y]),
            "kept-out pictures": _examples(pictures.x, pictures.y, laid & frequent[pictures.y]),
            "kept-out pictures of scarce words": _examples(pictures.x, pictures.y, laid & ~frequent[pictures.y]),
            "TU Berlin, kept out": _examples(sketches.x, sketches.y, put),
            "foreign characters (junk)": Examples(
                normalise(characters.x, SPEC), np.full(len(characters.x), len(LABELS))
            ),
        },
        counts={"quickdraw": len(tracks.y), "quickdraw-bitmaps": len(bitmaps.y), "tuberlin": len(careful.y)},
    )


def _share(key: str, of: int) -> bool:
    """Whether a drawing is the one in so many that its hash chooses."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % of == 0


def _examples(x: np.ndarray, y: np.ndarray, chosen: np.ndarray) -> Examples:
    return Examples(x[chosen], y[chosen])


def _studied(pictures: Pictures, careful: Pictures, frequent: np.ndarray) -> Pictures:
    """All of them, those of scarce words and the careful ones several times."""
    scarce = datasets.take(pictures, np.flatnonzero(~frequent[pictures.y]))
    parts = [pictures, *[scarce] * (SCARCE_TIMES - 1), *[careful] * CAREFUL_TIMES]
    return Pictures(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


# Twins


def _known_twins(
    drawn: np.ndarray, labels: np.ndarray, hidden: np.ndarray, pictures: Pictures, laid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which strokes have a twin among the kept-out pictures, and which pictures one among the kept-out strokes."""
    strokes, others = np.zeros(len(labels), bool), np.zeros(len(pictures.y), bool)
    for label in range(len(LABELS)):
        mine, theirs = labels == label, pictures.y == label
        for known, x, asked, y, among in (
            (strokes, drawn, mine & ~hidden, pictures.x, theirs & laid),
            (others, pictures.x, theirs & ~laid, drawn, mine & hidden),
        ):
            places = np.flatnonzero(asked)
            known[places] = has_twin(x[places], y[among])
    return strokes, others


def has_twin(rasters: np.ndarray, among: np.ndarray) -> np.ndarray:
    """For each raster, uint8 (n, size, size), whether one `among` others is the same drawing: bool (n,)."""
    nearest = np.full(len(rasters), np.inf)
    if not len(rasters) or not len(among):
        return nearest < TWIN
    others = among.reshape(len(among), -1).astype(np.float32)
    lengths = (others**2).sum(axis=1)
    for moved in _beside(rasters):
        flat = moved.reshape(len(moved), -1).astype(np.float32)
        squares = (flat**2).sum(axis=1)[:, None] + lengths - 2 * flat @ others.T
        nearest = np.minimum(nearest, np.sqrt(np.maximum(squares.min(axis=1), 0) / others.shape[1]))
    return nearest < TWIN


def _beside(rasters: np.ndarray) -> Iterator[np.ndarray]:
    for right in BESIDE:
        for down in BESIDE:
            yield np.roll(rasters, (down, right), (1, 2))


SKETCHES = Recipe(
    title="Sketches",
    prompt="Draw {name}",
    labels=LABELS,
    raster=SPEC,
    network=RESIDUAL,
    load=load_sketches,
    sources=("quickdraw", "quickdraw-bitmaps", "tuberlin", "omniglot"),
    notes=(),
    limits=(
        "Anything but the thirty words: of what else can be drawn it should say 'not sure', and does not always.",
        "Arm, ear, finger, hand, leg and nose: it has seen few of them, and is often wrong.",
    ),
    epochs=28,
    pictures=60_000,
    tracks=13_000,
    prototypes=0,
    junk=4_000,
    learning=AVERAGED,
    mirror=True,
)
