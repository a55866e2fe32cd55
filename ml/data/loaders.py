"""Load the data sets that models are trained and tested on.

Files are read from the folder that the caller names, or from `INKLING_DATA`. Without either, the public originals are
downloaded once, checked, and saved in the cache folder (see `ml.data.download`). Pictures are uint8, white ink on
black. Ink is a list of strokes with y pointing down.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ml.data.download import cache_folder, download
from ml.data.fetch import DownloadError
from ml.data.sources import OTHER_WORDS, SKETCH_WORDS, SOURCES, TUBERLIN_TEST
from ml.preprocessing import unpack
from ml.preprocessing.ink import Ink


class DatasetError(RuntimeError):
    """A data set that is missing or damaged. The text says what to do."""


TEST_WRITERS = 6  # of the 30 pen writers: never used for training, tuning or calibration
TEST_ALPHABETS = 4  # of the 8 alphabets: used only to test how negatives are answered

# Words of Quick, Draw! whose drawings nobody reads as a digit, chosen by looking at many of each. Not among them:
# lollipop (looks like a 9), apple, diamond, banana and mouth (a 0), bowtie and fish (an 8).
NEGATIVE_WORDS = (
    "airplane", "alarm clock", "bicycle", "bird", "book", "cat", "clock", "dog", "eye", "face",
    "flower", "house", "pants", "pig", "radio", "rainbow", "tree",
)  # fmt: skip

Lookalikes = dict[str, tuple[int, ...]]
"""Numbers of Omniglot characters, by alphabet."""

# Omniglot characters that can be read as a digit, found by looking at all 242. They are used neither to train nor to
# test negatives. In brackets: the digits that they look like.
DIGIT_LOOKALIKES: Lookalikes = {
    "Balinese": (5, 14, 15),  # (7/2, open 2, 4)
    "Early_Aramaic": (1, 2, 3, 4, 5, 6, 7, 10, 12, 13, 14, 16, 17, 19, 20, 22),
    # (4, 9, 1, 4/9, mirrored 3, 4, 1 with serifs, barred 2, 6, 9, 9, 0, 1/7, 9, 4, 4)
    "Greek": (2, 4, 6, 8, 9, 15, 18),  # beta (8), delta (8), zeta (5), theta (0/8), iota (1), omicron (0), sigma (6)
    "Japanese_(katakana)": (1, 2, 4, 8, 9, 12, 14, 15, 16, 18, 19, 20, 22, 24, 27, 30, 36, 37, 38, 42, 43, 45, 46, 47),
    # (mostly barred or hooked 7 and 9; 2: 1; 4: 1 with serifs; 24: 1; 36, 45: 2; 37: mirrored 3; 38: 5; 42: 0)
    "Korean": (5, 7, 9, 12, 20, 21, 22, 27, 28, 33, 37),
    # (barred 7, barred 7, 1 on a base, 4, 4, 1, 7, 2, square 0, 0, barred 7)
    "Latin": (2, 7, 9, 12, 15, 17, 19, 25, 26),  # b (6), g (9), i (1), l (1), o (0), q (9), s (5), y (4), z (2)
    "Sanskrit": (5, 11, 12, 13, 14, 18, 21, 23, 26, 27, 29, 33, 36, 37),
    # (5, 2, 0, 5, 6, 2, 4, 9, 4, 2/7, 9, 5, 5/3, 3), each under a bar
    "Tagalog": (3, 16),  # (3, 0/6)
}

# The same for letters. Half of Greek is there, and all of Latin.
LETTER_LOOKALIKES: Lookalikes = {
    "Balinese": (4, 5, 12, 14, 15, 17, 23),  # (n, r, e, mirrored C, u, n, w)
    "Early_Aramaic": (1, 2, 3, 4, 6, 7, 10, 11, 12, 13, 14, 16, 17, 18, 20, 21, 22),
    # (t, g, T, A, y, I, t, Y, b, y, y, o, T, r, q, w, x)
    "Greek": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 15, 17, 18, 19, 20, 22, 24),  # not: lambda, xi, pi, phi, psi
    "Japanese_(katakana)": (2, 4, 5, 12, 13, 14, 15, 17, 19, 20, 24, 26, 33, 34, 35, 37, 41, 42, 45, 47),
    # (Y, I, t, Z, t, V, q, V, t, t, l, E, X, E, t, z, L, O, Z, V)
    "Korean": (1, 2, 3, 4, 14, 21, 22, 24, 25, 27, 28, 29, 31, 33, 38),  # (t, H, F, H, T, l, T, L, C, Z, O, U, A, O, E)
    "Latin": tuple(range(1, 27)),
    "Sanskrit": (5, 11, 12, 13, 14, 18, 21, 27, 36, 37),  # (S, C, O, S, G, C, U, r, S, Z)
    "Tagalog": (3, 8, 16),  # (z, S, O)
}

# The letters in the order of EMNIST, and those whose cases look alike: EMNIST's "merged" set makes one class of both.
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MERGED_LETTERS = "CIJKLMOPSUVWXYZ"


# The parts of NumtaDB that are used, in the order of its file, and their numbers of pictures. Each is a collection of
# its own, by other people.
NUMTADB_PARTS = {"a": 19_702, "b": 359, "c": 24_298, "d": 10_908}


class Pictures(NamedTuple):
    """n labelled pictures."""

    x: np.ndarray
    """uint8 (n, h, w)."""
    y: np.ndarray
    """int64 (n,): labels."""
    group: np.ndarray
    """(n,): the writer, "" where unknown, or what a loader says."""


class Tracks(NamedTuple):
    """n labelled drawings as ink, recorded with a pen or a mouse."""

    inks: list[Ink]
    y: np.ndarray
    """int64 (n,): labels."""
    group: np.ndarray
    """(n,): the writer, or what a loader says."""


# Files


def data_folder(data: Path | None = None) -> Path:
    """The folder of data sets: `data`, else `INKLING_DATA`, else the cache folder."""
    return data or Path(os.environ.get("INKLING_DATA") or cache_folder())


def is_available(source: str, data: Path | None = None) -> bool:
    """Whether the files that `source` needs are in `data_folder(data)`. Downloads nothing.

    Of a data set whose files are all optional, one is needed.
    """
    found, folder = SOURCES[source], data_folder(data)
    here = [(folder / path).is_file() for path in found.files or found.optional]
    return all(here) if found.files else any(here)


def find_file(path: str, data: Path | None = None) -> Path:
    """The file `path` of a data set in `data_folder(data)`. Only a cache folder gets a missing file by download.

    Raises DatasetError if the file is missing and cannot be downloaded.
    """
    file = data_folder(data) / path
    if file.is_file():
        return file
    if data or os.environ.get("INKLING_DATA"):
        raise DatasetError(
            f"{file} is missing. Put the data set into that folder, or unset INKLING_DATA to have the public original "
            "downloaded."
        )
    try:
        return download(path)
    except DownloadError as error:
        raise DatasetError(f"{error} Or set INKLING_DATA to a folder that has {path}.") from error


def _find_optional(path: str, data: Path | None) -> Path | None:
    try:
        return find_file(path, data)
    except DatasetError:
        return None


def _read_bytes(source: str, path: str, data: Path | None) -> bytes:
    """The (unzipped) bytes of a file, checked against the published checksum if there is one."""
    file = find_file(path, data)
    content = _unzip(file) if path.endswith(".gz") else file.read_bytes()
    expected, actual = SOURCES[source].files.get(path, ""), hashlib.sha256(content).hexdigest()
    if expected and actual != expected:
        raise DatasetError(
            f"{file} is not the published file: its content has sha256 {actual}, not {expected}. Delete it and "
            "download it again."
        )
    return content


def read_idx(content: bytes, path: str) -> np.ndarray:
    """The uint8 array of an idx file (the format of MNIST: two zeros, type 8, rank, big-endian sizes, values).

    Raises DatasetError, which names `path`, for other content.
    """
    if content[:3] != b"\0\0\x08":
        raise DatasetError(f"{path} is no idx file of bytes: it starts with {content[:4].hex()}, not with 000008.")
    rank = content[3]
    shape = np.frombuffer(content, ">i4", rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_npz(path: str, data: Path | None) -> dict[str, np.ndarray]:
    file = find_file(path, data)
    try:
        return unpack.load_arrays(file)
    except unpack.UnpackError as error:
        raise DatasetError(f"{file} is not read: {error}.") from error


def _unzip(file: Path) -> bytes:
    try:
        return unpack.read_gzip(file)
    except unpack.UnpackError as error:
        raise DatasetError(f"{file} is not read: {error}.") from error


def read_strokes(path: str, data: Path | None) -> list[dict[str, Any]]:
    """The lines of a file of strokes; none if it is missing."""
    file = _find_optional(path, data)
    return list(map(json.loads, _unzip(file).splitlines())) if file else []


def to_ink(drawing: list[list[list[float]]]) -> Ink:
    return [np.array(stroke[:2], np.float64) for stroke in drawing]


# Digits


def load_mnist(part: str, data: Path | None = None) -> Pictures:
    """MNIST, `part` "train" (60,000) or "test" (10,000): uint8 (n, 28, 28). `group` is the NIST writer."""
    if part not in ("train", "test"):
        raise DatasetError(f"MNIST has the parts train and test, not {part!r}.")
    stem = {"train": "train", "test": "t10k"}[part]
    images, labels = f"mnist/{stem}-images-idx3-ubyte.gz", f"mnist/{stem}-labels-idx1-ubyte.gz"
    x = read_idx(_read_bytes("mnist", images, data), images)
    y = read_idx(_read_bytes("mnist", labels, data), labels).astype(np.int64)
    return Pictures(x, y, read_npz("mnist/writers.npz", data)[part])


def load_pen_tracks(data: Path | None = None) -> Tracks:
    """7,494 digits that 30 people wrote on a tablet (the training half of UCI's pen digits). `group` is the writer."""
    lines = _read_bytes("pendigits", "pendigits/pendigits.jsonl.gz", data).splitlines()
    rows = [json.loads(line) for line in lines]
    inks = [to_ink(row["drawing"]) for row in rows]
    return Tracks(inks, np.array([int(row["label"]) for row in rows]), np.array([row["writer"] for row in rows]))


def load_photographed_digits(data: Path | None = None) -> Pictures:
    """15,000 digits on paper, photographed (bhmsds): uint8 (n, 28, 28). For tests only; nothing is trained on them."""
    stored = read_npz("bhmsds/digits.npz", data)
    return Pictures(stored["x"], stored["y"].astype(np.int64), np.full(len(stored["y"]), ""))


def load_bangla(part: str, data: Path | None = None) -> Pictures:
    """NumtaDB's Bangla digits, `part` "train" or "test": uint8 (n, 28, 28). The writers are not known.

    `group` is the collection, "a" to "d"; "" if the file does not have all pictures.
    """
    stored = read_npz("numtadb28/numtadb28.npz", data)
    chosen = stored["split"] == part
    if not chosen.any():
        raise DatasetError(f"NumtaDB has the parts {', '.join(sorted(set(stored['split'])))}, not {part!r}.")
    collections = np.repeat(list(NUMTADB_PARTS), list(NUMTADB_PARTS.values()))
    if len(collections) != len(chosen):
        collections = np.full(len(chosen), "")
    return Pictures(stored["x"][chosen], stored["y"][chosen].astype(np.int64), collections[chosen])


# Letters


def load_letters(data: Path | None = None) -> Pictures:
    """EMNIST's letters: uint8 (n, 28, 28). `y` is the place in `LETTERS`, and `group` is the letter."""
    stored = read_npz("letters/emnist.npz", data)
    labels = np.array([LETTERS.index(str(letter)) for letter in stored["y"]], np.int64)
    return Pictures(stored["x"], labels, stored["y"].astype(str))


def load_latin_characters(data: Path | None = None) -> Pictures:
    """Omniglot's small Latin letters, drawn with a mouse by 20 people: uint8 (520, 105, 105), as `load_letters`."""
    stored = read_npz("omniglot_small/omniglot_small.npz", data)
    names = [f"Latin/character{number:02}" for number in range(1, 27)]
    letters = {list(stored["classes"]).index(name): LETTERS[26 + place] for place, name in enumerate(names)}
    chosen = np.isin(stored["y"], list(letters))
    group = np.array([letters[int(number)] for number in stored["y"][chosen]])
    x = stored["x"][chosen]
    labels = np.array([LETTERS.index(letter) for letter in group], np.int64)
    return Pictures(255 - x if x.mean() > 127 else x, labels, group)


# Negatives


def load_negative_drawings(data: Path | None = None) -> list[Ink]:
    """Quick, Draw! drawings of things that are no digits, of the words whose files are there: none are needed."""
    return load_drawings_of(NEGATIVE_WORDS, data)


def load_drawings_of(words: Iterable[str], data: Path | None = None) -> list[Ink]:
    """Quick, Draw! drawings of these words, of those whose files are there: none are needed."""
    rows = [row for word in words for row in read_strokes(f"quickdraw/strokes/{word}.jsonl.gz", data)]
    return [to_ink(row["drawing"]) for row in rows]


def load_foreign_characters(part: str, data: Path | None = None, lookalikes: Lookalikes = DIGIT_LOOKALIKES) -> Pictures:
    """Omniglot characters without `lookalikes`: uint8 (n, 105, 105). `group` is "alphabet/character".

    `part` is "train" or "test". The alphabets are divided by a hash of their names, so that the test shows alphabets
    that were not trained on. `y` is the number of the character.
    """
    stored = read_npz("omniglot_small/omniglot_small.npz", data)
    y, names = stored["y"].astype(np.int64), stored["classes"]
    tested = first_by_hash({str(name).split("/")[0] for name in names}, TEST_ALPHABETS)
    kept = []
    for number, name in enumerate(names):
        alphabet, character = str(name).split("/")  # Greek/character07
        is_lookalike = int(re.sub(r"\D", "", character)) in lookalikes.get(alphabet, ())
        if (alphabet in tested) == (part == "test") and not is_lookalike:
            kept.append(number)
    chosen = np.isin(y, kept)
    x = stored["x"][chosen]
    return Pictures(255 - x if x.mean() > 127 else x, y[chosen], names[y[chosen]])


# Sketches


def load_sketch_tracks(data: Path | None = None) -> Tracks:
    """Quick, Draw! drawings as strokes, of the words whose files are there. `group` is the key of the drawing."""
    rows = [
        (label, row)
        for label, word in enumerate(SKETCH_WORDS)
        for row in read_strokes(f"quickdraw/strokes/{word}.jsonl.gz", data)
    ]
    labels = np.array([label for label, _ in rows], np.int64)
    keys = np.array([str(row["key_id"]) for _, row in rows], str)
    return Tracks([to_ink(row["drawing"]) for _, row in rows], labels, keys)


def load_sketch_bitmaps(data: Path | None = None) -> Pictures:
    """Quick, Draw! drawings as Google's bitmaps: uint8 (n, 28, 28). `group` is the index in the file of the word."""
    parts: list[Pictures] = []
    for label, word in enumerate(SKETCH_WORDS):
        path = f"quickdraw/bitmaps/{word}.npz"
        if _find_optional(path, data):
            x = read_npz(path, data)["x"]
            parts.append(Pictures(x, np.full(len(x), label, np.int64), np.arange(len(x))))
    if not parts:
        raise DatasetError("There are no Quick, Draw! bitmaps. Put them into quickdraw/bitmaps of the data folder.")
    return Pictures(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def load_tuberlin_sketches(data: Path | None = None) -> Pictures:
    """TU Berlin's sketches of seven of the words: uint8 (n, 128, 128). `group` is the index in the file."""
    stored = read_npz("tuberlin/body_parts.npz", data)
    labels = np.array([SKETCH_WORDS.index(str(name)) for name in stored["y"]], np.int64)
    return Pictures(stored["x"], labels, np.arange(len(labels)))


def load_tuberlin_words(data: Path | None = None) -> Pictures:
    """TU Berlin's sketches of 17 more of the words, for tests only: uint8 (n, 128, 128). `group` is the index."""
    stored = read_npz(TUBERLIN_TEST, data)
    labels = np.array([SKETCH_WORDS.index(str(name)) for name in stored["y"]], np.int64)
    return Pictures(stored["x"], labels, np.arange(len(labels)))


def load_other_words(data: Path | None = None) -> Pictures:
    """Quick, Draw! drawings of 315 words that the sketches do not have: uint8 (n, 28, 28). `group` is the word.

    `y` is 0. Some drawings are cut off at the lower or right side. There are none if the file is missing.
    """
    file = _find_optional(OTHER_WORDS, data)
    if not file:
        return Pictures(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.int64), np.zeros(0, str))
    stored = read_npz(OTHER_WORDS, data)
    return Pictures(stored["x"], np.zeros(len(stored["x"]), np.int64), stored["y"].astype(str))


# Selecting rows


def first_by_hash(names: Iterable[str], count: int) -> list[str]:
    """The `count` names whose sha256 comes first: a choice that nobody can influence and everybody can repeat."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:count]


Rows = TypeVar("Rows", Pictures, Tracks)


def split_by_group(rows: Rows, groups: Sequence[object]) -> tuple[Rows, Rows]:
    """The rows whose group is in `groups`, and the others. Splits by writer, so that nobody is in both parts."""
    inside = np.isin(rows.group, np.array(list(groups)))
    return select_rows(rows, np.flatnonzero(inside)), select_rows(rows, np.flatnonzero(~inside))


def select_rows(rows: Rows, indices: np.ndarray) -> Rows:
    """The rows at `indices`, int (m,)."""
    if isinstance(rows, Tracks):
        return Tracks([rows.inks[i] for i in indices], rows.y[indices], rows.group[indices])
    return Pictures(rows.x[indices], rows.y[indices], rows.group[indices])
