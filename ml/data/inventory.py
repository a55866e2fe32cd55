"""List the files of data sets, check them, and download missing ones."""

from __future__ import annotations

import fcntl
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml.data.download import can_download, download, publisher_of, recorded_checksums
from ml.data.fetch import DownloadError, Received, UnreachableError
from ml.data.loaders import DatasetError, data_folder, is_available
from ml.data.sources import SOURCES
from ml.preprocessing import unpack
from ml.progress import Progress, no_progress

AS_PUBLISHED, AS_DOWNLOADED, READABLE = "as published", "as downloaded", "readable"
NAMED = 4  # missing files or errors that are listed


@dataclass(frozen=True)
class DatasetFile:
    """A file of a data set, in the data folder or missing."""

    path: str
    here: bool
    bytes: int
    can_download: bool
    check: str = ""
    """`as published` (its published checksum is right), `as downloaded` (it has the checksum that was recorded when it
    was downloaded), `readable` (there is no checksum), what is wrong, or "" without a check."""
    drawings: int | None = None
    sha256: str = ""
    """The published checksum of its content, else the recorded one of the file, if there is one."""

    @property
    def is_wrong(self) -> bool:
        return bool(self.check) and self.check not in (AS_PUBLISHED, AS_DOWNLOADED, READABLE)


def list_files(source: str, data: Path | None = None, *, check: bool = False) -> Iterator[DatasetFile]:
    """The files of a data set. `check` reads each one that is in the data folder from beginning to end."""
    folder = data_folder(data)
    recorded = recorded_checksums(folder)
    for path in SOURCES[source].paths:
        file, published = folder / path, SOURCES[source].files.get(path, "")
        if not file.is_file():
            yield DatasetFile(path, here=False, bytes=0, can_download=can_download(path), sha256=published)
            continue
        found, drawings = _check(file, published, recorded.get(path, "")) if check else ("", None)
        size, sha256 = file.stat().st_size, published or recorded.get(path, "")
        yield DatasetFile(path, True, size, can_download(path), found, drawings, sha256)


def _check(file: Path, published: str, recorded: str) -> tuple[str, int | None]:
    """The result of checking a file, for `DatasetFile.check`, and the number of its drawings."""
    try:
        packed = file.read_bytes()
        content = unpack.read_gzip(file) if file.suffix == ".gz" else packed
        if published and hashlib.sha256(content).hexdigest() != published:
            return "differs from the published file. Delete it and download it again.", None
        if not published and recorded and hashlib.sha256(packed).hexdigest() != recorded:
            return "has changed since it was downloaded. Delete it and download it again.", None
        how = AS_PUBLISHED if published else AS_DOWNLOADED if recorded else READABLE
        return how, _count_drawings(file, content)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error, zipfile.BadZipFile) as error:
        return f"cannot be read ({error}). Delete it and download it again.", None


def _count_drawings(file: Path, content: bytes) -> int:
    if file.suffix == ".npz":
        return max(map(len, unpack.load_arrays(file).values()))
    if file.name.endswith("-ubyte.gz"):
        return int.from_bytes(content[4:8], "big")  # the first size in the header of an idx file
    return sum(bool(json.loads(line)["drawing"]) for line in content.splitlines() if line.strip())


@dataclass(frozen=True)
class SourceReport:
    """What the data folder has of a data set, after a check of every file."""

    files: int
    here: int
    bytes: int
    as_published: int
    """Files whose published checksum is right."""
    as_downloaded: int
    """Files without a published checksum that did not change since they were downloaded."""
    wrong: list[str]
    """What is wrong with a file, as sentences."""
    is_available: bool
    """Whether it can be trained on."""


def report_source(source: str, data: Path | None = None) -> SourceReport:
    """Read and check the files of a data set. Downloads nothing."""
    files = list(list_files(source, data, check=True))
    here = [file for file in files if file.here]
    wrong = [f"{file.path} {file.check}" for file in here if file.is_wrong]
    return SourceReport(
        files=len(files),
        here=len(here),
        bytes=sum(file.bytes for file in here),
        as_published=sum(file.check == AS_PUBLISHED for file in here),
        as_downloaded=sum(file.check == AS_DOWNLOADED for file in here),
        wrong=wrong,
        is_available=is_available(source, data) and not wrong,
    )


def download_missing(
    source: str,
    data: Path | None = None,
    *,
    progress: Progress = no_progress,
    received: Received = lambda count: None,
) -> None:
    """Download the files of a data set that are missing or wrong into the data folder.

    Goes on after a file that cannot be had, but leaves out the other files of a publisher who cannot be reached. Raises
    DatasetError at the end, with a sentence for the first of them and their number.
    """
    folder, by_hand = data_folder(data), SOURCES[source].by_hand
    with _only_one(folder):
        wanted = [file for file in list_files(source, data, check=True) if not file.here or file.is_wrong]
        if wanted and not any(file.can_download for file in wanted):
            raise DatasetError(f"{source} cannot be downloaded by a program. {by_hand}")
        errors: list[str] = []
        unreachable: set[str] = set()
        for file in progress(wanted, source):
            if publisher_of(file.path) in unreachable:
                continue
            try:
                download(file.path, folder, received=received)
            except UnreachableError as error:
                unreachable.add(error.host)
                errors.append(str(error))
            except DownloadError as error:
                errors.append(str(error))
    if errors:
        missing = sum(not (folder / file.path).is_file() for file in wanted)
        more = [f"{missing} of {len(SOURCES[source].paths)} files of {source} are missing."] if missing else []
        cut = [f"{len(errors) - NAMED} more errors like these."] if len(errors) > NAMED else []
        raise DatasetError(" ".join([*errors[:NAMED], *cut, *more, *([f"By hand: {by_hand}"] if by_hand else [])]))


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the right to download into a folder. Raises DatasetError if another process has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".downloading").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # released when the process ends, however it ends
            yield
    except BlockingIOError as error:
        raise DatasetError(f"Another process is downloading into {folder}. Wait until it has finished.") from error
    except OSError as error:
        raise DatasetError(f"{folder} cannot be written ({error.strerror}). Name another folder.") from error


def check_source_names(names: Sequence[str]) -> None:
    """Raise DatasetError if a name is not the name of a data set."""
    if unknown := sorted({name for name in names if name not in SOURCES}):
        raise DatasetError(f"There is no data set {', '.join(unknown)}. There are: {', '.join(SOURCES)}.")


def describe_source(name: str, files: Sequence[DatasetFile]) -> list[str]:
    """A data set in lines of text: what it is, its licence, which of its `files` are here, and what to do."""
    source = SOURCES[name]
    licence = f"{source.licence} ({source.licence_page})" if source.licence_page else source.licence
    lines = [f"{name}: {source.title}", f"by {source.origin}; licence: {licence}", source.page]
    size = sum(file.bytes for file in files) / 1e6
    missing = [file for file in files if not file.here]
    if len(missing) < len(files):
        lines.append(f"{len(files) - len(missing)} of {len(files)} files here, {size:,.1f} MB")
    else:
        lines.append(f"none of {len(files)} files here; together about {source.size / 1e6:,.1f} MB")
    lines += _describe_checks(files)
    if missing:
        shown = ", ".join(file.path for file in missing[:NAMED])
        lines.append(f"missing: {shown}{' and more' if len(missing) > NAMED else ''}")
        by_itself = any(file.can_download for file in missing)
        lines.append(f"to fetch them: python -m ml data --download {name}" if by_itself else source.by_hand)
    return lines


def _describe_checks(files: Sequence[DatasetFile]) -> Iterator[str]:
    """The results of checking files; nothing if they were not checked."""
    for file in files:
        if file.is_wrong:
            yield f"WRONG {file.path} {file.check}"
    sound = [file for file in files if file.check and not file.is_wrong]
    if sound:
        published = sum(file.check == AS_PUBLISHED for file in sound)
        downloaded = sum(file.check == AS_DOWNLOADED for file in sound)
        drawings = sum(file.drawings or 0 for file in sound if "label" not in file.path and "writers" not in file.path)
        without = len(sound) - published - downloaded
        counts = f"{published} as published, {downloaded} as downloaded, {without} without a checksum"
        yield f"{len(sound)} read, {drawings:,} drawings: {counts}"
