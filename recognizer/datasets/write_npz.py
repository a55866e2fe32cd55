"""Writes .npz: arrays for training, of one recognizer. Read them with `numpy.load(file)`; nothing in it is pickled.

    x            uint8 (n, side, side), rasters as the recognizer sees them: white on black
    y            int64 (n), index into `labels`, or -1 without a label   labels      texts, the slugs
    codes        JSON texts, one for each of `labels`: the usual code of LaTeX, Typst, Unicode and HTML, or {}
    key_id, status, author, licence      texts (n)                       timestamp   datetime64[us], UTC
    model_version int64 (n), 0 without one                               recognizer  its slug
    strokes      int64 (n), number of strokes of a drawing; 0 for a picture
    points       int64, number of points of each stroke, one drawing after the other
    xyt          float64, those points one after the other; t in ms, NaN if it was not recorded

Not included: pictures (only their rasters), predictions, and the history of corrections and reviews (only its result).
Whole numbers in strokes are read back as whole numbers.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from typing import IO, Any

import numpy as np

from ml.bundles.bundle import raster_spec
from ml.bundles.labels import first_codes
from ml.preprocessing.content import Content
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import DEFAULT_SPEC, InkError, RasterSpec
from recognizer.datasets.rows import DrawingRow
from recognizer.models import ModelVersion, Promotion, Recognizer

MEMBER_TIME = (1980, 1, 1, 0, 0, 0)
TEXTS = {"key_id": 36, "status": 10, "author": 64, "licence": 200}  # characters


class NpzWriter:
    """Collects each array in an anonymous temporary file, and writes the archive at the end."""

    def __init__(self, sink: IO[bytes], recognizer: Recognizer) -> None:
        self._sink = sink
        self._recognizer = recognizer
        found = list(recognizer.labels.order_by("position").values_list("slug", "codes"))
        self._labels = [slug for slug, _codes in found]
        self._codes = [json.dumps(first_codes(codes), ensure_ascii=False) for _slug, codes in found]
        self._spec = _live_spec(recognizer)
        side = self._spec.size
        self._arrays = {
            "x": _Array(np.dtype(np.uint8), (side, side)),
            **{name: _Array(np.dtype(np.int64)) for name in ("y", "model_version", "strokes", "points")},
            **{name: _Array(np.dtype(f"U{length}")) for name, length in TEXTS.items()},
            "timestamp": _Array(np.dtype("datetime64[us]")),
            "xyt": _Array(np.dtype(np.float64), (3,)),
        }

    def add(self, row: DrawingRow) -> None:
        """Add one drawing. If it does not pass today's limits, its raster is empty."""
        ink = json.loads(row.ink) if row.ink is not None else []
        values = {
            "x": self._raster(row, ink),
            "y": self._labels.index(row.label) if row.label in self._labels else -1,
            "model_version": row.first.number if row.first else 0,
            "strokes": len(ink),
            "key_id": row.uuid,
            "status": row.status,
            "author": row.author,
            "licence": row.licence,
            "timestamp": np.datetime64(row.created.replace(tzinfo=None), "us"),
        }
        for name, value in values.items():
            self._arrays[name].add(value)
        for stroke in ink:
            times = stroke[2] if len(stroke) == 3 else [np.nan] * len(stroke[0])
            self._arrays["points"].add(len(stroke[0]))
            self._arrays["xyt"].extend(np.array([*stroke[:2], times], np.float64).T)  # (n, 3)

    def close(self) -> None:
        """Write the archive."""
        with zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in self._arrays.items():
                with archive.open(archive_member(f"{name}.npy"), "w", force_zip64=True) as member:
                    array.write(member)
            facts = {"labels": self._labels, "recognizer": self._recognizer.slug, "codes": self._codes}
            for name, value in facts.items():
                with archive.open(archive_member(f"{name}.npy"), "w") as member:
                    np.lib.format.write_array(member, np.array(value, dtype=np.str_), allow_pickle=False)

    def _raster(self, row: DrawingRow, ink: Any) -> np.ndarray:
        try:
            content = Content.from_ink(ink) if row.image is None else Content.from_image(row.image)
            return content.raster(self._spec)
        except (InkError, ImageError):
            return np.zeros((self._spec.size, self._spec.size), np.uint8)


class _Array:
    """One array that grows in a temporary file."""

    def __init__(self, dtype: np.dtype[Any], item: tuple[int, ...] = ()) -> None:
        self._dtype, self._item, self._count = dtype, item, 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the writer

    def add(self, value: Any) -> None:
        self.extend(np.array([value], self._dtype))

    def extend(self, values: np.ndarray) -> None:
        self._file.write(values.astype(self._dtype, copy=False).tobytes())
        self._count += len(values)

    def write(self, target: IO[bytes]) -> None:
        head = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._count, *self._item),
        }
        np.lib.format.write_array_header_1_0(target, head)
        self._file.seek(0)
        shutil.copyfileobj(self._file, target, 1 << 20)
        self._file.close()


def archive_member(name: str) -> zipfile.ZipInfo:
    """A member of an archive. Its time is always the same, so that the same data give the same bytes."""
    info = zipfile.ZipInfo(name, MEMBER_TIME)
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED  # a PNG is compressed
    return info


def _live_spec(recognizer: Recognizer) -> RasterSpec:
    """The raster of the live version, without loading that version."""
    newest = Promotion.objects.filter(recognizer=recognizer).order_by("-id").values("model_version")[:1]
    manifest = ModelVersion.objects.filter(pk__in=newest).values_list("manifest", flat=True).first()
    return raster_spec(manifest) if manifest else DEFAULT_SPEC
