"""PNG folders: one picture a drawing, in folders by recognizer, label and author, and a table of what was said.

    drawings.csv                              all columns but the drawing, and the file of each
    <recognizer>/recognizer.json              what `python -m ml train` needs to read the folder
    <recognizer>/<label>/<author>/<key_id>.png
    <recognizer>.unnamed/<author>/<key_id>.png      of which nobody said what they are

Ink becomes a picture, black on white, and comes back as one: strokes are not carried. Pictures that people sent are,
and so is all that was said and answered. Into a folder or a .zip.
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
from recognizer.datasets.formats_csv import COLUMNS, CsvWriter, cells
from recognizer.datasets.formats_npz import MEMBER_TIME
from recognizer.datasets.rows import UNSTATED, DrawingRow
from recognizer.models import Recognizer

TABLE = "drawings.csv"
LOOK = RasterSpec(size=64, box=52, pen=3)  # the largest that the one renderer draws
TEXT, STORED = zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED  # a PNG is as small as it gets


class FileTarget(Protocol):
    """Where files go: a folder or an archive."""

    def put(self, name: str, content: bytes) -> None:
        """One small file."""

    def put_large(self, name: str, pieces: Iterator[bytes]) -> None:
        """One file of any size."""

    def close(self) -> None:
        """No more comes."""


class ZipTarget:
    """Files in an archive, which is written from its beginning to its end."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(sink, "w")

    def put(self, name: str, content: bytes) -> None:
        """One small file."""
        self._archive.writestr(_info(name, STORED if name.endswith(".png") else TEXT), content)

    def put_large(self, name: str, pieces: Iterator[bytes]) -> None:
        """One file of any size."""
        with self._archive.open(_info(name, TEXT), "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)

    def close(self) -> None:
        """Write the list of what is in it."""
        self._archive.close()


class FolderTarget:
    """Files in a folder that is not there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)

    def put(self, name: str, content: bytes) -> None:
        """One small file."""
        self.put_large(name, iter([content]))

    def put_large(self, name: str, pieces: Iterator[bytes]) -> None:
        """One file of any size."""
        place = self._folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            file.writelines(pieces)

    def close(self) -> None:
        """All is written already."""


class _FileTable(CsvWriter):
    """What was said of each picture, and which file it is."""

    columns = ("file", *COLUMNS[:-2])

    def add_file(self, name: str, row: DrawingRow) -> None:
        self._write([name, *cells(row)])


class PngWriter:
    """Puts pictures as they come, and the table at the end: it grows in a file without a name meanwhile."""

    def __init__(self, box: FileTarget) -> None:
        self._box = box
        self._rows = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the writer
        self._table = _FileTable(self._rows)
        self._seen: set[str] = set()

    def add(self, row: DrawingRow) -> None:
        """One drawing."""
        if row.recognizer not in self._seen:
            self._seen.add(row.recognizer)
            self._box.put(f"{row.recognizer}/{DESCRIPTION_FILE}", _described(row.recognizer))
        folder = f"{row.recognizer}/{row.label}" if row.label else f"{row.recognizer}.unnamed"
        name = f"{folder}/{row.author or UNSTATED}/{row.uuid}.png"
        self._box.put(name, row.image if row.image is not None else _draw(row))
        self._table.add_file(name, row)

    def close(self) -> None:
        """Put the table."""
        self._rows.seek(0)
        self._box.put_large(TABLE, iter(lambda: self._rows.read(1 << 20), b""))
        self._rows.close()
        self._box.close()


def _draw(row: DrawingRow) -> bytes:
    try:
        raster = rasterise(parse_ink(json.loads(row.ink or "[]")), LOOK)
    except InkError:  # of rules that were looser than today's
        raster = rasterise(parse_ink([[[0], [0]]]), LOOK)
    return cv2.imencode(".png", 255 - raster)[1].tobytes()


def _described(slug: str) -> bytes:
    recognizer = Recognizer.objects.get(slug=slug)
    labels = recognizer.labels.order_by("position").values("slug", "glyph", "name", "prompt")
    said: dict[str, Any] = {
        "slug": slug,
        "title": recognizer.name,
        "labels": [{key: text for key, text in label.items() if text} for label in labels],
    }
    if recognizer.prompt:
        said["prompt"] = recognizer.prompt
    return json.dumps(said, ensure_ascii=False, indent=1).encode()


def _info(name: str, how: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, MEMBER_TIME)
    info.compress_type = how
    return info
