"""The formats: what they are called, what each one carries, and who writes it."""

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
from recognizer.datasets.formats_csv import CsvWriter
from recognizer.datasets.formats_ndjson import NdjsonWriter
from recognizer.datasets.formats_npz import NpzWriter
from recognizer.datasets.formats_png import FileTarget, PngWriter, ZipTarget
from recognizer.datasets.rows import DrawingRow
from recognizer.models import Recognizer

MAX_LICENCE_LENGTH = 200  # characters


class RowWriter(Protocol):
    """Takes one row after the other."""

    def add(self, row: DrawingRow) -> None:
        """One drawing."""

    def close(self) -> None:
        """What can only be written at the end."""


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
            gettext_lazy("Everything: strokes or picture, answers, corrections and reviews. The one to keep."),
        ),
        Format(
            "csv",
            gettext_lazy("CSV"),
            ".csv",
            "text/csv; charset=utf-8",
            gettext_lazy("Everything, one row a drawing; what is nested is JSON in its cell."),
        ),
        Format(
            "npz",
            gettext_lazy("NumPy arrays (.npz)"),
            ".npz",
            "application/zip",
            gettext_lazy(
                "One recognizer: what it sees, labels and strokes. Without pictures, answers, and the story of reviews."
            ),
        ),
        Format(
            "png",
            gettext_lazy("PNG folders (.zip)"),
            ".zip",
            "application/zip",
            gettext_lazy("Pictures by label and author, with a table of what was said. Strokes become pictures."),
        ),
    )
}


class ExportSummary(NamedTuple):
    """What an export holds."""

    drawings: int
    sha256: str
    size: int


class _Measured:
    """A sink that notes how much went through it, and its digest."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self.digest, self.size = hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self.size += len(data)
        self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        """Archives ask for it."""


def check_export(*, form: str, wanted: DrawingFilter, licence: str) -> None:
    """Raises WantedError where this cannot be written."""
    if form not in FORMATS:
        text = _("There is no format %(form)s. There are: %(known)s.")
        raise FilterError(text % {"form": repr(form[:40]), "known": ", ".join(FORMATS)}, "format")
    if form == "npz" and not wanted.recognizer:
        text = _("Each recognizer sees drawings in its own size, so .npz holds one. Say which recognizer.")
        raise FilterError(text, "recognizer")
    if not is_licence(licence):
        text = _("A licence is one line of at most %(most)d characters that begins with a letter or a digit.")
        raise FilterError(text % {"most": MAX_LICENCE_LENGTH}, "licence")


def is_licence(text: str) -> bool:
    """One printable line that no spreadsheet takes for a formula; or nothing."""
    return not text or (len(text) <= MAX_LICENCE_LENGTH and text.isprintable() and text[0].isalnum())


def write_export(
    *, wanted: DrawingFilter, form: str, licence: str, sink: Any, told: Callable[[list[int]], None] = lambda ids: None
) -> ExportSummary:
    """Write what is wanted into `sink`, which is only ever written to; `told` gets the ids of what was just written.

    Raises WantedError.
    """
    check_export(form=form, wanted=wanted, licence=licence)
    measured = _Measured(sink)
    count = write_rows(_writer(form, measured, wanted), wanted=wanted, licence=licence, told=told)
    return ExportSummary(count, measured.digest.hexdigest(), measured.size)


def write_png_folder(*, wanted: DrawingFilter, licence: str, box: FileTarget, told: Callable[[list[int]], None]) -> int:
    """PNG folders as folders; how many drawings."""
    check_export(form="png", wanted=wanted, licence=licence)
    return write_rows(PngWriter(box), wanted=wanted, licence=licence, told=told)


def write_rows(writer: RowWriter, *, wanted: DrawingFilter, licence: str, told: Callable[[list[int]], None]) -> int:
    """Give a writer all rows; how many."""
    count = 0
    for page in rows.read_pages(wanted, licence=licence):
        for row in page:
            writer.add(row)
        count += len(page)
        told([row.pk for row in page])
    writer.close()
    return count


def _writer(form: str, sink: Any, wanted: DrawingFilter) -> RowWriter:
    if form == "npz":
        return NpzWriter(sink, Recognizer.objects.get(slug=wanted.recognizer))
    if form == "png":
        return PngWriter(ZipTarget(sink))
    return NdjsonWriter(sink) if form == "ndjson" else CsvWriter(sink)
