"""Quick, Draw!'s layout: one JSON object a line. Carries everything."""

from __future__ import annotations

import json
from typing import IO

from recognizer.datasets import columns
from recognizer.datasets.rows import DrawingRow


class NdjsonWriter:
    """Writes one line a row."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink

    def add(self, row: DrawingRow) -> None:
        """One drawing."""
        self._sink.write(line(row).encode())

    def close(self) -> None:
        """Nothing is left to write."""


def line(row: DrawingRow) -> str:
    """A row as it is written; strokes come last, as they are the longest."""
    head = json.dumps(columns.fact_columns(row), ensure_ascii=False)[:-1]
    drawn = f'"drawing": {row.ink}' if row.ink is not None else f'"image": "{columns.image_data_url(row)}"'
    said, answered = columns.corrections_json(row), columns.predictions_json(row)
    return f'{head}, "corrections": {said}, "predictions": {answered}, {drawn}}}\n'
