"""CSV: one row a drawing, for tables and statistics. Carries everything; what is nested is JSON in its cell."""

from __future__ import annotations

import csv
import io
from typing import IO, Any

from recognizer.datasets import columns
from recognizer.datasets.rows import DrawingRow

COLUMNS = (*columns.FACTS, *columns.NESTED, "image")


class CsvWriter:
    """Writes a head, and one line a row."""

    columns: tuple[str, ...] = COLUMNS

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._line = io.StringIO()
        self._csv = csv.writer(self._line, lineterminator="\n")
        self._write(self.columns)

    def add(self, row: DrawingRow) -> None:
        """One drawing."""
        image = columns.image_data_url(row) if row.image is not None else None
        self._write([*cells(row), row.ink, image])

    def close(self) -> None:
        """Nothing is left to write."""

    def _write(self, values: Any) -> None:
        self._csv.writerow(values)
        self._sink.write(self._line.getvalue().encode())
        self._line.seek(0)
        self._line.truncate()


def cells(row: DrawingRow) -> list[Any]:
    """Of all columns but the drawing itself; truth as JSON writes it."""
    values = [str(value).lower() if isinstance(value, bool) else value for value in columns.fact_columns(row).values()]
    return [*values, columns.corrections_json(row), columns.predictions_json(row)]
