"""Read PNG folders, in a folder or a .zip: ours, with a table, or labelled ones (`ml.data.recognizer_folder`).

The sizes that an archive declares are not trusted: a file is read only up to its limit. Only listed names are read, and
a name that leads out of the folder is refused. Nothing is unpacked.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from django.utils.translation import gettext as _

from ml.data.labelled_files import INK_SUFFIXES
from ml.data.recognizer_folder import DESCRIPTION_FILE, PICTURE_SUFFIXES
from ml.preprocessing.image_limits import MAX_IMAGE_BYTES
from ml.preprocessing.unpack import most_unpacked
from recognizer.datasets.read_lines import LineError, ParsedLine, parse_json_object, read_csv, read_ndjson
from recognizer.datasets.write_png import TABLE

MAX_FILES = 1_000_000
MAX_DESCRIPTION_BYTES = 1 << 20
MAX_LINES_BYTES = 4 << 30  # of an ndjson or CSV file, which is copied before it is read
BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)


class ArchiveError(ValueError):
    """Nothing of a file can be read. The text says why."""


class FileSource(Protocol):
    """Files by name, in a folder or an archive."""

    most: int
    """Bytes that one file may have."""

    def names(self) -> list[str]:
        """All names, with / between their parts."""

    def open(self, name: str) -> IO[bytes]:
        """Open a file. Raises LineError."""


class _Folder:
    most = MAX_LINES_BYTES

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def names(self) -> list[str]:
        files = (file.relative_to(self._root) for file in self._root.rglob("*") if file.is_file())
        return sorted(file.as_posix() for file in files if not any(part.startswith(".") for part in file.parts))

    def open(self, name: str) -> IO[bytes]:
        file = (self._root / name).resolve()
        if not file.is_relative_to(self._root):
            raise LineError(_("%(name)s is outside of the folder.") % {"name": name[:200]})
        try:
            return file.open("rb")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise LineError(_("%(name)s cannot be read: %(why)s.") % {"name": name[:200], "why": why}) from error


class _Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.most = min(MAX_LINES_BYTES, most_unpacked(Path(archive.filename or "").stat().st_size))

    def names(self) -> list[str]:
        return [info.filename for info in self._archive.infolist() if not info.is_dir()]

    def open(self, name: str) -> IO[bytes]:
        try:
            return self._archive.open(name)
        except KeyError as error:
            raise LineError(_("%(name)s is not in the archive.") % {"name": name[:200]}) from error
        except BROKEN as error:  # a password, an unknown way of packing
            raise LineError(_("%(name)s cannot be read: %(why)s.") % {"name": name[:200], "why": error}) from error


@contextmanager
def open_archive(file: Path) -> Iterator[zipfile.ZipFile]:
    """Open a .zip file. Raises ArchiveError."""
    try:
        archive = zipfile.ZipFile(file)
    except BROKEN as error:
        raise ArchiveError(_("%(file)s cannot be read as .zip: %(why)s.") % {"file": file, "why": error}) from error
    with archive:
        if len(archive.infolist()) > MAX_FILES:
            text = _("%(file)s contains more than %(most)d files. Split it.")
            raise ArchiveError(text % {"file": file, "most": MAX_FILES})
        yield archive


def read_png_folder(file: Path) -> Iterator[ParsedLine]:
    """The pictures of a folder or a .zip file. Raises ArchiveError if there are none."""
    if file.is_dir():
        yield from _read(_Folder(file), file.name)
        return
    with open_archive(file) as archive:
        yield from _read(_Archive(archive), file.name)


def _read(source: FileSource, location: str) -> Iterator[ParsedLine]:
    names = source.names()
    if TABLE in names:
        with _as_file(source, TABLE) as table:
            for line in read_csv(table, f"{location}/{TABLE}"):
                yield line if line.fields is None else _with_picture(line, source)
        return
    root, recognizer = _description(source, names)
    suffixes = (*PICTURE_SUFFIXES, *INK_SUFFIXES)
    found = [name for name in names if name.startswith(root) and name.lower().endswith(suffixes)]
    if not found:
        text = _("%(name)s contains no pictures. Put them into one folder per label, for example %(name)s/7/one.png.")
        raise ArchiveError(text % {"name": location})
    for name in found:
        yield from _labelled(source, name, PurePosixPath(name).relative_to(root), f"{location}/{name}", recognizer)


def _with_picture(line: ParsedLine, source: FileSource) -> ParsedLine:
    fields = dict(line.fields or {})
    try:
        return line._replace(fields=fields | {"image": read_member(source, fields.pop("file", ""), MAX_IMAGE_BYTES)})
    except LineError as error:
        return ParsedLine(line.location, None, str(error))


def _labelled(
    source: FileSource, name: str, within: PurePosixPath, location: str, known: dict[str, str]
) -> Iterator[ParsedLine]:
    """`<label>/<file>`, `<label>/<writer>/.../<file>` or `<label>.ndjson`."""
    if suffix := next((suffix for suffix in INK_SUFFIXES if name.endswith(suffix)), None):
        with _as_file(source, name) as lines:
            label_of_file = {"label": within.name.removesuffix(suffix)}
            for line in read_ndjson(lines, location):
                yield line if line.fields is None else line._replace(fields={**known, **label_of_file, **line.fields})
        return
    label, *folders = within.parts[:-1] or ("",)
    writer = {"author": folders[0]} if folders else {}
    try:
        image = read_member(source, name, MAX_IMAGE_BYTES)
        yield ParsedLine(location, {**known, **writer, "label": label, "image": image})
    except LineError as error:
        yield ParsedLine(location, None, str(error))


def _description(source: FileSource, names: list[str]) -> tuple[str, dict[str, str]]:
    """The folder with the only `recognizer.json`, and its recognizer; otherwise the root folder and nothing."""
    specs = [name for name in names if PurePosixPath(name).name == DESCRIPTION_FILE]
    if len(specs) != 1:
        return "", {}
    description: dict[str, Any] = parse_json_object(read_member(source, specs[0], MAX_DESCRIPTION_BYTES))
    slug = description.get("slug")
    return specs[0].removesuffix(DESCRIPTION_FILE), {"recognizer": slug} if isinstance(slug, str) else {}


def read_member(source: FileSource, name: str, most: int) -> bytes:
    """The bytes of a small file. Raises LineError if it is larger than `most`, whatever the archive says, or broken."""
    with source.open(name) as stream:
        try:
            content = stream.read(most + 1)
        except BROKEN as error:
            raise LineError(_("%(name)s cannot be read: %(why)s.") % {"name": name[:200], "why": error}) from error
    if len(content) > most:
        raise LineError(_("%(name)s has more than %(most)d bytes.") % {"name": name[:200], "most": most})
    return content


@contextmanager
def _as_file(source: FileSource, name: str) -> Iterator[Path]:
    """A temporary copy, to be read line by line. Raises ArchiveError if it is larger than allowed."""
    with tempfile.TemporaryDirectory() as folder, source.open(name) as stream:
        copy = Path(folder) / "lines"
        with copy.open("wb") as target:
            try:
                while target.tell() <= source.most and (part := stream.read(1 << 20)):
                    target.write(part)
            except BROKEN as error:
                text = _("%(name)s cannot be read: %(why)s.")
                raise ArchiveError(text % {"name": name[:200], "why": error}) from error
            if target.tell() > source.most:
                text = _("%(name)s is larger than %(most)d MB, the limit here.")
                raise ArchiveError(text % {"name": name[:200], "most": source.most >> 20})
        yield copy
