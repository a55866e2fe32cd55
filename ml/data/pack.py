"""Data sets that no program can fetch, as their publishers hand them out, packed into the files that are read here."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from ml.data.loaders import DatasetError, first_by_hash
from ml.data.sources import SOURCES
from ml.progress import Progress, no_progress

BANGLA_PARTS = ("a", "b", "c", "d")  # of NumtaDB's six; the others are of other sizes, and partly changed on purpose
BANGLA_TESTED = 10  # one in so many is of the test
SKETCHED = ("arm", "ear", "eye", "face", "hand", "mouth", "nose")

Arrays = dict[str, np.ndarray]


def pack_source(source: str, folder: Path, data: Path, *, progress: Progress = no_progress) -> Path:
    """Make the file of a source in the data folder from what its publisher hands out, unpacked in `folder`."""
    if source not in PACKERS:
        raise DatasetError(f"{source} needs no packing. What does: {', '.join(PACKERS)}.")
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder. Unpack there what the publisher of {source} hands out.")
    (path,) = SOURCES[source].files
    arrays = PACKERS[source](folder, progress)
    place = data / path
    place.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(place, **arrays)  # type: ignore[arg-type]
    return place


def _bangla(folder: Path, progress: Progress) -> Arrays:
    """NumtaDB: `training-a.csv` with the columns filename and digit, and the pictures that it names."""
    pictures = {file.name: file for file in folder.rglob("*.png")}
    rows = [row for part in BANGLA_PARTS for row in _listed(folder, part)]
    tested = set(first_by_hash((name for name, _ in rows), len(rows) // BANGLA_TESTED))
    if lacking := [name for name, _ in rows if name not in pictures]:
        raise DatasetError(f"{folder} lacks {len(lacking):,} pictures that are listed, {lacking[0]} first.")
    return {
        "x": np.stack([_shrink(pictures[name], 28) for name, _ in progress(rows, "pictures")]),
        "y": np.array([digit for _, digit in rows], np.int8),
        "split": np.array(["test" if name in tested else "train" for name, _ in rows]),
    }


def _listed(folder: Path, part: str) -> Iterator[tuple[str, int]]:
    found = sorted(folder.rglob(f"training-{part}.csv"))
    if not found:
        raise DatasetError(f"There is no training-{part}.csv in {folder}. Unpack all of NumtaDB there.")
    with found[0].open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), 2):
            try:
                yield row["filename"], int(row["digit"])
            except (KeyError, ValueError, TypeError) as error:
                raise DatasetError(f"{found[0]}, line {number}: filename and digit are needed.") from error


def _sketches(folder: Path, progress: Progress) -> Arrays:
    """TU Berlin: a folder of pictures for each word."""
    files = [(word, file) for word in SKETCHED for file in sorted(folder.rglob(f"{word}/*.png"))]
    _check_all(SKETCHED, {word for word, _ in files}, folder)
    x = np.stack([_shrink(file, 128) for _, file in progress(files, "pictures")])
    return {"x": x, "y": np.array([word for word, _ in files])}


def _photographed(folder: Path, progress: Progress) -> Arrays:
    """bhmsds: `symbols/7-1484.png`, of which the digits are taken."""
    files = [(digit, file) for digit in "0123456789" for file in sorted(folder.rglob(f"{digit}-*.png"))]
    _check_all("0123456789", {digit for digit, _ in files}, folder)
    x = np.stack([_shrink(file, 28) for _, file in progress(files, "pictures")])
    return {"x": x, "y": np.array([int(digit) for digit, _ in files], np.int8)}


def _check_all(wanted: str | tuple[str, ...], found: set[str], folder: Path) -> None:
    if lacking := [name for name in wanted if name not in found]:
        raise DatasetError(f"{folder} holds no pictures of {', '.join(lacking)}. Unpack the whole data set there.")


def _shrink(file: Path, side: int) -> np.ndarray:
    """A picture in grey, white on black, of `side` pixels."""
    pixels = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise DatasetError(f"{file} is no picture. Unpack the data set again.")
    small: np.ndarray = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    return 255 - small if small.mean() > 127 else small


PACKERS: dict[str, Callable[[Path, Progress], Arrays]] = {
    "numtadb": _bangla,
    "tuberlin": _sketches,
    "bhmsds": _photographed,
}
