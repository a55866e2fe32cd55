"""The log of deletions: the random id of each deleted account, drawing and webhook, in a file outside the database.

A backup holds what people delete later. `manage.py restore` reads this log and deletes it again. The file has one id a
line and nothing else. `settings.DELETION_LOG` names it; several processes append to it, also of several hosts if they
share the folder and its file system has locks.

Whoever deletes appends as the last step of the transaction. If the log cannot be written, the transaction fails and
nothing is deleted: a deletion is not confirmed that a restore would undo. If the commit fails after that, the log names
a row that still exists, and a restore deletes it; its owner has asked for that.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import OperationalError

_LINE = 37  # bytes: a UUID with hyphens, and a newline


class DeletionLogError(OperationalError):
    """The log cannot be written now. Handled like a database that cannot be reached: the answer is a 503."""


class UnreadableLogError(ValueError):
    """The log is missing or damaged. The text says what to do."""


def append(ids: Iterable[UUID]) -> None:
    """Append ids and wait until they are on the disk. Without DELETION_LOG nothing is written.

    Raises DeletionLogError; the log is as before then.
    """
    lines = "".join(f"{each}\n" for each in ids).encode()
    if not settings.DELETION_LOG or not lines:
        return
    try:
        _write(Path(settings.DELETION_LOG), lines)
    except OSError as error:
        text = f"Nothing was deleted: the log of deletions {settings.DELETION_LOG} cannot be written: {error.strerror}."
        raise DeletionLogError(text) from error


def _write(path: Path, lines: bytes) -> None:
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            lines = b"\n" + lines  # someone edited the file, or the machine lost its power
        try:
            _write_all(file, lines)
            os.fsync(file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, size)  # no half of a line: the disk is full
            raise
    finally:
        os.close(file)


def _write_all(file: int, lines: bytes) -> None:
    while lines:
        lines = lines[os.write(file, lines) :]


def make_sure_it_exists() -> None:
    """Create an empty log if there is none, so that a missing log always means a lost one. Raises DeletionLogError."""
    if settings.DELETION_LOG and not Path(settings.DELETION_LOG).exists():
        try:
            _write(Path(settings.DELETION_LOG), b"")
        except OSError as error:
            text = f"The log of deletions {settings.DELETION_LOG} cannot be written: {error.strerror}."
            raise DeletionLogError(text) from error


def last_id() -> UUID | None:
    """The newest id of the log; None if it is empty or there is none. Raises UnreadableLogError."""
    path = Path(settings.DELETION_LOG or os.devnull)
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 2 * _LINE))
        lines = file.read().split()
    return _read_id(lines[-1].decode(errors="replace"), path, "The last line") if lines else None


def read() -> set[UUID]:
    """All ids of the log. Raises UnreadableLogError."""
    if not settings.DELETION_LOG:
        raise UnreadableLogError("DELETION_LOG is not set, so nobody knows what was deleted since the backup.")
    path = Path(settings.DELETION_LOG)
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = enumerate((line.strip() for line in file), start=1)
            return {_read_id(line, path, f"Line {number}") for number, line in lines if line}
    except OSError as error:
        raise UnreadableLogError(f"The log of deletions {path} cannot be read: {error.strerror}.") from error


def _read_id(line: str, path: Path, where: str) -> UUID:
    try:
        return UUID(line)
    except ValueError as error:
        text = f"{where} of {path} is {line[:60]!r}, which is no id."
        raise UnreadableLogError(f"{text} Delete the line if it is half an id, as after a power failure.") from error
