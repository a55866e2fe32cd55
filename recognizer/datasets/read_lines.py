"""Reads ndjson and CSV, one line after the other. A broken line does not affect the others.

A line that is too long is skipped without loading it into memory. A broken archive ends the file.
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

from ml.preprocessing.unpack import MAX_LINE_BYTES, UnpackError, check_unpacked, most_unpacked
from recognizer.datasets.columns import NESTED, restore_cell

GZIP_MAGIC = b"\x1f\x8b"


class LineError(ValueError):
    """No drawing can be made of a line. The text says why."""


class ParsedLine(NamedTuple):
    """One entry of a file: where it is, and its fields or the reason why it has none."""

    location: str
    fields: dict[str, Any] | None
    why: str = ""


def read_ndjson(file: Path, name: str = "") -> Iterator[ParsedLine]:
    """One JSON object per line, compressed with gzip or not."""
    for location, raw, why in _read(file, name or file.name):
        if why:
            yield ParsedLine(location, None, why)
        elif raw.strip():
            yield _parse(location, parse_json_object, raw)


def read_csv(file: Path, name: str = "") -> Iterator[ParsedLine]:
    """CSV with a header. Each line is parsed alone, so a missing quote affects only its own line."""
    header: list[str] | None = None
    csv.field_size_limit(MAX_LINE_BYTES)
    for location, raw, why in _read(file, name or file.name):
        if why:
            yield ParsedLine(location, None, why)
        elif header is None:
            header = next(csv.reader([raw.decode("utf-8-sig", "replace").rstrip("\r\n")]), [])
        elif raw.strip():
            yield _parse(location, _parse_csv_line, raw, header)


def _parse(location: str, parse: Any, *args: Any) -> ParsedLine:
    try:
        return ParsedLine(location, parse(*args))
    except LineError as error:
        return ParsedLine(location, None, str(error))


def parse_json_object(raw: bytes | str) -> dict[str, Any]:
    """Strict JSON. Raises LineError."""
    found = parse_json(raw)
    if not isinstance(found, dict):
        raise LineError(_("A line must be a JSON object, {...}."))
    return found


def parse_json(raw: bytes | str) -> Any:
    """Strict JSON. Raises LineError."""
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise LineError(_("Not UTF-8.")) from error
    except RecursionError as error:
        raise LineError(_("The JSON is nested too deeply.")) from error
    except ValueError as error:
        raise LineError(_("Not JSON: %(why)s.") % {"why": str(error)[:200]}) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _parse_csv_line(raw: bytes, header: list[str]) -> dict[str, Any]:
    try:
        cells = next(csv.reader([raw.decode("utf-8").rstrip("\r\n")], strict=True))
    except UnicodeDecodeError as error:
        raise LineError(_("Not UTF-8.")) from error
    except csv.Error as error:
        raise LineError(_("Not CSV: %(why)s.") % {"why": error}) from error
    if len(cells) != len(header):
        text = _("The line has %(cells)d cells, but the header has %(header)d.")
        raise LineError(text % {"cells": len(cells), "header": len(header)})
    fields: dict[str, Any] = {name: restore_cell(cell) for name, cell in zip(header, cells, strict=True) if cell}
    return fields | {name: parse_json(fields[name]) for name in NESTED if name in fields}


def _read(file: Path, name: str) -> Iterator[tuple[str, bytes, str]]:
    """For each line: its location, its bytes, and the reason why it is not read, if any."""
    number = unpacked = 0
    try:
        most = most_unpacked(file.stat().st_size)
        with closing(_open(file)) as stream:
            while raw := stream.readline(MAX_LINE_BYTES + 1):
                unpacked += len(raw)
                check_unpacked(unpacked, most)  # a small archive can unpack to any number of lines
                number, why = number + 1, ""
                if len(raw) > MAX_LINE_BYTES:
                    why = _("The line is longer than %(most)d MB.") % {"most": MAX_LINE_BYTES >> 20}
                    while raw and not raw.endswith(b"\n"):
                        raw = stream.readline(1 << 20)
                        unpacked += len(raw)
                yield f"{name}, line {number}", raw, why
    except (OSError, EOFError, zlib.error, UnpackError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield f"{name}, line {number + 1}", b"", _("The file cannot be read from here on: %(why)s.") % {"why": reason}


def _open(file: Path) -> IO[bytes]:
    with file.open("rb") as stream:
        compressed = stream.read(2) == GZIP_MAGIC
    return gzip.open(file) if compressed else file.open("rb")  # type: ignore[return-value]
