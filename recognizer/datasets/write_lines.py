"""Writes ndjson (as Quick, Draw! does) and CSV: one line for each drawing. Both carry everything."""

from __future__ import annotations

import csv
import io
import json
from typing import IO, Any

from recognizer.datasets import columns
from recognizer.datasets.rows import DrawingRow

COLUMNS = (*columns.FACTS, *columns.NESTED, "image", "codes")


class NdjsonWriter:
    """Writes one JSON object per line. The strokes come last because they are the longest."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink

    def add(self, row: DrawingRow) -> None:
        """Write one drawing."""
        head = json.dumps(columns.fact_columns(row), ensure_ascii=False)[:-1]
        # Readers of Quick, Draw! files look up `drawing` in each line, and skip a line without strokes.
        image = f'"drawing": [], "image": "{columns.image_data_url(row)}"'
        drawn = f'"drawing": {row.ink}' if row.ink is not None else image
        history = f'"corrections": {columns.corrections_json(row)}, "predictions": {columns.predictions_json(row)}'
        codes = columns.codes_json(row)
        coded = f'"codes": {codes}, ' if codes else ""
        self._sink.write(f"{head}, {coded}{history}, {drawn}}}\n".encode())

    def close(self) -> None:
        """Nothing is left to write."""


class CsvWriter:
    """Writes a header, and one line for each drawing. Nested values are JSON in their cells."""

    columns: tuple[str, ...] = COLUMNS

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._line = io.StringIO()
        self._csv = csv.writer(self._line, lineterminator="\n")
        self._write(self.columns)

    def add(self, row: DrawingRow) -> None:
        """Write one drawing."""
        image = columns.image_data_url(row) if row.image is not None else None
        self._write([*self._cells(row), row.ink, image, columns.codes_json(row)])

    def close(self) -> None:
        """Nothing is left to write."""

    def _write(self, values: Any) -> None:
        self._csv.writerow(map(columns.defuse_cell, values))
        self._sink.write(self._line.getvalue().encode())
        self._line.seek(0)
        self._line.truncate()

    @staticmethod
    def _cells(row: DrawingRow) -> list[Any]:
        """All columns but the drawing itself. Booleans are written as in JSON."""
        facts = columns.fact_columns(row).values()
        values = [str(value).lower() if isinstance(value, bool) else value for value in facts]
        return [*values, columns.corrections_json(row), columns.predictions_json(row)]


class FileTableWriter(CsvWriter):
    """Writes a table with the name of a file in the place of the drawing."""

    columns = ("file", *columns.FACTS, *columns.NESTED[:-1], "codes")

    def add_file(self, name: str, row: DrawingRow) -> None:
        """Write the line of one file."""
        self._write([name, *self._cells(row), columns.codes_json(row)])
