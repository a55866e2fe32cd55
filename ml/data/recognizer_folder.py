"""A recognizer of one's own as a folder: what it is called, its labels, and drawings of each.

    FOLDER/recognizer.json      "slug", "title", "prompt", "raster", "not_junk" and
                                "labels": [{"slug", "glyph", "name", "prompt"}, ...]
    FOLDER/<label>/*.png        pictures (also .jpg, .jpeg, .webp, .bmp), or in folders named by who drew them
    FOLDER/<label>.ndjson       strokes (also .jsonl, and either with .gz), one drawing a line, as Quick, Draw! has them

Of `recognizer.json` only `slug`, `title` and each label's `slug` and `name` must be there.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml.augmentation.negatives import NEGATIVE_KINDS
from ml.data.prompts import prompt_problem
from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.image import normalise_image
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import DEFAULT_SPEC, Ink, RasterSpec, parse_ink
from ml.progress import Progress, no_progress

DESCRIPTION_FILE = "recognizer.json"
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
INK_SUFFIXES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_LENGTHS = {"slug": 50, "title": 80, "prompt": 80, "name": 80, "glyph": 16}  # characters, as the site keeps them
MAX_LABELS = 250


class FolderError(ValueError):
    """A folder that no recognizer can be made of; the text names the file, the line and the cure."""


@dataclass(frozen=True)
class RecognizerDescription:
    """What `recognizer.json` says."""

    slug: str
    title: str
    labels: list[dict[str, str]]
    prompt: str = "Draw {name}"
    raster: RasterSpec = DEFAULT_SPEC
    skipped_negatives: tuple[str, ...] = ()
    """Kinds of made-up junk that look like a label here (`not_junk`)."""


@dataclass(frozen=True)
class FolderDrawing:
    """One labelled drawing: ink, or a picture as a raster."""

    label: int
    key: str
    """The same for the same drawing, whatever its file is called."""
    place: str
    """Where it stands, for people."""
    writer: str = ""
    ink: Ink | None = field(default=None, repr=False)
    raster: np.ndarray | None = field(default=None, repr=False)


def read_folder(folder: Path, *, progress: Progress = no_progress) -> tuple[RecognizerDescription, list[FolderDrawing]]:
    """The recognizer that a folder describes and its drawings, each once. Raises FolderError."""
    described = read_description(folder)
    slugs = [label["slug"] for label in described.labels]
    _check_strangers(folder, slugs)
    drawn: dict[str, FolderDrawing] = {}
    for drawing in _read_all(folder, slugs, described.raster, progress):
        known = drawn.setdefault(drawing.key, drawing)
        if known.label != drawing.label:
            raise FolderError(f"{drawing.place} is the same drawing as {known.place}. It can have one label only.")
    return described, list(drawn.values())


# What it is called


def read_description(folder: Path) -> RecognizerDescription:
    """Read `recognizer.json`. Raises FolderError."""
    place = folder / DESCRIPTION_FILE
    try:
        said = json.loads(place.read_text("utf-8"))
    except OSError as error:
        raise FolderError(
            f'{place} cannot be read ({error.strerror}). Write one: {{"slug": "runes", "title": "Runes", '
            '"labels": [{"slug": "fehu", "name": "fehu"}, ...]}; see docs/adding-a-recognizer.md.'
        ) from error
    except ValueError as error:
        raise FolderError(f"{place} is not JSON: {error}.") from error
    if not isinstance(said, dict):
        raise FolderError(f"{place} must hold an object, not {type(said).__name__}.")
    _check_keys(
        place, "The recognizer", said, needed=("slug", "title", "labels"), optional=("prompt", "raster", "not_junk")
    )
    texts = {key: _text(place, "The recognizer", said, key) for key in ("slug", "title", "prompt") if key in said}
    if problem := prompt_problem(texts.get("prompt", RecognizerDescription.prompt)):
        raise FolderError(f"{place}: {problem}")
    return RecognizerDescription(
        labels=_labels(place, said["labels"]),
        raster=_raster(place, said.get("raster", {})),
        skipped_negatives=_spared(place, said.get("not_junk", [])),
        **texts,
    )


def _labels(place: Path, said: object) -> list[dict[str, str]]:
    if not isinstance(said, list) or not 2 <= len(said) <= MAX_LABELS:
        raise FolderError(f"{place}: labels must be a list of 2 to {MAX_LABELS} labels.")
    labels = [_label(place, number, label) for number, label in enumerate(said, 1)]
    slugs = [label["slug"] for label in labels]
    if twice := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        raise FolderError(f"{place}: two labels share the slug {twice[0]}.")
    return labels


def _label(place: Path, number: int, said: object) -> dict[str, str]:
    what = f"Label {number}"
    if not isinstance(said, dict):
        raise FolderError(f'{place}: {what.lower()} must be an object, {{"slug": ..., "name": ...}}.')
    _check_keys(place, what, said, needed=("slug", "name"), optional=("glyph", "prompt"))
    return {"glyph": "", **{key: _text(place, what, said, key) for key in said}}


def _check_keys(
    place: Path, what: str, said: Mapping[str, object], *, needed: Sequence[str], optional: Sequence[str]
) -> None:
    if missing := [key for key in needed if key not in said]:
        raise FolderError(f"{place}: {what.lower()} lacks {' and '.join(missing)}.")
    if unknown := sorted(said.keys() - {*needed, *optional}):
        known = ", ".join((*needed, *optional))
        raise FolderError(f"{place}: {what.lower()} has {', '.join(unknown)}, which nobody reads. Known are {known}.")


def _text(place: Path, what: str, said: Mapping[str, object], key: str) -> str:
    text = said[key]
    if not isinstance(text, str) or len(text) > MAX_LENGTHS[key] or not (text.strip() or key == "glyph"):
        raise FolderError(f"{place}: {what.lower()} needs a text of at most {MAX_LENGTHS[key]} characters as {key}.")
    if key == "slug" and not SLUG.fullmatch(text):
        raise FolderError(
            f"{place}: the slug {text!r} must be of small letters, digits and single hyphens, like alarm-clock."
        )
    return text


def _raster(place: Path, said: object) -> RasterSpec:
    if not isinstance(said, dict):
        raise FolderError(f'{place}: raster must be an object like {{"size": 28, "box": 20, "pen": 2.2}}.')
    try:
        return RasterSpec(**said)
    except (TypeError, ValueError) as error:
        raise FolderError(f"{place}: the raster cannot be drawn: {error}") from error


def _spared(place: Path, said: object) -> tuple[str, ...]:
    if not isinstance(said, list) or any(kind not in NEGATIVE_KINDS for kind in said):
        raise FolderError(f"{place}: not_junk must be a list of these: {', '.join(NEGATIVE_KINDS)}.")
    return tuple(said)


# Its drawings


def _check_strangers(folder: Path, slugs: Sequence[str]) -> None:
    """What belongs to no label is a typing mistake more often than not."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name == DESCRIPTION_FILE:
            continue
        name = _without_suffix(entry.name) if entry.is_file() else entry.name
        if name is None:
            _check_passed_over(entry, slugs)
        elif name not in slugs:
            raise FolderError(
                f"{entry} belongs to no label of {DESCRIPTION_FILE} ({', '.join(slugs)}). Rename it or add the label."
            )


def _check_passed_over(file: Path, slugs: Sequence[str]) -> None:
    """A text about the drawings may lie beside them, but no drawing may."""
    if file.suffix.lower() in PICTURE_SUFFIXES or file.name.partition(".")[0] in slugs:
        raise FolderError(
            f"{file} is not read where it is: pictures belong into the folder of their label ({slugs[0]}/), and "
            f"strokes are files that end in {', '.join(INK_SUFFIXES)}. Move it or rename it."
        )


def _without_suffix(name: str) -> str | None:
    """The name of a file of strokes; None of any other file."""
    suffix = next((suffix for suffix in INK_SUFFIXES if name.endswith(suffix)), None)
    return name.removesuffix(suffix) if suffix else None


def _read_all(folder: Path, slugs: Sequence[str], spec: RasterSpec, progress: Progress) -> Iterator[FolderDrawing]:
    files = [(label, file) for label, slug in enumerate(slugs) for file in _files(folder, slug)]
    if not files:
        raise FolderError(
            f"{folder} holds no drawings. Put pictures into {folder / slugs[0]}/, or strokes into "
            f"{folder / slugs[0]}.ndjson, and so for each label."
        )
    for label, file in progress(files, "files"):
        if _without_suffix(file.name) is not None:
            yield from _read_strokes(file, label)
        else:
            yield _read_picture(file, label, folder / slugs[label], spec)


def _files(folder: Path, slug: str) -> Iterator[Path]:
    yield from (folder / f"{slug}{suffix}" for suffix in INK_SUFFIXES if (folder / f"{slug}{suffix}").is_file())
    for file in sorted((folder / slug).rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            yield file


def _read_picture(file: Path, label: int, folder: Path, spec: RasterSpec) -> FolderDrawing:
    if file.suffix.lower() not in PICTURE_SUFFIXES:
        raise FolderError(
            f"{file} is no picture that is read. Take it away, or save it as {', '.join(PICTURE_SUFFIXES)}."
        )
    try:
        content = file.read_bytes()
        raster = normalise_image(decode_image(content), spec)
    except OSError as error:
        raise FolderError(f"{file} cannot be read ({error.strerror}).") from error
    except ImageError as error:
        raise FolderError(f"{file}: {error}") from error
    within = file.relative_to(folder).parts
    writer = within[0] if len(within) > 1 else ""  # whatever folders there are inside this one
    return FolderDrawing(label, hashlib.sha256(content).hexdigest(), str(file), writer, raster=raster)


def _read_strokes(file: Path, label: int) -> Iterator[FolderDrawing]:
    try:
        content = file.read_bytes()
        lines = (gzip.decompress(content) if file.suffix == ".gz" else content).splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise FolderError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _read_line(line, label, f"{file}, line {number}")


def _read_line(line: bytes, label: int, place: str) -> FolderDrawing:
    try:
        row = json.loads(line)
        strokes = row["drawing"]
        ink = parse_ink(json.loads(strokes) if isinstance(strokes, str) else strokes)
        writer = row.get("writer")
    except (KeyError, TypeError, AttributeError) as error:
        raise FolderError(f'{place}: an object with "drawing" (strokes [[x...], [y...]]) is needed.') from error
    except ValueError as error:
        raise FolderError(f"{place}: {error}") from error
    return FolderDrawing(label, _key(row, ink), place, "" if writer is None else str(writer), ink=ink)


def _key(row: Mapping[str, Any], ink: Ink) -> str:
    """Quick, Draw!'s own, or else one of the ink."""
    if named := row.get("key_id"):
        return str(named)
    return hashlib.sha256(b"|".join(stroke[:2].tobytes() for stroke in ink)).hexdigest()
