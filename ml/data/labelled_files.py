"""Reading labelled drawings from `.jsonl`, `.ndjson` and `.npz` files."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml.data.loaders import first_by_hash
from ml.preprocessing.image import normalise_dataset_image
from ml.preprocessing.ink import DEFAULT_SPEC, Ink, RasterSpec, parse_ink, rasterise
from ml.progress import Progress, no_progress

NEGATIVE_LABEL = -1  # the label of a drawing that belongs to no label and should be answered "not sure"

INK_SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
HELD_OUT_EVERY = 5  # one writer in so many is kept out of training


class LabelledDrawings(NamedTuple):
    """n labelled drawings as rasters."""

    rasters: np.ndarray
    """uint8 (n, size, size), white on black. All black where a picture shows nothing."""
    labels: list[str]
    """Slugs."""
    writers: list[str]
    """Who drew them; "" where that is not known."""


def read_drawings(
    path: Path | str, spec: RasterSpec = DEFAULT_SPEC, *, split: str = "", progress: Progress = no_progress
) -> LabelledDrawings:
    """Read labelled drawings through the code that serves: ink by `rasterise`, pictures by `normalise_image`.

    `.jsonl`, `.ndjson` and these as `.gz`: a line is an object with `label` (or a Quick, Draw! `word`), `drawing`
    (strokes [[x...], [y...]]) and, if known, `writer`. `.npz`: `x` uint8 (n, h, w), white on black, of any
    size, and `y` (n,), text or whole numbers; `writer` (n,) if known, and `split` (n,), of which one part may be asked
    for. `spec` is the raster of the bundle that is to answer. Raises EvaluationError.
    """
    path = Path(path)
    if path.suffix == ".npz":
        return _read_pictures(path, spec, split, progress)
    if split:
        raise EvaluationError(f"{path} names no parts, so there is no part {split!r} of it.")
    if path.name.endswith(INK_SUFFIXES):
        return _read_ink(path, spec, progress)
    raise EvaluationError(f"{path}: only .jsonl, .ndjson, these as .gz, and .npz files are read.")


def read_inks(path: Path | str) -> list[Ink]:
    """The ink of a .jsonl or .jsonl.gz file, without its labels. Raises EvaluationError."""
    return [ink for ink, _, _ in _ink_rows(Path(path))]


def _read_ink(path: Path, spec: RasterSpec, progress: Progress) -> LabelledDrawings:
    rows = _ink_rows(path)
    rasters = np.array([rasterise(ink, spec) for ink, _, _ in progress(rows, path.name)])
    return LabelledDrawings(rasters, [label for _, label, _ in rows], [writer for _, _, writer in rows])


def _ink_rows(path: Path) -> list[tuple[Ink, str, str]]:
    """Ink, label and writer of every line that is not empty."""
    try:
        content = path.read_bytes()
        lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error
    rows = [_ink_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise EvaluationError(f"{path} holds no drawings.")
    return rows


def _ink_row(path: Path, number: int, line: bytes) -> tuple[Ink, str, str]:
    try:
        row = json.loads(line)
        writer = row.get("writer")
        return parse_ink(row["drawing"]), _label(row), "" if writer is None else str(writer)
    except (KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"{path}, line {number}: an object with label and drawing is needed.") from error
    except ValueError as error:
        raise EvaluationError(f"{path}, line {number}: {error}") from error


def _unreadable(path: Path, error: Exception) -> EvaluationError:
    return EvaluationError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.")


def split_names(path: Path) -> list[str]:
    """The parts that an .npz file says it has (train, test); none where it says nothing, or cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return sorted({str(part) for part in stored["split"]})
    except (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile):
        return []


def _read_pictures(path: Path, spec: RasterSpec, split: str, progress: Progress) -> LabelledDrawings:
    try:
        with np.load(path, allow_pickle=False) as stored:
            x, y = stored["x"], stored["y"]
            writers = stored["writer"] if "writer" in stored else np.full(len(y), "")
            parts = stored["split"] if split else np.full(len(y), split)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    except (KeyError, ValueError) as error:
        raise EvaluationError(f"{path}: arrays x and y are needed, of plain numbers or texts ({error}).") from error
    if x.dtype != np.uint8 or x.ndim != 3 or y.shape != x.shape[:1] or writers.shape != y.shape:
        raise EvaluationError(f"{path}: x must be uint8 (n, h, w) and y (n,), not {x.dtype} {x.shape} and {y.shape}.")
    if y.dtype.kind not in "iuU":
        raise EvaluationError(f"{path}: y must hold whole numbers or texts, not {y.dtype}.")
    chosen = parts == split
    if not chosen.any():
        raise EvaluationError(f"{path} holds no drawings{f' of the part {split!r}' if split else ''}.")
    x, y, writers = x[chosen], y[chosen], writers[chosen]
    rasters = np.array([normalise_dataset_image(picture, spec) for picture in progress(x, path.name)])
    return LabelledDrawings(rasters, [str(label) for label in y.tolist()], [str(writer) for writer in writers.tolist()])


def _label(row: dict[str, Any]) -> str:
    """The label of a line; of Quick, Draw!'s own files the word, as our slugs have it."""
    return _slug(row["label"]) if "label" in row else _slug(row["word"]).replace(" ", "-")


def _slug(label: object) -> str:
    if isinstance(label, bool) or not isinstance(label, str | int):
        raise TypeError(label)
    return str(label)


def select_labelled(drawings: LabelledDrawings, chosen: np.ndarray) -> LabelledDrawings:
    """The drawings where `chosen`, bool (n,), is true."""
    places = np.flatnonzero(chosen)
    return LabelledDrawings(
        drawings.rasters[places], [drawings.labels[i] for i in places], [drawings.writers[i] for i in places]
    )


def join_labelled(parts: Sequence[LabelledDrawings]) -> LabelledDrawings:
    """Several files as one set."""
    return LabelledDrawings(
        np.concatenate([part.rasters for part in parts]),
        [label for part in parts for label in part.labels],
        [writer for part in parts for writer in part.writers],
    )


def held_out_writers(writers: Iterable[str]) -> list[str]:
    """The fifth of the writers that training leaves alone: those whose sha256 (of the id, as hex) sorts first."""
    known = {writer for writer in writers if writer}
    return first_by_hash(known, len(known) // HELD_OUT_EVERY)


def label_indices(labels: Sequence[str], slugs: Sequence[str], *, junk: bool = False) -> np.ndarray:
    """Labels as places in `slugs`, int (n,). One that is not there is JUNK if `junk`, else an EvaluationError."""
    places = {slug: place for place, slug in enumerate(slugs)}
    unknown = sorted(set(labels) - places.keys())
    if unknown and not junk:
        shown = ", ".join(unknown[:8]) + (" and more" if len(unknown) > 8 else "")
        raise EvaluationError(f"Not labels of this recognizer ({', '.join(slugs)}): {shown}. Count them with --junk.")
    return np.array([places.get(label, NEGATIVE_LABEL) for label in labels], np.int64)


class EvaluationError(ValueError):
    """Drawings that cannot be read or measured; the text names the file and the place in it."""
