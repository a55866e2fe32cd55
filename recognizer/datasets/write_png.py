"""Writes PNG folders: one picture per drawing, in folders by recognizer, label and author, and a table of all of them.

    drawings.csv                              the file name and all columns but the drawing
    metadata.jsonl                            the file name, the label and other texts, for `datasets` of Hugging Face
    <recognizer>/recognizer.json              what `python -m ml train` needs to read the folder
    <recognizer>/<label>/<author>/<key_id>.png
    <recognizer>.unnamed/<author>/<key_id>.png      without a label

Ink becomes a picture, black on white, so strokes are lost. Uploaded pictures stay as they are. Predictions, corrections
and reviews are in the table. The target is a folder or a .zip file.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import cv2

from ml.data.recognizer_folder import DESCRIPTION_FILE
from ml.preprocessing.ink import InkError, RasterSpec, parse_ink, rasterise
from recognizer.datasets.columns import fact_columns
from recognizer.datasets.rows import UNSTATED, DrawingRow
from recognizer.datasets.write_lines import FileTableWriter
from recognizer.datasets.write_npz import archive_member
from recognizer.models import Recognizer

TABLE = "drawings.csv"
METADATA = "metadata.jsonl"  # `load_dataset("imagefolder", ...)` reads this name
METADATA_TEXTS = ("label", "word", "recognizer", "status", "author", "licence", "key_id", "timestamp")
PICTURE_SPEC = RasterSpec(size=64, box=52, pen=3)  # the largest that the renderer supports


class FileTarget(Protocol):
    """Where files are written: a folder or an archive."""

    def put(self, name: str, content: bytes) -> None:
        """Write one small file."""

    def put_large(self, name: str, pieces: Iterator[bytes]) -> None:
        """Write one file of any size."""

    def close(self) -> None:
        """Finish."""


class ZipTarget:
    """Writes files into an archive, from its beginning to its end."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(sink, "w")

    def put(self, name: str, content: bytes) -> None:
        """Write one small file."""
        self._archive.writestr(archive_member(name), content)

    def put_large(self, name: str, pieces: Iterator[bytes]) -> None:
        """Write one file of any size."""
        with self._archive.open(archive_member(name), "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)

    def close(self) -> None:
        """Write the directory of the archive."""
        self._archive.close()


class FolderTarget:
    """Writes files into a new folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)

    def put(self, name: str, content: bytes) -> None:
        """Write one small file."""
        self.put_large(name, iter([content]))

    def put_large(self, name: str, pieces: Iterator[bytes]) -> None:
        """Write one file of any size."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(pieces)

    def close(self) -> None:
        """Nothing is left to write."""


class PngWriter:
    """Writes each picture at once, and the tables at the end, from anonymous temporary files."""

    def __init__(self, target: FileTarget) -> None:
        self._target = target
        self._rows = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the writer
        self._table = FileTableWriter(self._rows)
        self._metadata = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the writer
        self._recognizers: set[str] = set()

    def add(self, row: DrawingRow) -> None:
        """Write one drawing."""
        if row.recognizer not in self._recognizers:
            self._recognizers.add(row.recognizer)
            self._target.put(f"{row.recognizer}/{DESCRIPTION_FILE}", _description(row.recognizer))
        folder = f"{row.recognizer}/{row.label}" if row.label else f"{row.recognizer}.unnamed"
        name = f"{folder}/{row.author or UNSTATED}/{row.uuid}.png"
        self._target.put(name, row.image if row.image is not None else _draw(row))
        self._table.add_file(name, row)
        self._metadata.write(_metadata_line(name, row))

    def close(self) -> None:
        """Write the tables."""
        self._put_table(TABLE, self._rows)
        self._put_table(METADATA, self._metadata)
        self._target.close()

    def _put_table(self, name: str, rows: IO[bytes]) -> None:
        rows.seek(0)
        self._target.put_large(name, iter(lambda: rows.read(1 << 20), b""))
        rows.close()


def _metadata_line(name: str, row: DrawingRow) -> bytes:
    """One JSON object. All values are texts, "" where there is none: the reader guesses the type of each column."""
    facts = fact_columns(row)
    texts = {column: facts[column] or "" for column in METADATA_TEXTS}
    return json.dumps({"file_name": name, **texts}, ensure_ascii=False).encode() + b"\n"


def _draw(row: DrawingRow) -> bytes:
    try:
        raster = rasterise(parse_ink(json.loads(row.ink or "[]")), PICTURE_SPEC)
    except InkError:  # saved when the limits were wider
        raster = rasterise(parse_ink([[[0], [0]]]), PICTURE_SPEC)
    return cv2.imencode(".png", 255 - raster)[1].tobytes()


def _description(slug: str) -> bytes:
    recognizer = Recognizer.objects.get(slug=slug)
    labels = recognizer.labels.order_by("position").values("slug", "glyph", "name", "prompt", "names", "codes")
    description: dict[str, Any] = {
        "slug": slug,
        "title": recognizer.name,
        "labels": [{key: text for key, text in label.items() if text} for label in labels],
    }
    if recognizer.prompt:
        description["prompt"] = recognizer.prompt
    return json.dumps(description, ensure_ascii=False, indent=1).encode()
