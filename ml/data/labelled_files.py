"""Read labelled drawings from `.jsonl`, `.ndjson` and `.npz` files."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml.data.find_labels import LabelNames, find_labels
from ml.data.loaders import first_by_hash
from ml.preprocessing import unpack
from ml.preprocessing.image import normalise_dataset_image
from ml.preprocessing.image_limits import MAX_IMAGE_PIXELS
from ml.preprocessing.ink import DEFAULT_SPEC, Ink, RasterSpec, parse_ink, rasterise
from ml.preprocessing.unpack import UnpackError
from ml.progress import Progress, no_progress

NEGATIVE_LABEL = -1  # the label of a drawing that shows none of the labels and should be answered "not sure"

INK_SUFFIXES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
_MEMORY_PER_NAME = 200  # bytes of a label and the name of a writer
HELD_OUT_EVERY = 5  # one writer in five is kept out of training


class EvaluationError(ValueError):
    """Drawings that cannot be read or measured. The text names the file and the line."""


class LabelledDrawings(NamedTuple):
    """n labelled drawings as rasters."""

    rasters: np.ndarray
    """uint8 (n, size, size), white on black. All black where a picture shows nothing."""
    labels: list[str]
    """Slugs, or words as they are in the file."""
    writers: list[str]
    """Who drew them; "" where that is not known."""


def read_drawings(
    path: Path | str,
    spec: RasterSpec = DEFAULT_SPEC,
    *,
    labels: tuple[LabelNames, ...] = (),
    keep_unknown: bool = False,
    split: str = "",
    progress: Progress = no_progress,
) -> LabelledDrawings:
    """Read labelled drawings as rasters of `spec`, the spec of the bundle that will answer them.

    With `labels`, words that mean one of them (ml.data.find_labels) become its slug. Unknown words are an error, unless
    `keep_unknown`; ambiguous ones always are. Without `labels`, the words are returned as they are in the file.

    `.jsonl`, `.ndjson` and these as `.gz`: each line is an object with `label` (or `word`, as in Quick, Draw! files),
    `drawing` (strokes [[x...], [y...]]) and, if known, `writer`. `.npz`: arrays `x` uint8 (n, h, w), white on black, of
    any size, and `y` (n,), texts or whole numbers; optional `writer` (n,) and `split` (n,). `split` reads one part
    only. Raises EvaluationError.
    """
    path = Path(path)
    if path.suffix == ".npz":
        drawings, rows = _read_npz(path, spec, split, progress)
        words = zip(drawings.labels, rows, strict=True)
        return drawings._replace(
            labels=[_find_slug(word, labels, keep_unknown, True, f"{path}, drawing {row + 1}") for word, row in words]
        )
    if split:
        raise EvaluationError(f"{path} has no parts, so there is no part {split!r}. Only .npz files can have parts.")
    if not path.name.endswith(INK_SUFFIXES):
        raise EvaluationError(f"{path}: only .jsonl, .ndjson, these as .gz, and .npz files are read.")
    lines = _read_labelled_ink(path)
    slugs = [_find_slug(word, labels, keep_unknown, "label" in line.row, line.source) for line, word in lines]
    rasters = np.array([rasterise(line.ink, spec) for line, _ in progress(lines, path.name)])
    return LabelledDrawings(rasters, slugs, [line.writer for line, _ in lines])


def _find_slug(word: str, labels: tuple[LabelNames, ...], keep_unknown: bool, prefer_slug: bool, source: str) -> str:
    found = find_labels(word, labels, prefer_slug=prefer_slug)
    if len(found) == 1:
        return labels[found[0]].slug
    if len(found) > 1:
        meant = ", ".join(labels[index].slug for index in found)
        raise EvaluationError(f"{source}: {word[:60]!r} can mean several labels: {meant}. Write the one that it is.")
    if labels and not keep_unknown:
        known = ", ".join(label.slug for label in labels)
        raise EvaluationError(f"{source}: {word[:60]!r} is no label of the recognizer ({known}). Count it with --junk.")
    return word


def read_inks(path: Path | str) -> list[Ink]:
    """The ink of a .jsonl or .jsonl.gz file, without its labels. Raises EvaluationError."""
    return [line.ink for line, _ in _read_labelled_ink(Path(path))]


class InkLine(NamedTuple):
    """One line of a file of strokes."""

    source: str
    """The file and the number of the line, for error messages."""
    row: dict[str, Any]
    ink: Ink
    writer: str


def read_ink_lines(path: Path) -> Iterator[InkLine]:
    """The lines of a file of strokes, one JSON object each, without the empty lines. Raises EvaluationError."""
    try:
        content = unpack.read_gzip(path) if path.suffix == ".gz" else path.read_bytes()
        most = unpack.most_unpacked(path.stat().st_size)
    except (OSError, EOFError, zlib.error, UnpackError) as error:
        raise _unreadable(path, error) from error
    for number, line in enumerate(io.BytesIO(content), 1):
        if len(line) > unpack.MAX_LINE_BYTES:
            raise EvaluationError(f"{path}, line {number}: a line may have at most {unpack.MAX_LINE_BYTES:,} bytes.")
        if number * unpack.MEMORY_PER_DRAWING > most:
            raise EvaluationError(f"{path} has more lines than a file of its size may have. Split it.")
        if line.strip():
            yield _parse_line(line, f"{path}, line {number}")


def _parse_line(line: bytes, source: str) -> InkLine:
    try:
        row = json.loads(line)
        strokes = row["drawing"]
        if not strokes and row.get("image"):
            raise ValueError("the drawing is a picture, and only strokes are read. Export pictures as PNG folders.")
        ink = parse_ink(json.loads(strokes) if isinstance(strokes, str) else strokes)
        writer = row.get("writer")
    except (KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f'{source}: an object with "drawing" (strokes [[x...], [y...]]) is needed.') from error
    except ValueError as error:
        raise EvaluationError(f"{source}: {error}") from error
    return InkLine(source, row, ink, "" if writer is None else str(writer))


def _read_labelled_ink(path: Path) -> list[tuple[InkLine, str]]:
    lines = [(line, _label(line)) for line in read_ink_lines(path)]
    if not lines:
        raise EvaluationError(f"{path} contains no drawings.")
    return lines


def _label(line: InkLine) -> str:
    label = line.row.get("label", line.row.get("word"))  # a whole number is a word, too
    if isinstance(label, bool) or not isinstance(label, str | int):
        raise EvaluationError(f"{line.source}: a label is needed, as a text or a whole number.")
    return str(label)


def _unreadable(path: Path, error: Exception) -> EvaluationError:
    return EvaluationError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.")


def split_names(path: Path) -> list[str]:
    """The names of the parts of an .npz file (train, test), sorted; empty if it has none or cannot be read."""
    try:
        return sorted({str(part) for part in unpack.load_arrays(path, ["split"])["split"]})
    except (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile):
        return []


def _read_npz(path: Path, spec: RasterSpec, split: str, progress: Progress) -> tuple[LabelledDrawings, np.ndarray]:
    """The drawings, and the rows of the arrays in which they are."""
    try:
        stored = unpack.load_arrays(path, ["x", "y", "writer", "split"])
        x, y = stored["x"], stored["y"]
        writers = stored["writer"] if "writer" in stored else np.full(len(y), "")
        parts = stored["split"] if split else np.full(len(y), split)
        unpack.check_unpacked(len(y) * (spec.size**2 + _MEMORY_PER_NAME), unpack.most_unpacked(path.stat().st_size))
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    except (KeyError, ValueError, TypeError) as error:
        raise EvaluationError(f"{path}: arrays x and y of numbers or texts are needed ({error}).") from error
    if x.dtype != np.uint8 or x.ndim != 3 or y.shape != x.shape[:1] or writers.shape != y.shape:
        raise EvaluationError(f"{path}: x must be uint8 (n, h, w) and y (n,), not {x.dtype} {x.shape} and {y.shape}.")
    if y.dtype.kind not in "iuU":
        raise EvaluationError(f"{path}: y must be whole numbers or texts, not {y.dtype}.")
    chosen = parts == split
    if not chosen.any():
        raise EvaluationError(f"{path} contains no drawings{f' of the part {split!r}' if split else ''}.")
    if x[0].size > MAX_IMAGE_PIXELS:
        raise EvaluationError(f"{path}: a picture has {x[0].size:,} pixels, the limit is {MAX_IMAGE_PIXELS:,}.")
    rasters = np.array([normalise_dataset_image(picture, spec) for picture in progress(x[chosen], path.name)])
    labels, names = (list(map(str, texts[chosen].tolist())) for texts in (y, writers))
    return LabelledDrawings(rasters, labels, names), np.flatnonzero(chosen)


def select_labelled(drawings: LabelledDrawings, chosen: np.ndarray) -> LabelledDrawings:
    """The drawings where `chosen`, bool (n,), is true."""
    rows = np.flatnonzero(chosen)
    return LabelledDrawings(drawings.rasters[rows], *([part[row] for row in rows] for part in drawings[1:]))


def join_labelled(parts: Sequence[LabelledDrawings]) -> LabelledDrawings:
    """The drawings of several files as one."""
    rasters, labels, writers = zip(*parts, strict=True)
    return LabelledDrawings(np.concatenate(rasters), [*chain(*labels)], [*chain(*writers)])


def held_out_writers(writers: Iterable[str]) -> list[str]:
    """The fifth of the writers that is kept out of training: those whose sha256 comes first. "" is no writer."""
    known = {writer for writer in writers if writer}
    return first_by_hash(known, len(known) // HELD_OUT_EVERY)


def label_indices(labels: Sequence[str], slugs: Sequence[str], *, junk: bool = False) -> np.ndarray:
    """The index of each label in `slugs`: int64 (n,).

    A label that is not in `slugs` becomes NEGATIVE_LABEL if `junk`, otherwise it raises EvaluationError.
    """
    indices = {slug: index for index, slug in enumerate(slugs)}
    unknown = sorted(set(labels) - indices.keys())
    if unknown and not junk:
        shown = ", ".join(unknown[:8]) + (" and more" if len(unknown) > 8 else "")
        raise EvaluationError(f"Not labels of this recognizer ({', '.join(slugs)}): {shown}. Count them with --junk.")
    return np.array([indices.get(label, NEGATIVE_LABEL) for label in labels], np.int64)
