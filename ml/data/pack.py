"""Pack data sets that a program cannot download, from what their publishers offer into the files of the data folder."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from ml.data.download import TUBERLIN_SIDE, record_checksum, shrink, to_npz
from ml.data.loaders import LETTERS, DatasetError, first_by_hash, read_idx
from ml.data.pack_symbols import pack_detexify
from ml.data.sources import SOURCES, TUBERLIN_WORDS
from ml.preprocessing import unpack
from ml.progress import Progress, no_progress

NUMTADB_PARTS = ("a", "b", "c", "d")  # of six; the others have other sizes and were partly altered on purpose
NUMTADB_TEST_EVERY = 10  # one picture in ten goes to the test
IDX_PARTS = ("images-idx3", "labels-idx1")  # in the names of EMNIST's files

Arrays = dict[str, np.ndarray]


def pack_source(source: str, folder: Path, data: Path, *, progress: Progress = no_progress) -> Path:
    """Make the file of a data set in the data folder `data` from the unpacked originals in `folder`.

    Returns the (first) file. Raises DatasetError if `source` needs no packing or something is missing in `folder`.
    """
    if source not in (*PACKERS, "detexify"):
        raise DatasetError(f"{source} needs no packing. These do: {', '.join((*PACKERS, 'detexify'))}.")
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder. Unpack the download of {source} there.")
    path, *_ = SOURCES[source].files
    contents = pack_detexify(folder) if source == "detexify" else {path: to_npz(**PACKERS[source](folder, progress))}
    for name, content in contents.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(content)
        record_checksum(data, name)
    return data / path


def _pack_numtadb(folder: Path, progress: Progress) -> Arrays:
    """NumtaDB: `training-a.csv` with the columns filename and digit, and the pictures named there."""
    pictures = {file.name: file for file in folder.rglob("*.png")}
    rows = [row for part in NUMTADB_PARTS for row in _read_csv(folder, f"training-{part}.csv")]
    tested = set(first_by_hash((name for name, _ in rows), len(rows) // NUMTADB_TEST_EVERY))
    if missing := [name for name, _ in rows if name not in pictures]:
        raise DatasetError(f"{folder} lacks {len(missing):,} of the listed pictures, for example {missing[0]}.")
    return {
        "x": _read_pictures([pictures[name] for name, _ in rows], 28, progress),
        "y": np.array([digit for _, digit in rows], np.int8),
        "split": np.array(["test" if name in tested else "train" for name, _ in rows]),
    }


def _read_csv(folder: Path, name: str) -> Iterator[tuple[str, int]]:
    files = sorted(folder.rglob(name))
    if not files:
        raise DatasetError(f"There is no {name} in {folder}. Unpack all of NumtaDB there.")
    with files[0].open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), 2):  # line 1 is the header
            try:
                yield row["filename"], int(row["digit"])
            except (KeyError, ValueError, TypeError) as error:
                raise DatasetError(f"{files[0]}, line {number}: filename and digit are needed.") from error


def _pack_tuberlin(folder: Path, progress: Progress) -> Arrays:
    """TU Berlin: a folder of pictures for each word."""
    files = {word: sorted(folder.rglob(f"{word}/*.png")) for word in TUBERLIN_WORDS}
    return _pack_by_label(files, TUBERLIN_SIDE, folder, progress)


def _pack_bhmsds(folder: Path, progress: Progress) -> Arrays:
    """bhmsds: `symbols/7-1484.png`; the pictures of digits are taken."""
    files = {digit: sorted(folder.rglob(f"{digit}-*.png")) for digit in "0123456789"}
    arrays = _pack_by_label(files, 28, folder, progress)
    return {**arrays, "y": arrays["y"].astype(np.int8)}


def _pack_emnist(folder: Path, progress: Progress) -> Arrays:
    """EMNIST: `emnist-byclass-test-images-idx3-ubyte.gz` and its labels: 10 digits, 26 capitals, 26 small letters."""
    x, y = (_read_idx(folder, f"emnist-byclass-test-{part}-ubyte.gz", progress) for part in IDX_PARTS)
    letters = y >= 10
    # The pictures are stored with rows and columns exchanged.
    return {"x": x[letters].transpose(0, 2, 1), "y": np.array(list(LETTERS))[y[letters] - 10]}


def _read_idx(folder: Path, name: str, progress: Progress) -> np.ndarray:
    """The uint8 array of an idx file somewhere in `folder`."""
    for file in progress(sorted(folder.rglob(name)), name):
        try:
            return read_idx(unpack.read_gzip(file), name)
        except unpack.UnpackError as error:
            raise DatasetError(f"{file} is not read: {error}.") from error
    raise DatasetError(f"There is no {name} in {folder}. Unpack all of EMNIST there.")


def _pack_by_label(files: dict[str, list[Path]], side: int, folder: Path, progress: Progress) -> Arrays:
    if missing := [label for label, pictures in files.items() if not pictures]:
        raise DatasetError(f"{folder} has no pictures of {', '.join(missing)}. Unpack the whole data set there.")
    x = _read_pictures([file for pictures in files.values() for file in pictures], side, progress)
    return {"x": x, "y": np.repeat(list(files), [len(pictures) for pictures in files.values()])}


def _read_pictures(files: Iterable[Path], side: int, progress: Progress) -> np.ndarray:
    """The pictures in grey, white on black: uint8 (n, side, side)."""
    pictures = []
    for file in progress(files, "pictures"):
        pixels = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        if pixels is None:
            raise DatasetError(f"{file} is not a picture. Unpack the data set again.")
        pictures.append(shrink(pixels, side))
    return np.stack(pictures)


PACKERS: dict[str, Callable[[Path, Progress], Arrays]] = {
    "numtadb": _pack_numtadb,
    "tuberlin": _pack_tuberlin,
    "bhmsds": _pack_bhmsds,
    "emnist": _pack_emnist,
}
