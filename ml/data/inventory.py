"""Which data sets are at hand, whether they are whole, and how to come by the others."""

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
    """A file of a data set, as it lies in the data folder or does not."""

    path: str
    here: bool
    bytes: int
    can_download: bool
    check: str = ""
    """`as published` (its checksum is), `readable` (none was published), or what is wrong; "" where nobody looked."""
    drawings: int | None = None

    @property
    def is_wrong(self) -> bool:
        return bool(self.check) and self.check not in (AS_PUBLISHED, READABLE)


def list_files(source: str, data: Path | None = None, *, check: bool = False) -> Iterator[DatasetFile]:
    """The files of a data set; with `check` each that is here is read from end to end."""
    for path in SOURCES[source].paths:
        place = data_folder(data) / path
        if not place.is_file():
            yield DatasetFile(path, here=False, bytes=0, can_download=can_download(path))
            continue
        said, drawings = _check(place, SOURCES[source].files.get(path, "")) if check else ("", None)
        yield DatasetFile(path, True, place.stat().st_size, can_download(path), said, drawings)


def _check(place: Path, published: str) -> tuple[str, int | None]:
    """What is to be said of a file that is here, and how many drawings it holds."""
    try:
        content = gzip.decompress(place.read_bytes()) if place.suffix == ".gz" else place.read_bytes()
        if published and hashlib.sha256(content).hexdigest() != published:
            return "differs from what was published. Delete it and fetch it again.", None
        return AS_PUBLISHED if published else READABLE, _count(place, content)
    except (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        return f"cannot be read ({error}). Delete it and fetch it again.", None


def _count(place: Path, content: bytes) -> int:
    if place.suffix == ".npz":
        with np.load(place, allow_pickle=False) as stored:
            return max(len(stored[name]) for name in stored.files)
    if place.name.endswith("-ubyte.gz"):
        return int.from_bytes(content[4:8], "big")
    return sum(bool(json.loads(line)["drawing"]) for line in content.splitlines() if line.strip())


def download_missing(source: str, data: Path | None = None, *, progress: Progress = no_progress) -> None:
    """Download what is missing of a data set into the data folder. Raises DatasetError."""
    missing = [file for file in list_files(source, data) if not file.here]
    if missing and not any(file.can_download for file in missing):
        raise DatasetError(f"{source} cannot be downloaded. {SOURCES[source].by_hand}")
    try:
        for file in progress(missing, source):
            download(file.path, data_folder(data))
    except DownloadError as error:
        raise DatasetError(str(error)) from error


def check_source_names(names: Sequence[str]) -> None:
    """Raises DatasetError for a name that no data set has."""
    if unknown := sorted({name for name in names if name not in SOURCES}):
        raise DatasetError(f"There is no data set {', '.join(unknown)}. There are: {', '.join(SOURCES)}.")
