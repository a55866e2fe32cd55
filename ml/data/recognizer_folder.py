"""Read a folder that describes a recognizer: its name, its labels, and drawings of each label.

    FOLDER/recognizer.json      "slug", "title", "prompt", "raster", "not_junk" and
                                "labels": [{"slug", "glyph", "name", "prompt", "names", "codes"}, ...]
    FOLDER/<label>/*.png        pictures (also .jpg, .jpeg, .webp, .bmp), or folders of pictures named by who drew them
    FOLDER/<label>.ndjson       strokes (also .jsonl, and both with .gz), one drawing a line, as in Quick, Draw! files

<label> is the slug, the name or the glyph of a label, as `ml.data.find_labels` finds it (alarm clock for alarm-clock).
`recognizer.json` must have `slug`, `title`, and the `slug` and `name` of each label; the rest is optional.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml.augmentation.negatives import NEGATIVE_KINDS
from ml.bundles.labels import OPTIONAL, label_problem
from ml.data.find_labels import LabelNames, find_labels, label_names
from ml.data.labelled_files import INK_SUFFIXES, EvaluationError, read_ink_lines
from ml.data.prompts import prompt_problem
from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.image import normalise_image
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import DEFAULT_SPEC, Ink, RasterSpec
from ml.progress import Progress, no_progress

DESCRIPTION_FILE = "recognizer.json"
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_LENGTHS = {"slug": 50, "title": 80, "prompt": 80, "name": 80, "glyph": 16}  # characters, as in the site's database
MAX_LABELS = 2_000


class FolderError(ValueError):
    """A folder that no recognizer can be made from. The text names the file and the line, and says what to do."""


@dataclass(frozen=True)
class RecognizerDescription:
    """The content of `recognizer.json`."""

    slug: str
    title: str
    labels: list[dict[str, Any]]
    prompt: str = "Draw {name}"
    raster: RasterSpec = DEFAULT_SPEC
    skipped_negatives: tuple[str, ...] = ()
    """`not_junk`: kinds of negative examples that look like a label of this recognizer."""


@dataclass(frozen=True)
class FolderDrawing:
    """One labelled drawing: ink, or the raster of a picture."""

    label: int
    """Its index in the labels."""
    key: str
    """The same for the same drawing, whatever its file is called."""
    source: str
    """Its file and line, for error messages."""
    writer: str = ""
    ink: Ink | None = field(default=None, repr=False)
    raster: np.ndarray | None = field(default=None, repr=False)


def read_folder(folder: Path, *, progress: Progress = no_progress) -> tuple[RecognizerDescription, list[FolderDrawing]]:
    """The description of a recognizer and its drawings, each one once. Raises FolderError."""
    description = read_description(folder)
    drawings: dict[str, FolderDrawing] = {}
    contents: dict[str, FolderDrawing] = {}
    for drawing in _read_drawings(folder, label_names(description.labels), description.raster, progress):
        content = drawing.key if drawing.ink is None else _sha256_of_ink(drawing.ink)
        for known in (drawings.setdefault(drawing.key, drawing), contents.setdefault(content, drawing)):
            if known.label != drawing.label:
                raise FolderError(
                    f"{drawing.source} is the same drawing as {known.source}, under another label. Delete one of them."
                )
    return description, list(drawings.values())


# The description


def read_description(folder: Path) -> RecognizerDescription:
    """Read and check `recognizer.json`. Raises FolderError."""
    file = folder / DESCRIPTION_FILE
    try:
        data = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise FolderError(
            f'{file} cannot be read ({error.strerror}). Write one: {{"slug": "runes", "title": "Runes", '
            '"labels": [{"slug": "fehu", "name": "fehu"}, ...]}; see docs/adding-a-recognizer.md.'
        ) from error
    except ValueError as error:
        raise FolderError(f"{file} is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise FolderError(f"{file} must be a JSON object, not {type(data).__name__}.")
    try:
        return _check_description(data)
    except ValueError as error:
        raise FolderError(f"{file}: {error}") from error


def _check_description(data: Mapping[str, object]) -> RecognizerDescription:
    """The description as an object. Raises ValueError."""
    optional = ("prompt", "raster", "not_junk")
    _check_keys("the recognizer", data, required=("slug", "title", "labels"), optional=optional)
    texts = {key: _text("the recognizer", data, key) for key in ("slug", "title", "prompt") if key in data}
    if problem := prompt_problem(texts.get("prompt", RecognizerDescription.prompt)):
        raise ValueError(problem)
    labels, raster, skipped = data["labels"], data.get("raster", {}), data.get("not_junk", [])
    if not isinstance(labels, list) or not 2 <= len(labels) <= MAX_LABELS:
        raise ValueError(f"labels must be a list of 2 to {MAX_LABELS} labels.")
    if not isinstance(raster, dict):
        raise ValueError('raster must be an object like {"size": 28, "box": 20, "pen": 2.2}.')
    if not isinstance(skipped, list) or any(kind not in NEGATIVE_KINDS for kind in skipped):
        raise ValueError(f"not_junk must be a list of some of these: {', '.join(NEGATIVE_KINDS)}.")
    labels = [_label(number, label) for number, label in enumerate(labels, 1)]
    slugs = [label["slug"] for label in labels]
    if twice := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        raise ValueError(f"two labels have the slug {twice[0]}. Each needs its own.")
    try:
        spec = RasterSpec(**raster)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the raster is not valid: {error}") from error
    return RecognizerDescription(labels=labels, raster=spec, skipped_negatives=tuple(skipped), **texts)


def _label(number: int, data: object) -> dict[str, Any]:
    name = f"label {number}"
    if not isinstance(data, dict):
        raise ValueError(f'{name} must be an object, {{"slug": ..., "name": ...}}.')
    _check_keys(name, data, required=("slug", "name"), optional=("glyph", *OPTIONAL))
    label = {"glyph": "", **data, **{key: _text(name, data, key) for key in MAX_LENGTHS if key in data}}
    if problem := label_problem(label):
        raise ValueError(problem)
    return label


def _check_keys(name: str, data: Mapping[str, object], *, required: Sequence[str], optional: Sequence[str]) -> None:
    if missing := [key for key in required if key not in data]:
        raise ValueError(f"{name} has no {' and no '.join(missing)}.")
    if unknown := sorted(data.keys() - {*required, *optional}):
        known = ", ".join((*required, *optional))
        raise ValueError(f"{name} has unknown keys: {', '.join(unknown)}. The keys are {known}.")


def _text(name: str, data: Mapping[str, object], key: str) -> str:
    text = data[key]
    if not isinstance(text, str) or len(text) > MAX_LENGTHS[key] or not (text.strip() or key == "glyph"):
        raise ValueError(f"the {key} of {name} must be a text of at most {MAX_LENGTHS[key]} characters.")
    if key == "slug" and not SLUG.fullmatch(text):
        raise ValueError(f"the slug {text!r} must be lower-case letters, digits and single hyphens, like alarm-clock.")
    return text


# The drawings


def _list_files(folder: Path, labels: tuple[LabelNames, ...]) -> list[tuple[int, Path, Path]]:
    """(label, its file or folder, a file in it) of all drawings.

    Refuses files and folders that belong to no label: most often their names are mistyped. Notes are allowed.
    """
    files = []
    for entry in sorted(folder.iterdir(), key=lambda entry: (entry.is_dir(), entry.name)):
        if entry.name.startswith(".") or entry.name == DESCRIPTION_FILE:
            continue
        name = _ink_file_stem(entry.name) if entry.is_file() else entry.name
        found = find_labels(entry.name.partition(".")[0] if name is None else name, labels, prefer_slug=True)
        if name is None:
            if entry.suffix.lower() in PICTURE_SUFFIXES or found:
                raise FolderError(
                    f"{entry} would not be read: pictures belong in the folder of their label ({labels[0].slug}/), and "
                    f"files of strokes end in {', '.join(INK_SUFFIXES)}. Move it or rename it."
                )
        elif len(found) != 1:
            belongs = "belongs to no label" if not found else "may belong to more than one label"
            slugs = ", ".join(label.slug for label in labels)
            raise FolderError(f"{entry} {belongs} of {DESCRIPTION_FILE} ({slugs}). Rename it or add the label.")
        else:
            inside = [entry] if entry.is_file() else sorted(entry.rglob("*"))
            files += [(found[0], entry, file) for file in inside if file.is_file() and not file.name.startswith(".")]
    return sorted(files, key=lambda each: each[0])


def _ink_file_stem(name: str) -> str | None:
    """The name of a file of strokes without its suffix; None for any other file."""
    suffix = next((suffix for suffix in INK_SUFFIXES if name.endswith(suffix)), None)
    return name.removesuffix(suffix) if suffix else None


def _read_drawings(
    folder: Path, labels: tuple[LabelNames, ...], spec: RasterSpec, progress: Progress
) -> Iterator[FolderDrawing]:
    files = _list_files(folder, labels)
    if not files:
        raise FolderError(
            f"{folder} contains no drawings. Put pictures into {folder / labels[0].slug}/, or strokes into "
            f"{folder / labels[0].slug}.ndjson, and the same for each label."
        )
    for label, entry, file in progress(files, "files"):
        if _ink_file_stem(file.name) is None:
            yield _read_picture(file, label, entry, spec)
            continue
        try:
            for line in read_ink_lines(file):
                # Quick, Draw! gives each drawing a key. Without one, the coordinates identify it.
                key = line.row.get("key_id") or _sha256_of_ink(line.ink)
                yield FolderDrawing(label, str(key), line.source, line.writer, ink=line.ink)
        except EvaluationError as error:
            raise FolderError(str(error)) from error


def _read_picture(file: Path, label: int, folder: Path, spec: RasterSpec) -> FolderDrawing:
    if file.suffix.lower() not in PICTURE_SUFFIXES:
        raise FolderError(f"{file} is no picture. Delete it, or save it as {', '.join(PICTURE_SUFFIXES)}.")
    try:
        content = file.read_bytes()
        raster = normalise_image(decode_image(content), spec)
    except OSError as error:
        raise FolderError(f"{file} cannot be read ({error.strerror}).") from error
    except ImageError as error:
        raise FolderError(f"{file}: {error}") from error
    inside = file.relative_to(folder).parts
    writer = inside[0] if len(inside) > 1 else ""  # only the first folder names the writer
    return FolderDrawing(label, _sha256(content), str(file), writer, raster=raster)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sha256_of_ink(ink: Ink) -> str:
    return _sha256(b"|".join(stroke[:2].tobytes() for stroke in ink))
