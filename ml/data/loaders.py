"""The data sets that models are trained and checked on: where they come from, and how to read them.

Files are looked for in the folder that the caller names, or in `INKLING_DATA`; without either the
public originals are downloaded once, checked, and kept in the cache folder (see `ml.data.download`).
Pictures are uint8, white ink on black; ink is a list of strokes, y pointing down.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ml.data.download import DownloadError, cache_folder, download
from ml.data.sources import SKETCH_WORDS, SOURCES
from ml.preprocessing.ink import Ink


class DatasetError(RuntimeError):
    """A data set that is not there, or is not what it should be; the text names the cure."""


TEST_WRITERS = 6  # of the 30 pen writers; never trained, tuned or calibrated on
TEST_ALPHABETS = 4  # of the 8 alphabets; kept for the junk test

# Quick, Draw! words whose quick drawings nobody reads as a digit. Left out after looking at sheets
# of them: lollipop (a 9), apple, diamond, banana, mouth (a 0), bowtie, fish (an 8).
NEGATIVE_WORDS = (
    "airplane", "alarm clock", "bicycle", "bird", "book", "cat", "clock", "dog", "eye", "face",
    "flower", "house", "pants", "pig", "radio", "rainbow", "tree",
)  # fmt: skip

# Omniglot characters that somebody may honestly read as a digit, found by looking at sheets of all
# 242: they are neither junk to learn nor junk to be tested with. In brackets what they look like.
DIGIT_LOOKALIKES: dict[str, tuple[int, ...]] = {
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


class Pictures(NamedTuple):
    """Labelled pictures: x uint8 (n, h, w), y int64 (n,), group (n,) the writer, or "" where unknown."""

    x: np.ndarray
    y: np.ndarray
    group: np.ndarray


class Tracks(NamedTuple):
    """Labelled ink: n drawings, y int64 (n,), group (n,) the writer."""

    inks: list[Ink]
    y: np.ndarray
    group: np.ndarray


def data_folder(data: Path | None = None) -> Path:
    """Where data sets lie on this machine: `data`, `INKLING_DATA`, or the cache. Nothing is added to a named one."""
    return _named(data) or cache_folder()


def is_available(source: str, data: Path | None = None) -> bool:
    """Whether every file that `source` needs lies in `folder(data)`; nothing is downloaded."""
    return all((data_folder(data) / path).is_file() for path in SOURCES[source].files)


def _named(data: Path | None) -> Path | None:
    return data or (Path(os.environ["INKLING_DATA"]) if os.environ.get("INKLING_DATA") else None)


def find_file(path: str, data: Path | None = None) -> Path:
    """The file `path` of a data set, from `data`, `INKLING_DATA`, or the cache (downloaded if need be)."""
    named = _named(data)
    if named:
        if (named / path).is_file():
            return named / path
        raise DatasetError(
            f"{named / path} is not there. Put the data set into that folder, or unset INKLING_DATA "
            "to have the public original downloaded."
        )
    if not (cache_folder() / path).is_file():
        try:
            download(path)
        except DownloadError as error:
            raise DatasetError(f"{error} Or set INKLING_DATA to a folder that holds {path}.") from error
    return cache_folder() / path


def _content(source: str, path: str, data: Path | None) -> bytes:
    """The (unzipped) bytes of a file, compared with the checksum of its source."""
    place = find_file(path, data)
    content = place.read_bytes()
    if path.endswith(".gz"):
        content = gzip.decompress(content)
    expected, actual = SOURCES[source].files.get(path, ""), hashlib.sha256(content).hexdigest()
    if expected and actual != expected:
        raise DatasetError(
            f"{place} is not the published file: its content has sha256 {actual}, not {expected}. "
            "Delete it and fetch it again."
        )
    return content


def _idx(content: bytes) -> np.ndarray:
    """The uint8 array of an idx file (LeCun's format: two zeros, type 8, rank, big-endian sizes, data)."""
    if content[:3] != b"\0\0\x08":
        raise DatasetError(f"Not an idx file of bytes: it starts with {content[:4].hex()}, not with 000008.")
    rank = content[3]
    shape = np.frombuffer(content, ">i4", rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load_mnist(part: str, data: Path | None = None) -> Pictures:
    """MNIST, `part` "train" (60,000) or "test" (10,000), uint8 (n, 28, 28); group is the NIST writer."""
    if part not in ("train", "test"):
        raise DatasetError(f"MNIST has the parts train and test, not {part!r}.")
    stem = {"train": "train", "test": "t10k"}[part]
    x = _idx(_content("mnist", f"mnist/{stem}-images-idx3-ubyte.gz", data))
    y = _idx(_content("mnist", f"mnist/{stem}-labels-idx1-ubyte.gz", data)).astype(np.int64)
    with np.load(find_file("mnist/writers.npz", data), allow_pickle=False) as writers:
        return Pictures(x, y, writers[part])


def load_pen_tracks(data: Path | None = None) -> Tracks:
    """7,494 digits by 30 people on a tablet (the training half of UCI's pen digits)."""
    lines = _content("pendigits", "pendigits/pendigits.jsonl.gz", data).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    inks = [_to_ink(row["drawing"]) for row in rows]
    return Tracks(inks, np.array([int(row["label"]) for row in rows]), np.array([row["writer"] for row in rows]))


def load_photographed_digits(data: Path | None = None) -> Pictures:
    """15,000 digits on paper, photographed, uint8 (n, 28, 28). For checking: no model is trained on them."""
    with np.load(find_file("bhmsds/digits.npz", data), allow_pickle=False) as stored:
        return Pictures(stored["x"], stored["y"].astype(np.int64), np.full(len(stored["y"]), ""))


def load_negative_drawings(data: Path | None = None) -> list[Ink]:
    """Quick, Draw! drawings of things that are no digits, as far as the words are at hand."""
    rows = [row for word in NEGATIVE_WORDS for row in _rows(f"quickdraw/strokes/{word}.jsonl.gz", data)]
    return [_to_ink(row["drawing"]) for row in rows]  # each word is optional: made-up junk is always there


def load_foreign_characters(part: str, data: Path | None = None) -> Pictures:
    """Omniglot characters that nobody reads as a digit, uint8 (n, 105, 105); group is "alphabet/character".

    `part` "train" or "test": the alphabets are shared out by a hash of their names, so that junk is
    tested with alphabets that were never seen. y is the number of the character.
    """
    with np.load(find_file("omniglot_small/omniglot_small.npz", data), allow_pickle=False) as stored:
        x, y, names = stored["x"], stored["y"].astype(np.int64), stored["classes"]
    kept = [number for number, name in enumerate(names) if _is_junk(str(name), part, names)]
    chosen = np.isin(y, kept)
    pictures = x[chosen]
    return Pictures(255 - pictures if pictures.mean() > 127 else pictures, y[chosen], names[y[chosen]])


def _is_junk(name: str, part: str, names: Iterable[str]) -> bool:
    alphabet, number = name.split("/")
    if int(re.sub(r"\D", "", number)) in DIGIT_LOOKALIKES.get(alphabet, ()):
        return False
    tested = first_by_hash({str(other).split("/")[0] for other in names}, TEST_ALPHABETS)
    return (alphabet in tested) == (part == "test")


def first_by_hash(names: Iterable[str], count: int) -> list[str]:
    """The `count` names whose sha256 sorts first: a choice that nobody made, and that can be repeated."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:count]


Rows = TypeVar("Rows", Pictures, Tracks)


def split_by_group(rows: Rows, groups: Sequence[object]) -> tuple[Rows, Rows]:
    """The rows whose group is among `groups`, and the others: a hand is either studied or examined."""
    inside = np.isin(rows.group, np.array(list(groups)))
    return select_rows(rows, np.flatnonzero(inside)), select_rows(rows, np.flatnonzero(~inside))


def select_rows(rows: Rows, indices: np.ndarray) -> Rows:
    """The rows at `indices`."""
    if isinstance(rows, Tracks):
        return Tracks([rows.inks[i] for i in indices], rows.y[indices], rows.group[indices])
    return Pictures(rows.x[indices], rows.y[indices], rows.group[indices])


def _to_ink(drawing: list[list[list[float]]]) -> Ink:
    return [np.array(stroke[:2], np.float64) for stroke in drawing]


def load_bangla(part: str, data: Path | None = None) -> Pictures:
    """NumtaDB's Bangla digits, `part` "train" or "test", uint8 (n, 28, 28); who wrote them is not known."""
    with np.load(find_file("numtadb28/numtadb28.npz", data), allow_pickle=False) as stored:
        chosen = stored["split"] == part
        if not chosen.any():
            raise DatasetError(f"NumtaDB has the parts {', '.join(sorted(set(stored['split'])))}, not {part!r}.")
        return Pictures(stored["x"][chosen], stored["y"][chosen].astype(np.int64), np.full(int(chosen.sum()), ""))


def load_sketch_tracks(data: Path | None = None) -> Tracks:
    """Quick, Draw! drawings of the thirty words as strokes, as far as they are at hand; group is the drawing's key."""
    inks: list[Ink] = []
    labels: list[int] = []
    keys: list[str] = []
    for label, word in enumerate(SKETCH_WORDS):
        for row in _rows(f"quickdraw/strokes/{word}.jsonl.gz", data):
            inks.append(_to_ink(row["drawing"]))
            labels.append(label)
            keys.append(str(row["key_id"]))
    return Tracks(inks, np.array(labels, np.int64), np.array(keys, str))


def load_sketch_bitmaps(data: Path | None = None) -> Pictures:
    """Google's pictures of drawings of the thirty words, uint8 (n, 28, 28); group is the place in the word's file."""
    parts: list[Pictures] = []
    for label, word in enumerate(SKETCH_WORDS):
        place = _optional(f"quickdraw/bitmaps/{word}.npz", data)
        if place is not None:
            with np.load(place, allow_pickle=False) as stored:
                x = stored["x"]
            parts.append(Pictures(x, np.full(len(x), label, np.int64), np.arange(len(x))))
    if not parts:
        raise DatasetError("There are no Quick, Draw! bitmaps. Put them into quickdraw/bitmaps of the data folder.")
    return Pictures(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def load_tuberlin_sketches(data: Path | None = None) -> Pictures:
    """TU Berlin's sketches of seven of the thirty words, uint8 (n, 128, 128); group is the place in the file."""
    with np.load(find_file("tuberlin/body_parts.npz", data), allow_pickle=False) as stored:
        x, names = stored["x"], stored["y"]
    labels = np.array([SKETCH_WORDS.index(str(name)) for name in names], np.int64)
    return Pictures(x, labels, np.arange(len(x)))


def _rows(path: str, data: Path | None) -> list[dict[str, Any]]:
    """The lines of a file of strokes; none where it is not at hand."""
    place = _optional(path, data)
    if place is None:
        return []
    with gzip.open(place, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _optional(path: str, data: Path | None) -> Path | None:
    try:
        return find_file(path, data)
    except DatasetError:
        return None
