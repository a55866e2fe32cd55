"""Reading ndjson and CSV: one line after the other, whatever stands in the ones before.

A line that is too long is passed over without ever being in memory; what cannot be read of a broken archive ends it.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.utils.translation import gettext as _

from recognizer.datasets.columns import NESTED

MOST_BYTES = 8 << 20  # of a line: the largest picture that is read, as text, and all that is said about it
ZIPPED = b"\x1f\x8b"
CANNOT_BE_READ = (OSError, EOFError, zlib.error)


class LineError(ValueError):
    """A line of which no drawing can be made; the text says why."""


class ParsedLine(NamedTuple):
    """What stands in one place of a file: fields, or why there are none."""

    place: str
    fields: dict[str, Any] | None
    why: str = ""


def read_ndjson(file: Path, name: str = "") -> Iterator[ParsedLine]:
    """One JSON object a line; `.gz` or not."""
    for place, raw in _numbered(file, name or file.name):
        if isinstance(raw, str):
            yield ParsedLine(place, None, raw)
        elif raw.strip():
            yield _guarded(place, parse_json_object, raw)


def read_csv(file: Path, name: str = "") -> Iterator[ParsedLine]:
    """CSV with a head; each line stands for itself, so an open quote spoils no other."""
    head: list[str] | None = None
    csv.field_size_limit(MOST_BYTES)
    for place, raw in _numbered(file, name or file.name):
        if isinstance(raw, str):
            yield ParsedLine(place, None, raw)
        elif head is None:
            head = _head(raw)
        elif raw.strip():
            yield _guarded(place, _record, raw, head)


def _guarded(place: str, read: Any, *args: Any) -> ParsedLine:
    try:
        return ParsedLine(place, read(*args))
    except LineError as error:
        return ParsedLine(place, None, str(error))


def parse_json_object(raw: bytes | str) -> dict[str, Any]:
    """Strict JSON. Raises LineError."""
    found = parse_json(raw)
    if not isinstance(found, dict):
        raise LineError(_("A line must hold an object, {...}."))
    return found


def parse_json(raw: bytes | str) -> Any:
    """Strict JSON. Raises LineError."""
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise LineError(_("It is not UTF-8.")) from error
    except RecursionError as error:
        raise LineError(_("It is nested too deeply.")) from error
    except ValueError as error:
        raise LineError(_("It is not JSON: %(why)s.") % {"why": str(error)[:200]}) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number that JSON knows")


def _head(raw: bytes) -> list[str]:
    return next(csv.reader([raw.decode("utf-8-sig", "replace").rstrip("\r\n")]), [])


def _record(raw: bytes, head: list[str]) -> dict[str, Any]:
    try:
        cells = next(csv.reader([raw.decode("utf-8").rstrip("\r\n")], strict=True))
    except UnicodeDecodeError as error:
        raise LineError(_("It is not UTF-8.")) from error
    except csv.Error as error:
        raise LineError(_("It is not CSV: %(why)s.") % {"why": error}) from error
    if len(cells) != len(head):
        text = _("It has %(cells)d cells, but the head has %(head)d.")
        raise LineError(text % {"cells": len(cells), "head": len(head)})
    fields: dict[str, Any] = {name: cell for name, cell in zip(head, cells, strict=True) if cell}
    return fields | {name: parse_json(fields[name]) for name in NESTED if name in fields}


def _numbered(file: Path, name: str) -> Iterator[tuple[str, bytes | str]]:
    """Where, and the line, or why it is not read."""
    number = 0
    try:
        with closing(_open(file)) as stream:
            while raw := stream.readline(MOST_BYTES + 1):
                number += 1
                too_long = len(raw) > MOST_BYTES
                if too_long:
                    _skip_line(stream, raw)
                yield f"{name}, line {number}", _too_long() if too_long else raw
    except CANNOT_BE_READ as error:
        why = getattr(error, "strerror", None) or str(error)
        yield f"{name}, line {number + 1}", _("From here on it cannot be read: %(why)s.") % {"why": why}


def _open(file: Path) -> IO[bytes]:
    with file.open("rb") as stream:
        zipped = stream.read(2) == ZIPPED
    return gzip.open(file) if zipped else file.open("rb")  # type: ignore[return-value]


def _skip_line(stream: IO[bytes], raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(1 << 20)


def _too_long() -> str:
    return _("The line is longer than %(most)d MB.") % {"most": MOST_BYTES >> 20}
