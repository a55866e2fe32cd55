"""List the files of data sets, check them, and download missing ones."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.data.download import DownloadError, can_download, download
from ml.data.loaders import DatasetError, data_folder
from ml.data.sources import SOURCES
from ml.progress import Progress, no_progress

AS_PUBLISHED, READABLE = "as published", "readable"


@dataclass(frozen=True)
class DatasetFile:
    """A file of a data set, in the data folder or missing."""

    path: str
    here: bool
    bytes: int
    can_download: bool
    check: str = ""
    """`as published` (its checksum is right), `readable` (no checksum was published), what is wrong, or "" without a
    check."""
    drawings: int | None = None

    @property
    def is_wrong(self) -> bool:
        return bool(self.check) and self.check not in (AS_PUBLISHED, READABLE)


def list_files(source: str, data: Path | None = None, *, check: bool = False) -> Iterator[DatasetFile]:
    """The files of a data set. `check` reads each one that is in the data folder from beginning to end."""
    for path in SOURCES[source].paths:
        file = data_folder(data) / path
        if not file.is_file():
            yield DatasetFile(path, here=False, bytes=0, can_download=can_download(path))
            continue
        checked = _check(file, SOURCES[source].files.get(path, "")) if check else ("", None)
        yield DatasetFile(path, True, file.stat().st_size, can_download(path), *checked)


def _check(file: Path, published: str) -> tuple[str, int | None]:
    """The result of checking a file, for `DatasetFile.check`, and the number of its drawings."""
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        if published and hashlib.sha256(content).hexdigest() != published:
            return "differs from the published file. Delete it and download it again.", None
        return AS_PUBLISHED if published else READABLE, _count_drawings(file, content)
    except (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        return f"cannot be read ({error}). Delete it and download it again.", None


def _count_drawings(file: Path, content: bytes) -> int:
    if file.suffix == ".npz":
        with np.load(file, allow_pickle=False) as stored:
            return max(len(stored[name]) for name in stored.files)
    if file.name.endswith("-ubyte.gz"):
        return int.from_bytes(content[4:8], "big")  # the first size in the header of an idx file
    return sum(bool(json.loads(line)["drawing"]) for line in content.splitlines() if line.strip())


def download_missing(source: str, data: Path | None = None, *, progress: Progress = no_progress) -> None:
    """Download the missing files of a data set into the data folder. Raises DatasetError."""
    missing = [file for file in list_files(source, data) if not file.here]
    if missing and not any(file.can_download for file in missing):
        raise DatasetError(f"{source} cannot be downloaded. {SOURCES[source].by_hand}")
    try:
        for file in progress(missing, source):
            download(file.path, data_folder(data))
    except DownloadError as error:
        raise DatasetError(str(error)) from error


def check_source_names(names: Sequence[str]) -> None:
    """Raise DatasetError if a name is not the name of a data set."""
    if unknown := sorted({name for name in names if name not in SOURCES}):
        raise DatasetError(f"There is no data set {', '.join(unknown)}. There are: {', '.join(SOURCES)}.")
