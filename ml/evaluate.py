"""Measure answers: labelled drawings in, a report out. Pure: no model, no clock, no chance.

Calibration is the expected calibration error (Guo et al. 2017): answers are sorted into 15 bins of
equal width by the probability of their first guess; ECE is the mean difference between that
probability and the share of right answers in a bin, weighted by the answers in it.
"""

from __future__ import annotations

import gzip
import json
import math
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml.datasets import first_by_hash
from ml.image import normalise_known
from ml.ink import DEFAULT, Ink, RasterSpec, parse_ink, rasterise
from ml.progress import Progress, silent

JUNK = -1  # the label of a drawing that belongs to no label and should be answered "not sure"
BINS = 15
LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
HELD_OUT = 5  # one writer in so many is kept out of training


class EvaluationError(ValueError):
    """Drawings that cannot be read or measured; the text names the file and the place in it."""


# Reading labelled drawings


class Drawings(NamedTuple):
    """n labelled drawings as rasters."""

    rasters: np.ndarray
    """uint8 (n, size, size), white on black. All black where a picture shows nothing."""
    labels: list[str]
    """Slugs."""
    writers: list[str]
    """Who drew them; "" where that is not known."""


def read_drawings(
    path: Path | str, spec: RasterSpec = DEFAULT, *, split: str = "", progress: Progress = silent
) -> Drawings:
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
    if path.name.endswith(LINES):
        return _read_ink(path, spec, progress)
    raise EvaluationError(f"{path}: only .jsonl, .ndjson, these as .gz, and .npz files are read.")


def read_inks(path: Path | str) -> list[Ink]:
    """The ink of a .jsonl or .jsonl.gz file, without its labels. Raises EvaluationError."""
    return [ink for ink, _, _ in _ink_rows(Path(path))]


def _read_ink(path: Path, spec: RasterSpec, progress: Progress) -> Drawings:
    rows = _ink_rows(path)
    rasters = np.array([rasterise(ink, spec) for ink, _, _ in progress(rows, path.name)])
    return Drawings(rasters, [label for _, label, _ in rows], [writer for _, _, writer in rows])


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


def parts_of(path: Path) -> list[str]:
    """The parts that an .npz file says it has (train, test); none where it says nothing, or cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return sorted({str(part) for part in stored["split"]})
    except (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile):
        return []


def _read_pictures(path: Path, spec: RasterSpec, split: str, progress: Progress) -> Drawings:
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
    rasters = np.array([normalise_known(picture, spec) for picture in progress(x, path.name)])
    return Drawings(rasters, [str(label) for label in y.tolist()], [str(writer) for writer in writers.tolist()])


def _label(row: dict[str, Any]) -> str:
    """The label of a line; of Quick, Draw!'s own files the word, as our slugs have it."""
    return _slug(row["label"]) if "label" in row else _slug(row["word"]).replace(" ", "-")


def _slug(label: object) -> str:
    if isinstance(label, bool) or not isinstance(label, str | int):
        raise TypeError(label)
    return str(label)


def select(drawings: Drawings, chosen: np.ndarray) -> Drawings:
    """The drawings where `chosen`, bool (n,), is true."""
    places = np.flatnonzero(chosen)
    return Drawings(
        drawings.rasters[places], [drawings.labels[i] for i in places], [drawings.writers[i] for i in places]
    )


def join(parts: Sequence[Drawings]) -> Drawings:
    """Several files as one set."""
    return Drawings(
        np.concatenate([part.rasters for part in parts]),
        [label for part in parts for label in part.labels],
        [writer for part in parts for writer in part.writers],
    )


def held_out_writers(writers: Iterable[str]) -> list[str]:
    """The fifth of the writers that training leaves alone: those whose sha256 (of the id, as hex) sorts first."""
    known = {writer for writer in writers if writer}
    return first_by_hash(known, len(known) // HELD_OUT)


def to_indices(labels: Sequence[str], slugs: Sequence[str], *, junk: bool = False) -> np.ndarray:
    """Labels as places in `slugs`, int (n,). One that is not there is JUNK if `junk`, else an EvaluationError."""
    places = {slug: place for place, slug in enumerate(slugs)}
    unknown = sorted(set(labels) - places.keys())
    if unknown and not junk:
        shown = ", ".join(unknown[:8]) + (" and more" if len(unknown) > 8 else "")
        raise EvaluationError(f"Not labels of this recognizer ({', '.join(slugs)}): {shown}. Count them with --junk.")
    return np.array([places.get(label, JUNK) for label in labels], np.int64)


# Measuring


@dataclass(frozen=True)
class LabelFigures:
    """How the drawings of one label are answered. Shares are from 0 to 1."""

    slug: str
    count: int
    accuracy: float
    unsure: float


@dataclass(frozen=True)
class Report:
    """What was measured. Shares are from 0 to 1 and leave junk out; `nan` where there was nothing to measure."""

    count: int
    accuracy: float
    top3: float
    unsure: float
    accuracy_when_sure: float
    ece: float
    labels: list[LabelFigures]
    confusion: list[list[int]]
    """Rows: the true label; columns: the first guess; both in the order of the labels."""
    writers: list[LabelFigures]
    """The same figures by writer, the worst first; empty if they are not known."""
    junk_count: int
    junk_unsure: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; what was not measured is None."""
        return asdict(self, dict_factory=_without_nan)


def _without_nan(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in entries}


def evaluate(
    probabilities: np.ndarray,
    labels_true: np.ndarray,
    label_slugs: Sequence[str],
    unsure_below: float,
    groups: Sequence[str] | None = None,
) -> Report:
    """Compare answers with the truth.

    `probabilities` float (n, labels), `labels_true` int (n,) places in `label_slugs` or JUNK,
    `groups` (n,) the writers. An answer is unsure when its highest probability is under
    `unsure_below`.
    """
    junk = labels_true == JUNK
    unsure = probabilities.max(axis=1) < unsure_below
    real, truth, doubt = probabilities[~junk], labels_true[~junk], unsure[~junk]
    guesses = real.argmax(axis=1)
    right = guesses == truth
    names = [] if groups is None else [group for group, other in zip(groups, junk, strict=True) if not other]
    by_label = [_figures(slug, truth == place, right, doubt) for place, slug in enumerate(label_slugs)]
    by_writer = [_figures(name, np.array(names) == name, right, doubt) for name in sorted(set(names) - {""})]
    confusion = np.zeros((len(label_slugs), len(label_slugs)), np.int64)
    np.add.at(confusion, (truth, guesses), 1)
    return Report(
        count=len(truth),
        accuracy=_mean(right),
        top3=_mean((real > real[np.arange(len(truth)), truth, np.newaxis]).sum(axis=1) < 3),
        unsure=_mean(doubt),
        accuracy_when_sure=_mean(right[~doubt]),
        ece=calibration_error(real.max(axis=1), right) if len(truth) else float("nan"),
        labels=by_label,
        confusion=confusion.tolist(),
        writers=sorted(by_writer, key=lambda figures: figures.accuracy),
        junk_count=int(junk.sum()),
        junk_unsure=_mean(unsure[junk]),
    )


def calibration_error(confidences: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error of first guesses: confidences (n,) from 0 to 1, right bool (n,)."""
    places = np.minimum((confidences * bins).astype(np.int64), bins - 1)
    surplus = np.bincount(places, weights=confidences - right, minlength=bins)
    return float(np.abs(surplus).sum() / len(right))


def _figures(name: str, chosen: np.ndarray, right: np.ndarray, unsure: np.ndarray) -> LabelFigures:
    return LabelFigures(name, int(chosen.sum()), _mean(right[chosen]), _mean(unsure[chosen]))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
