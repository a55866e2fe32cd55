"""Reading .npz: one drawing after the other, never a whole array in memory, and nothing is unpickled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
from django.utils.translation import gettext as _

from ml.preprocessing.ink import MAX_POINTS, MAX_STROKES
from recognizer.datasets.parse_lines import LineError, ParsedLine
from recognizer.datasets.read_folders import BROKEN, ArchiveError, open_archive

LARGEST_RASTER = 1_000_000  # bytes
MOST_LABELS = 10_000
KNOWN = {
    *("x", "y", "labels", "recognizer", "key_id", "status", "author", "licence", "timestamp"),
    *("strokes", "points", "xyt"),
}
Texts = dict[str, Any]


def read_npz(file: Path) -> Iterator[ParsedLine]:
    """Our own, or anybody's with `x` and `y`. Raises ArchiveError where nothing can be read."""
    with open_archive(file) as archive, ExitStack() as opened:
        members = [name for name in archive.namelist() if name.removesuffix(".npy") in KNOWN]
        arrays = {name.removesuffix(".npy"): _array(opened.enter_context(archive.open(name)), name) for name in members}
        if not {"x", "y"} <= arrays.keys():
            raise ArchiveError(_("%(file)s holds no arrays x and y.") % {"file": file.name})
        said: dict[str, list[str]] = {
            name: arrays[name].all_texts() for name in ("labels", "recognizer") if name in arrays
        }
        for number in range(arrays["y"].count):
            place = f"{file.name}, drawing {number + 1}"
            try:
                yield ParsedLine(place, _drawing(arrays, said))
            except LineError as error:
                yield ParsedLine(place, None, str(error))
            except BROKEN as error:
                yield ParsedLine(place, None, _("From here on it cannot be read: %(why)s.") % {"why": error})
                return


class _Array:
    """A member that is read from its beginning to its end."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
        if dtype.hasobject or fortran or (not shape and name != "recognizer"):
            raise ArchiveError(_("%(name)s holds no plain rows of numbers or texts.") % {"name": name})
        self.name, self.dtype, self.item = name, dtype, shape[1:]
        self.count = shape[0] if shape else 1
        self.size = dtype.itemsize * math.prod(self.item)
        if self.size > LARGEST_RASTER:
            raise ArchiveError(_("A row of %(name)s is too large.") % {"name": name})
        self._stream = stream

    def take(self, count: int = 1) -> np.ndarray:
        """The next rows."""
        raw = self._stream.read(count * self.size)
        if len(raw) < count * self.size:
            raise EOFError(f"{self.name} ends too early")
        return np.frombuffer(raw, self.dtype).reshape(count, *self.item)

    def all_texts(self) -> list[str]:
        """All rows; of the few that names are."""
        if self.count > MOST_LABELS:
            raise ArchiveError(_("There are too many %(name)s.") % {"name": self.name})
        return [str(text) for text in self.take(self.count)]


def _array(stream: IO[bytes], name: str) -> _Array:
    try:
        return _Array(stream, name.removesuffix(".npy"))
    except ArchiveError:
        raise
    except BROKEN as error:
        raise ArchiveError(f"{name}: {error}") from error


def _drawing(arrays: dict[str, _Array], said: dict[str, list[str]]) -> Texts:
    """The fields of the next row. All arrays are moved on, also where the row is refused afterwards."""
    names = ("y", "key_id", "status", "author", "licence", "timestamp")
    row = {name: arrays[name].take()[0] for name in names if name in arrays}
    raster, ink = arrays["x"].take()[0], _ink(arrays)
    fields: Texts = {name: str(value) for name, value in row.items() if name not in ("y", "timestamp") and str(value)}
    if "timestamp" in row:
        fields["timestamp"] = f"{np.datetime_as_string(row['timestamp'], unit='us')}+00:00"
    if said.get("recognizer"):
        fields["recognizer"] = said["recognizer"][0]
    if label := _label(int(row["y"]), said.get("labels")):
        fields["label"] = label
    return fields | ({"drawing": ink} if ink else {"image": _png(raster)})


def _label(place: int, labels: list[str] | None) -> str | None:
    if place < 0:
        return None
    if labels is None:
        return str(place)
    if place >= len(labels):
        raise LineError(_("There is no label %(place)d in `labels`.") % {"place": place})
    return labels[place]


def _ink(arrays: dict[str, _Array]) -> list[Any]:
    if not {"strokes", "points", "xyt"} <= arrays.keys():
        return []
    strokes = int(arrays["strokes"].take()[0])
    if not 0 <= strokes <= MAX_STROKES:
        raise EOFError(f"a drawing has {strokes} strokes")
    lengths = [int(length) for length in arrays["points"].take(strokes)] if strokes else []
    if any(length < 1 for length in lengths) or sum(lengths) > MAX_POINTS:
        raise EOFError(f"a drawing has strokes of {lengths} points")
    return [_stroke(arrays["xyt"].take(length)) for length in lengths]


def _stroke(points: np.ndarray) -> list[Any]:
    x, y, t = points.astype(np.float64).T.tolist()
    axes = [x, y] if math.isnan(t[0]) else [x, y, t]
    return [[int(value) if value.is_integer() else value for value in axis] for axis in axes]


def _png(raster: np.ndarray) -> bytes:
    if raster.dtype != np.uint8 or raster.ndim != 2 or min(raster.shape) < 1:
        raise LineError(_("A raster must be uint8 with rows and columns."))
    return cv2.imencode(".png", raster)[1].tobytes()
