r"""Rows as lines of PostgreSQL's COPY: values separated by tabs, `\N` for NULL, special characters escaped.

PostgreSQL reads and writes these lines itself. For SQLite this module converts the values that Django stores there: a
UUID as 32 digits, a time as text without its time zone (UTC), a boolean as a number, bytes as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

_NULL = "\\N"
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
_ESCAPED = re.compile("[" + "".join(map(re.escape, _ESCAPES)) + "]")
_PLAIN = {written: char for char, written in _ESCAPES.items()}
_WRITTEN = re.compile(r"\\.", re.DOTALL)


def kind_of(field: models.Field[Any, Any]) -> str:
    """The kind of a column, for a manifest: a key of the tables below."""
    while field.remote_field:
        field = field.target_field  # type: ignore[attr-defined]
    kinds: list[tuple[type[models.Field[Any, Any]], str]] = [
        (models.BooleanField, "boolean"),
        (models.IntegerField, "integer"),
        (models.FloatField, "real"),
        (models.DateTimeField, "time"),
        (models.UUIDField, "uuid"),
        (models.BinaryField, "bytes"),
    ]
    text = (models.CharField, models.TextField, models.JSONField, models.DateField, models.GenericIPAddressField)
    found = next((kind for model, kind in kinds if isinstance(field, model)), "text")
    if found == "text" and not isinstance(field, text):
        raise TypeError(f"Backups do not know columns like {field}. Add it to recognizer.backups.rows.")
    return found


def _write_time(value: str) -> str:
    return f"{value}+00"


def _read_time(text: str) -> str:
    return str(datetime.fromisoformat(text).replace(tzinfo=None))


_WRITE: dict[str, Callable[[Any], str]] = {
    "boolean": lambda value: "t" if value else "f",
    "integer": str,
    "real": lambda value: repr(float(value)),
    "time": _write_time,
    "uuid": lambda value: str(UUID(value)),
    "bytes": lambda value: "\\\\x" + bytes(value).hex(),
    "text": lambda value: _ESCAPED.sub(lambda found: _ESCAPES[found[0]], str(value)),
}
_READ: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "t",
    "integer": int,
    "real": float,
    "time": _read_time,
    "uuid": lambda text: UUID(text).hex,
    "bytes": lambda text: bytes.fromhex(text[3:]),
    "text": lambda text: _WRITTEN.sub(lambda found: _PLAIN.get(found[0], found[0][1:]), text) if "\\" in text else text,
}


def write_row(values: Sequence[Any], kinds: Sequence[str]) -> bytes:
    """A row of SQLite as a line."""
    written = (_NULL if value is None else _WRITE[kind](value) for value, kind in zip(values, kinds, strict=True))
    return ("\t".join(written) + "\n").encode()


def read_row(line: bytes, kinds: Sequence[str]) -> list[Any]:
    """A line as a row for SQLite."""
    values = line.decode().removesuffix("\n").split("\t")
    return [None if text == _NULL else _READ[kind](text) for text, kind in zip(values, kinds, strict=True)]
