"""The file formats of exports: names, what each carries, and writing one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, NamedTuple, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.datasets import rows
from recognizer.datasets.filters import DrawingFilter, FilterError
from recognizer.datasets.rows import DrawingRow
from recognizer.datasets.write_lines import CsvWriter, NdjsonWriter
from recognizer.datasets.write_npz import NpzWriter
from recognizer.datasets.write_png import FileTarget, PngWriter, ZipTarget
from recognizer.models import Recognizer

MAX_LICENCE_LENGTH = 200  # characters
OnPage = Callable[[list[int]], None]
"""Called with the ids of the drawings that were just written."""


class RowWriter(Protocol):
    """Writes one row after the other."""

    def add(self, row: DrawingRow) -> None:
        """Write one drawing."""

    def close(self) -> None:
        """Write what can only be written at the end."""


@dataclass(frozen=True)
class Format:
    """A kind of file."""

    slug: str
    name: str | Promise
    suffix: str
    content_type: str
    carries: str | Promise


FORMATS = {
    each.slug: each
    for each in (
        Format(
            "ndjson",
            gettext_lazy("Quick, Draw! ndjson"),
            ".ndjson",
            "application/x-ndjson",
            gettext_lazy("Everything: strokes or pictures, predictions, corrections and reviews. Best for backups."),
        ),
        Format(
            "csv",
            gettext_lazy("CSV"),
            ".csv",
            "text/csv; charset=utf-8",
            gettext_lazy("Everything, one row per drawing. Nested values are JSON in their cells."),
        ),
        Format(
            "npz",
            gettext_lazy("NumPy arrays (.npz)"),
            ".npz",
            "application/zip",
            gettext_lazy("One recognizer: rasters, labels and strokes. No pictures, predictions or review history."),
        ),
        Format(
            "png",
            gettext_lazy("PNG folders (.zip)"),
            ".zip",
            "application/zip",
            gettext_lazy("Pictures by label and author, and a table with their history. Strokes become pictures."),
        ),
    )
}


class ExportSummary(NamedTuple):
    """What was written."""

    drawings: int
    sha256: str
    size: int


class _HashingSink:
    """Passes bytes on to a sink, and counts and hashes them."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self.digest, self.size = hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self.size += len(data)
        self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        """Needed by `zipfile`."""


def check_export(*, form: str, chosen: DrawingFilter, licence: str) -> None:
    """Raise FilterError if this export is not possible."""
    if form not in FORMATS:
        text = _("Unknown format %(form)s. Use one of: %(known)s.")
        raise FilterError(text % {"form": repr(form[:40]), "known": ", ".join(FORMATS)}, "format")
    if form == "npz" and not chosen.recognizer:
        text = _("A .npz file holds one recognizer, because rasters differ in size. Choose a recognizer.")
        raise FilterError(text, "recognizer")
    if not is_licence(licence):
        text = _("A licence is one line of at most %(most)d characters that begins with a letter or a digit.")
        raise FilterError(text % {"most": MAX_LICENCE_LENGTH}, "licence")


def is_licence(text: str) -> bool:
    """Whether the text is empty, or one printable line that no spreadsheet takes for a formula."""
    return not text or (len(text) <= MAX_LICENCE_LENGTH and text.isprintable() and text[0].isalnum())


def write_export(
    *, chosen: DrawingFilter, form: str, licence: str, sink: Any, on_page: OnPage = lambda ids: None
) -> ExportSummary:
    """Write the chosen drawings to `sink`, which needs only a `write` method. Raises FilterError."""
    check_export(form=form, chosen=chosen, licence=licence)
    hashing: Any = _HashingSink(sink)
    writer: RowWriter
    if form == "npz":
        writer = NpzWriter(hashing, Recognizer.objects.get(slug=chosen.recognizer))
    elif form == "png":
        writer = PngWriter(ZipTarget(hashing))
    else:
        writer = NdjsonWriter(hashing) if form == "ndjson" else CsvWriter(hashing)
    count = _write_rows(writer, chosen=chosen, licence=licence, on_page=on_page)
    return ExportSummary(count, hashing.digest.hexdigest(), hashing.size)


def write_png_folder(*, chosen: DrawingFilter, licence: str, target: FileTarget) -> int:
    """Write PNG folders to a folder. Returns how many drawings were written. Raises FilterError."""
    check_export(form="png", chosen=chosen, licence=licence)
    return _write_rows(PngWriter(target), chosen=chosen, licence=licence, on_page=lambda ids: None)


def _write_rows(writer: RowWriter, *, chosen: DrawingFilter, licence: str, on_page: OnPage) -> int:
    count = 0
    for page in rows.read_pages(chosen, licence=licence):
        for row in page:
            writer.add(row)
        count += len(page)
        on_page([row.pk for row in page])
    writer.close()
    return count
