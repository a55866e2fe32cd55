"""The file format of a backup: writing it as a stream, checking and reading it."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

FORMAT = 1  # increase it when an older `restore` cannot read the archive
MANIFEST = "manifest.json"
_CHUNK = 1 << 20  # bytes
_DAMAGED = (BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, NotImplementedError, AttributeError)


class ArchiveError(ValueError):
    """The file is no backup, or a damaged one. The text says what to do."""


@dataclass(frozen=True)
class Table:
    """One table of an archive. `columns`: the kind of each column by name, see `recognizer.backups.rows`."""

    name: str
    columns: dict[str, str]
    rows: int
    sha256: str
    next_id: int | None
    """The id of the next row; None for a table without a counter."""


@dataclass(frozen=True)
class Manifest:
    """What an archive says about itself."""

    created: str
    migrations: list[str]
    """The applied migrations, as "app.name"."""
    tables: list[Table]
    last_deletion: str | None
    """The newest id of the log of deletions."""
    format: int = FORMAT


class TableSink:
    """Receives the bytes of one table; counts rows and computes the checksum."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._sha256 = hashlib.sha256()
        self.rows = 0

    def write(self, data: bytes) -> int:
        """Add whole or partial rows. Every newline ends one: those within a value are escaped."""
        self._sha256.update(data)
        self.rows += data.count(b"\n")
        return self._target.write(data)

    @property
    def sha256(self) -> str:
        """The checksum so far."""
        return self._sha256.hexdigest()


class ArchiveWriter:
    """Writes an archive to a file, a pipe or a socket: it never goes back. A context manager."""

    def __init__(self, target: IO[bytes]) -> None:
        self._zip = ZipFile(target, "w", ZIP_DEFLATED, compresslevel=1)

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, *error: object) -> None:
        """Close the zip file now, or it would be closed with a traceback after its target."""
        with suppress(OSError):  # raised already, for example because the disk is full
            self._zip.close()

    @contextmanager
    def table(self, name: str) -> Iterator[TableSink]:
        """A sink for the rows of one table."""
        with self._zip.open(_member(name), "w", force_zip64=True) as member:
            yield TableSink(member)

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the directory of the zip file; without them the archive is damaged."""
        self._zip.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        self._zip.close()


def _member(table: str) -> str:
    return f"tables/{table}.copy"


class Archive:
    """A backup that was checked completely, for reading. A context manager. Raises ArchiveError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = ZipFile(path)
            self.manifest = _read_manifest(json.loads(self._zip.read(MANIFEST)))
            for table in self.manifest.tables:
                self._check(table)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read: {error.strerror or error}.") from error
        except ArchiveError:
            raise
        except _DAMAGED as error:
            text = f"{path} is damaged, or no backup of Inkling: {error}. Copy it again, or use another backup."
            raise ArchiveError(text) from error

    def _check(self, table: Table) -> None:
        sha256 = hashlib.sha256()
        with self.open(table) as member:
            while data := member.read(_CHUNK):
                sha256.update(data)
        if sha256.hexdigest() != table.sha256:
            text = f"{self._path} is damaged: {table.name} has another checksum. Copy it again, or use another backup."
            raise ArchiveError(text)

    def open(self, table: Table) -> IO[bytes]:
        """The rows of a table."""
        return self._zip.open(_member(table.name))

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()


def _read_manifest(read: dict[str, Any]) -> Manifest:
    if read["format"] != FORMAT:
        text = f"The archive has format {read['format']}, and this version of Inkling reads format {FORMAT} only."
        raise ArchiveError(f"{text} Restore it with the version that wrote it, or a newer one.")
    manifest = Manifest(**read | {"tables": [Table(**each) for each in read["tables"]]})
    if manifest.last_deletion is not None:
        UUID(manifest.last_deletion)
    if not all("." in name for name in manifest.migrations):
        raise ValueError("a migration without a name")
    return manifest
