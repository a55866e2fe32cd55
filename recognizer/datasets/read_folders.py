"""Read PNG folders, in a folder or a .zip: ours, with a table, or labelled ones (`ml.data.recognizer_folder`).

What an archive says about itself is not believed: a member is read up to what is allowed of it, whatever size it has,
and only by a name that it is listed under; a name that leads out of a folder is refused. Nothing is unpacked.
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

from ml.data.recognizer_folder import DESCRIPTION_FILE, INK_SUFFIXES, PICTURE_SUFFIXES
from ml.preprocessing.image_limits import MAX_IMAGE_BYTES
from recognizer.datasets.formats_png import TABLE
from recognizer.datasets.parse_lines import LineError, ParsedLine, parse_json_object, read_csv, read_ndjson

MOST_MEMBERS = 1_000_000
LARGEST_SPEC = 1 << 20  # bytes of recognizer.json
LARGEST_LINES = 4 << 30  # bytes of a member of lines, which is copied to be read
BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)


class ArchiveError(ValueError):
    """A file of which nothing can be read; the text says why."""


class Source(Protocol):
    """Files by name, in a folder or an archive."""

    def names(self) -> list[str]:
        """All of them, with / between their parts."""

    def open(self, name: str) -> IO[bytes]:
        """One of them. Raises LineError."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def names(self) -> list[str]:
        files = (file.relative_to(self._root) for file in self._root.rglob("*") if file.is_file())
        return sorted(file.as_posix() for file in files if not any(part.startswith(".") for part in file.parts))

    def open(self, name: str) -> IO[bytes]:
        file = (self._root / name).resolve()
        if not file.is_relative_to(self._root):
            raise LineError(_("%(name)s leads out of the folder.") % {"name": name[:200]})
        try:
            return file.open("rb")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise LineError(_("%(name)s cannot be read: %(why)s.") % {"name": name[:200], "why": why}) from error


class _Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

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
    """A .zip to read. Raises ArchiveError."""
    try:
        archive = zipfile.ZipFile(file)
    except BROKEN as error:
        raise ArchiveError(
            _("%(file)s is no .zip that can be read: %(why)s.") % {"file": file, "why": error}
        ) from error
    with archive:
        if len(archive.infolist()) > MOST_MEMBERS:
            text = _("%(file)s holds more than %(most)d files. Make several of it.")
            raise ArchiveError(text % {"file": file, "most": MOST_MEMBERS})
        yield archive


def read_png_folder(file: Path) -> Iterator[ParsedLine]:
    """The pictures of a folder or a .zip. Raises ArchiveError where there are none."""
    if file.is_dir():
        yield from _read(_Folder(file), file.name)
        return
    with open_archive(file) as archive:
        yield from _read(_Archive(archive), file.name)


def _read(source: Source, place: str) -> Iterator[ParsedLine]:
    names = source.names()
    if TABLE in names:
        with _as_file(source, TABLE) as table:
            for line in read_csv(table, f"{place}/{TABLE}"):
                yield line if line.fields is None else _with_picture(line, source)
        return
    root, recognizer = _described(source, names)
    found = [
        name for name in names if name.startswith(root) and name.lower().endswith((*PICTURE_SUFFIXES, *INK_SUFFIXES))
    ]
    if not found:
        text = _("%(place)s holds no pictures. Put them into a folder for each label: %(place)s/7/one.png.")
        raise ArchiveError(text % {"place": place})
    for name in found:
        yield from _labelled(source, name, PurePosixPath(name).relative_to(root), f"{place}/{name}", recognizer)


def _with_picture(line: ParsedLine, source: Source) -> ParsedLine:
    fields = dict(line.fields or {})
    try:
        return line._replace(fields=fields | {"image": read_member(source, fields.pop("file", ""), MAX_IMAGE_BYTES)})
    except LineError as error:
        return ParsedLine(line.place, None, str(error))


def _labelled(
    source: Source, name: str, within: PurePosixPath, place: str, known: dict[str, str]
) -> Iterator[ParsedLine]:
    """`<label>/<file>`, `<label>/<writer>/.../<file>` or `<label>.ndjson`."""
    if suffix := next((suffix for suffix in INK_SUFFIXES if name.endswith(suffix)), None):
        with _as_file(source, name) as lines:
            said = {"label": within.name.removesuffix(suffix)}
            for line in read_ndjson(lines, place):
                yield line if line.fields is None else line._replace(fields={**known, **said, **line.fields})
        return
    label, *folders = within.parts[:-1] or ("",)
    writer = {"author": folders[0]} if folders else {}
    try:
        yield ParsedLine(
            place, {**known, **writer, "label": label, "image": read_member(source, name, MAX_IMAGE_BYTES)}
        )
    except LineError as error:
        yield ParsedLine(place, None, str(error))


def _described(source: Source, names: list[str]) -> tuple[str, dict[str, str]]:
    """The folder that holds `recognizer.json`, and what it says; else the outermost one, and nothing."""
    specs = [name for name in names if PurePosixPath(name).name == DESCRIPTION_FILE]
    if len(specs) != 1:
        return "", {}
    said: dict[str, Any] = parse_json_object(read_member(source, specs[0], LARGEST_SPEC))
    slug = said.get("slug")
    return specs[0].removesuffix(DESCRIPTION_FILE), {"recognizer": slug} if isinstance(slug, str) else {}


def read_member(source: Source, name: str, most: int) -> bytes:
    """A small file whole. Raises LineError where it is larger, whatever the archive says, or broken."""
    with source.open(name) as stream:
        try:
            content = stream.read(most + 1)
        except BROKEN as error:
            raise LineError(_("%(name)s cannot be read: %(why)s.") % {"name": name[:200], "why": error}) from error
    if len(content) > most:
        raise LineError(_("%(name)s has more than %(most)d bytes.") % {"name": name[:200], "most": most})
    return content


@contextmanager
def _as_file(source: Source, name: str) -> Iterator[Path]:
    """A copy to read line by line, which goes again; never more of it than is allowed."""
    with tempfile.TemporaryDirectory() as folder, source.open(name) as stream:
        copy = Path(folder) / "lines"
        with copy.open("wb") as target:
            _copy(stream, target, name)
        yield copy


def _copy(stream: IO[bytes], target: IO[bytes], name: str) -> None:
    left = LARGEST_LINES
    try:
        while piece := stream.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise ArchiveError(_("%(name)s is too large.") % {"name": name[:200]})
            target.write(piece)
    except BROKEN as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(_("%(name)s cannot be read: %(why)s.") % {"name": name[:200], "why": error}) from error
