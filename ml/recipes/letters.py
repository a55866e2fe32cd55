"""The recipe of the recognizer of letters: A to Z and a to z, where both cases of a letter look alike as one label.

EMNIST's letters are scans of forms, and people draw with pens, fingers and mice. So most pictures are traced, varied as
strokes and drawn as ink, and letters in other styles are written from prototypes. EMNIST does not say who wrote its
letters; a tenth of them is held out by a hash of the picture.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ml.augmentation.augment import distort_ink
from ml.augmentation.negatives import side_by_side
from ml.augmentation.synthetic_letters import write_letter
from ml.data import loaders
from ml.data.loaders import LETTER_LOOKALIKES, LETTERS, MERGED_LETTERS, Pictures, Tracks
from ml.preprocessing.ink import Ink, RasterSpec
from ml.recipes.base import (
    AVERAGED,
    RESIDUAL,
    Examples,
    Material,
    Recipe,
    as_negatives,
    foreign_negatives,
    is_one_in,
    made_up_negatives,
    normalise_pictures,
    word_negatives,
)

Rng = np.random.Generator

TEST_EVERY = 10  # one picture in ten is in the test
VALIDATION_EVERY = 20  # one of the others in twenty is kept to calibrate on
AT_LEAST = 1_000  # training pictures of each letter in the list that epochs are chosen from; rare ones are repeated
BASE_TEST_EACH = 100  # drawings of each label in the base test, which ships with the model
DIGITS_EACH = 400  # negative examples of each digit below
WORDS = 4_000  # negative examples of several letters in a row
OTHERS = 40  # drawings of each word of Quick, Draw! as negative examples
TESTED_OTHERS = 10  # drawings of each of the other words in the test

# Digits that look like no letter; a 0 is an O, a 1 an l, a 2 a Z, a 3 a z with a tail, a 5 an S, a 6 a b, an 8 a B, a 9
# a g or q. An open 4 can be a y and a plain 7 a T, but most are not.
NEGATIVE_DIGITS = (4, 7)

# Letters that remain several letters side by side; an r before an n, or a c before an l, could be read as one.
WORD_LETTERS = "ABDEGHKMNPQRSTWXYZabdeghkmpqsty"

# Words of Quick, Draw! whose drawings can be read as a letter.
LETTER_WORDS = (
    "baseball bat", "boomerang", "bracelet", "circle", "donut", "door", "golf club", "hexagon", "hockey stick",
    "ladder", "lightning", "line", "matches", "moon", "mountain", "nail", "necklace", "ocean", "octagon", "paper clip",
    "pond", "potato", "river", "rifle", "saw", "see saw", "snake", "square", "squiggle", "stitches", "string bean",
    "swing set", "sword", "table", "tent", "tooth", "triangle", "zigzag", "hot dog", "knife", "tornado", "hockey puck",
    "garden hose", "mouse", "mug", "vase", "umbrella", "cup", "key", "picture frame", "pillow", "wheel",
)  # fmt: skip

# Labels of other recognizers that are drawn like a letter.
LOOKALIKES = {
    "B": ["digits/8"], "b": ["digits/6"], "g": ["digits/9"], "G": ["digits/6"], "Ii": ["digits/1", "shapes/line"],
    "Ll": ["digits/1", "shapes/line"], "Oo": ["digits/0", "bangla-digits/0", "shapes/circle"], "q": ["digits/9"],
    "Ss": ["digits/5"], "t": ["shapes/cross"], "Xx": ["shapes/cross"], "Zz": ["digits/2"],
}  # fmt: skip

LETTER_RASTER = RasterSpec(size=28, box=24, pen=2.2, centre="box")


def _labels() -> list[dict[str, Any]]:
    """Capitals and small letters, in the order of EMNIST; a small letter that looks like its capital has no label."""
    labels: list[dict[str, Any]] = []
    for letter in LETTERS:
        if letter in MERGED_LETTERS:
            small = letter.lower()
            name, names = f"{letter}, capital or small", [letter, small, f"capital {letter}", f"small {small}"]
            labels.append({"slug": small, "glyph": letter + small, "name": name, "names": names})
            labels[-1]["prompt"] = f"{letter} or {small}"
        elif letter.upper() not in MERGED_LETTERS:
            kind, case = ("capital", "upper") if letter.isupper() else ("small", "lower")
            labels.append({"slug": f"{case}-{letter.lower()}", "glyph": letter, "name": f"{kind} {letter}"})
        else:
            continue
        labels[-1]["looks_like"] = LOOKALIKES.get(labels[-1]["glyph"], [])
    return labels


LABELS = _labels()
GLYPHS: list[str] = [label["glyph"] for label in LABELS]
LABEL_OF = np.array([next(i for i, glyph in enumerate(GLYPHS) if letter in glyph) for letter in LETTERS])  # (52,)


def load_letters(data: Path | None, *, with_latin: bool = True) -> Material:
    """EMNIST's letters, and negatives: digits, other alphabets, drawings, several letters in a row.

    `with_latin`: with Omniglot's small Latin letters as one more test; nothing is trained on them.
    """
    emnist, mnist = loaders.load_letters(data), loaders.load_mnist("train", data)
    rasters = normalise_pictures(emnist.x, LETTER_RASTER)
    y = LABEL_OF[emnist.y]
    keys = [picture.tobytes().hex() for picture in emnist.x]
    test = np.array([is_one_in(TEST_EVERY, key) for key in keys])
    validation = np.array([is_one_in(VALIDATION_EVERY, f"check {key}") for key in keys]) & ~test
    rows = _balanced_rows(emnist.y, np.flatnonzero(~test & ~validation))
    characters, test_characters = foreign_negatives(data, len(LABELS), LETTER_RASTER, LETTER_LOOKALIKES)
    things = loaders.load_other_words(data)
    words, test_words = word_negatives(
        things, len(LABELS), LETTER_RASTER, skipped=LETTER_WORDS, each=OTHERS, tested=TESTED_OTHERS
    )
    digits, test_digits = (_digits(mnist, slice(part * DIGITS_EACH, (part + 1) * DIGITS_EACH)) for part in (0, 1))
    sketches = loaders.load_negative_drawings(data)[::2]
    held_out = Examples(rasters[test], y[test])
    latin = loaders.load_latin_characters(data) if with_latin else None
    return Material(
        pictures=Pictures(rasters[rows], y[rows], emnist.group[rows]),
        tracks=Tracks([], np.zeros(0, np.int64), np.zeros(0, str)),
        negative_inks=[*sketches, *_letters_in_a_row(WORDS)],
        negative_rasters=np.concatenate([characters, words, digits]),
        validation={
            "EMNIST, not trained on": Examples(rasters[validation], y[validation]),
            "made-up junk": made_up_negatives([], len(LABELS), LETTER_RASTER),
        },
        tests={
            "EMNIST, held out": held_out,
            **({"Latin letters of Omniglot": _latin_examples(latin)} if latin else {}),
            "foreign characters (junk)": test_characters,
            "digits 4 and 7 (junk)": as_negatives(test_digits, len(LABELS)),
            "sketches (junk)": test_words,
        },
        base_test={"emnist": _first_of_each(held_out, BASE_TEST_EACH)},
        distinct_counts=np.bincount(y[~test & ~validation], minlength=len(LABELS)),
        counts={
            "emnist": len(y),
            "omniglot": len(characters) + len(test_characters.y) + (len(latin.y) if latin else 0),
            "mnist": len(digits) + len(test_digits),
            "quickdraw": len(sketches),
            "quickdraw-bitmaps": len(words) + len(test_words.y),
        },
    )


def _balanced_rows(letters: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The `rows` of pictures, those of rare letters several times, so that each letter has at least `AT_LEAST`."""
    each = [rows[letters[rows] == letter] for letter in range(len(LETTERS))]
    return np.concatenate([np.resize(part, max(len(part), AT_LEAST)) for part in each if len(part)])


def _first_of_each(examples: Examples, count: int) -> Examples:
    """At most `count` drawings of each label."""
    rows = np.concatenate([np.flatnonzero(examples.y == label)[:count] for label in range(len(LABELS))])
    return Examples(examples.x[rows], examples.y[rows])


def _latin_examples(latin: Pictures) -> Examples:
    return Examples(normalise_pictures(latin.x, LETTER_RASTER), LABEL_OF[latin.y])


def _digits(digits: Pictures, part: slice) -> np.ndarray:
    """Rasters of a part of the pictures of each negative digit."""
    rows = np.concatenate([np.flatnonzero(digits.y == digit)[part] for digit in NEGATIVE_DIGITS])
    return normalise_pictures(digits.x[rows], LETTER_RASTER)


def _letters_in_a_row(count: int) -> list[Ink]:
    """Several letters side by side: a word is no letter."""
    rng = np.random.default_rng(0)
    letters = [(distort_ink(write_letter(WORD_LETTERS[i % len(WORD_LETTERS)], rng), rng), 0) for i in range(1_000)]
    return [side_by_side(rng, letters) for _ in range(count)]


def write_label(label: int, rng: Rng) -> Ink:
    """The ink of a synthetic letter with this label."""
    glyph = GLYPHS[label]
    return write_letter(glyph[int(rng.integers(len(glyph)))], rng)


LATIN_LETTERS = Recipe(
    title="Letters",
    prompt="How do you write {glyph}?",
    labels=LABELS,
    raster=LETTER_RASTER,
    network=RESIDUAL,
    load=load_letters,
    load_to_replay=partial(load_letters, with_latin=False),
    write=write_label,
    sources=("emnist", "mnist", "omniglot", "quickdraw", "quickdraw-bitmaps"),
    examples_from=("emnist",),
    notes=(
        "Half of the errors on EMNIST are between shapes that are the same: an i without its dot, an l and an I are "
        "one line (label Ii or Ll; EMNIST's pictures of i often lack the dot), and many write a capital F like a small "
        "f. EMNIST has three F to one f; the training shows both nearly as often, since nobody knows how often people "
        "will draw them.",
        "The 520 Latin letters of Omniglot were drawn with a mouse in a browser by 20 people. Nothing was trained on "
        "them, and nothing was chosen by them.",
        "18 epochs took about an hour on two busy cores.",
    ),
    limits=(
        "Words: it recognises one letter at a time.",
        "Print, accents and other alphabets: it was trained on handwritten letters from A to Z only.",
        "Telling a capital from a small letter where both have the same shape: one label names both.",
    ),
    epochs=12,
    pictures=52_000,
    tracks=0,
    prototypes=26_000,
    junk=15_000,
    full_minutes=5,
    learning=AVERAGED,
    further=6,
    moved=0.5,
    traced=0.65,
    negative_pictures=0.7,
    unsure=0.03,
)
