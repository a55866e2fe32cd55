"""Reads .npz files, one drawing after the other. No array is loaded whole, and nothing is unpickled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
from django.utils.translation import gettext as _

from ml.preprocessing import unpack
from ml.preprocessing.ink import MAX_POINTS, MAX_STROKES
from recognizer.datasets.read_lines import LineError, ParsedLine
from recognizer.datasets.read_png import BROKEN, ArchiveError, open_archive

MAX_ROW_BYTES = 1_000_000
MAX_LABELS = 10_000
MAX_NAMES_BYTES = 16 << 20  # of all labels
NO_LABEL = -1  # in y
ITEMS = {"points": (), "strokes": (), "xyt": (3,)}  # shapes of a row of arrays that are read many rows at once
KNOWN = {
    *("x", "y", "labels", "recognizer", "key_id", "status", "author", "licence", "timestamp"),
    *("strokes", "points", "xyt"),
}


def read_npz(file: Path) -> Iterator[ParsedLine]:
    """Files of this site, or any others with `x` and `y`. Raises ArchiveError if nothing can be read."""
    with open_archive(file) as archive, ExitStack() as opened:
        try:
            unpack.check_archive(archive, unpack.most_unpacked(file.stat().st_size))
        except unpack.UnpackError as error:
            raise ArchiveError(f"{file.name}: {error}.") from error
        members = [name for name in archive.namelist() if name.removesuffix(".npy") in KNOWN]
        arrays = {name.removesuffix(".npy"): _array(opened.enter_context(archive.open(name)), name) for name in members}
        if not {"x", "y"} <= arrays.keys():
            raise ArchiveError(_("%(file)s has no arrays x and y.") % {"file": file.name})
        named = [name for name in ("labels", "recognizer") if name in arrays]
        names: dict[str, list[str]] = {name: arrays[name].all_texts() for name in named}
        for number in range(arrays["y"].count):
            location = f"{file.name}, drawing {number + 1}"
            try:
                yield ParsedLine(location, _drawing(arrays, names))
            except LineError as error:
                yield ParsedLine(location, None, str(error))
            except BROKEN as error:
                yield ParsedLine(location, None, _("The file cannot be read from here on: %(why)s.") % {"why": error})
                return


class _Array:
    """An array of the archive that is read row by row."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        header = unpack.ArrayHeader(stream, name)
        shape, dtype = header.shape, header.dtype
        if header.is_fortran or (not shape and name != "recognizer") or shape[1:] != ITEMS.get(name, shape[1:]):
            raise ArchiveError(_("The array %(name)s must consist of rows of numbers or texts.") % {"name": name})
        self.name, self.dtype, self.item = name, dtype, shape[1:]
        self.count = shape[0] if shape else 1
        self.size = dtype.itemsize * math.prod(self.item)
        if self.size > MAX_ROW_BYTES:
            text = _("A row of the array %(name)s has more than %(most)d bytes.")
            raise ArchiveError(text % {"name": name, "most": MAX_ROW_BYTES})
        self._stream = stream

    def take(self, count: int = 1) -> np.ndarray:
        """The next rows, (count, ...)."""
        raw = self._stream.read(count * self.size)
        if len(raw) < count * self.size:
            raise EOFError(f"the array {self.name} ends too early")
        return np.frombuffer(raw, self.dtype).reshape(count, *self.item)

    def all_texts(self) -> list[str]:
        """All rows as texts. Only for short arrays of names."""
        if self.count > MAX_LABELS or self.count * self.size > MAX_NAMES_BYTES:
            text = _("The array %(name)s has more than %(most)d rows or %(bytes)d bytes.")
            raise ArchiveError(text % {"name": self.name, "most": MAX_LABELS, "bytes": MAX_NAMES_BYTES})
        return [str(text) for text in self.take(self.count)]


def _array(stream: IO[bytes], name: str) -> _Array:
    try:
        return _Array(stream, name.removesuffix(".npy"))
    except ArchiveError:
        raise
    except BROKEN as error:
        raise ArchiveError(f"{name}: {error}") from error


def _drawing(arrays: dict[str, _Array], names: dict[str, list[str]]) -> dict[str, Any]:
    """The fields of the next row. Every array is read on by one row, also if the row is refused afterwards."""
    columns = ("y", "key_id", "status", "author", "licence", "timestamp")
    row = {name: arrays[name].take()[0] for name in columns if name in arrays}
    raster, ink = arrays["x"].take()[0], _ink(arrays)
    index, time = row.pop("y"), row.pop("timestamp", None)
    fields: dict[str, Any] = {name: str(value) for name, value in row.items() if str(value)}
    if time is not None:
        fields["timestamp"] = f"{np.datetime_as_string(time, unit='us')}+00:00"
    if names.get("recognizer"):
        fields["recognizer"] = names["recognizer"][0]
    if label := _label(index, names.get("labels")):
        fields["label"] = label
    return fields | ({"drawing": ink} if ink else {"image": _png(raster)})


def _label(index: Any, labels: list[str] | None) -> str | None:
    """The word of a drawing, from its row of `y`: an index into `labels`; without `labels`, the word. -1 is none."""
    if isinstance(index, np.integer) and index == NO_LABEL:
        return None
    if labels is None and isinstance(index, np.integer | np.str_):
        return str(index)
    if not isinstance(index, np.integer):
        raise LineError(_("The array y must have whole numbers, or texts if there is no array labels."))
    if labels is None or not 0 <= index < len(labels):
        raise LineError(_("The array labels has no index %(index)d.") % {"index": index})
    return labels[index]


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
        raise LineError(_("A raster must be uint8 with two dimensions."))
    return cv2.imencode(".png", raster)[1].tobytes()
