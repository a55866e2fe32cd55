"""Example drawings: for each label one drawing that shows how it is usually drawn.

They belong to the recognizer, as its base test does, and are shown to people: after a round the page replays the
example stroke by stroke. So they come from published data sets with a licence, never from drawings that people saved on
a site. The file `examples.json` lies beside the shipped bundle and names its sources.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ml.bundles.bundle import Bundle, BundleError, verify_bundle
from ml.bundles.predictor import Predictor
from ml.data.sources import SOURCES
from ml.preprocessing.ink import Ink, InkError, RasterSpec, parse_ink, rasterise

if TYPE_CHECKING:
    from ml.recipes.base import Material, Recipe

EXAMPLES_FILE = "examples.json"
MAX_BYTES = 2_000_000
LOOKED_AT = 60  # drawings of a label that one is chosen from
TRACED = 200  # pictures, where there is no ink
SURE = 0.9  # probability of the right label that a typical drawing has
SIDE = 200  # of the square that an example is scaled into
TOLERANCE = 1.0  # units of that square by which a line may pass a point that is left out
SEED = 5

Examples = dict[str, Any]
"""`{"labels": {slug: {"ink": [[[x…], [y…]], …], "traced": bool}}, "sources": [{"title", "origin", "licence", "page"}]}`

x and y are whole numbers from 0 to 200. `traced`: the strokes were traced from a picture."""


def make_examples(bundle: Bundle, recipe: Recipe, material: Material) -> Examples:
    """One drawing of each label, from the drawings that the recognizer was trained on. Raises BundleError.

    Of the drawings that the model surely recognises it is the one nearest to their mean embedding; without such a
    drawing the one with the highest probability of its label. Pictures are traced where a label has no ink, and only
    those with the fewest strokes are looked at: gaps and stubs come from the scan.
    """
    predictor = verify_bundle(bundle)
    labels = {}
    for index, slug in enumerate(bundle.slugs):
        inks, traced = _candidates(material, index)
        if inks:
            chosen = inks[_most_typical(inks, index, predictor, bundle.raster, traced=traced)]
            labels[slug] = {"ink": _simplify(chosen), "traced": traced}
    if not labels:
        raise BundleError("The data of this recognizer has no drawing that could be an example.")
    sources = [SOURCES[name] for name in recipe.examples_from]
    fields = ("title", "origin", "licence", "page")
    return {"labels": labels, "sources": [{name: getattr(source, name) for name in fields} for source in sources]}


def _candidates(material: Material, label: int) -> tuple[list[Ink], bool]:
    """Some drawings of a label, always the same ones, and whether they were traced."""
    rng = np.random.default_rng([SEED, label])
    rows = np.flatnonzero(material.tracks.y == label)
    if len(rows):
        return [material.tracks.inks[row] for row in rng.permutation(rows)[:LOOKED_AT]], False
    rows = np.flatnonzero(material.pictures.y == label)
    return (material.trace(rng.permutation(rows)[:TRACED]) if len(rows) else []), True


def _most_typical(inks: list[Ink], label: int, predictor: Predictor, raster: RasterSpec, *, traced: bool) -> int:
    answers = predictor.predict(np.stack([rasterise(ink, raster) for ink in inks]))
    probabilities = answers.probabilities[:, label]
    sure = np.flatnonzero(probabilities >= SURE)
    if not len(sure):
        return int(probabilities.argmax())
    if traced:
        strokes = np.array([len(inks[row]) for row in sure])
        sure = sure[strokes == strokes.min()]
    embeddings = answers.embeddings[sure]
    distances = np.linalg.norm(embeddings - embeddings.mean(axis=0), axis=1)
    return int(sure[distances.argmin()])


def _simplify(ink: Ink) -> list[list[list[int]]]:
    """The strokes without times, scaled into the square, and without points that hardly change a line."""
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)  # (2, n)
    low, extent = points.min(axis=1), np.ptp(points, axis=1)
    scale = SIDE / max(float(extent.max()), 1e-6)
    offset = (SIDE - extent * scale) / 2
    strokes = []
    for stroke in ink:
        line = ((stroke[:2].T - low) * scale + offset).astype(np.float32)
        kept = cv2.approxPolyDP(line.reshape(-1, 1, 2), TOLERANCE, closed=False).reshape(-1, 2)
        strokes.append(np.rint(kept).astype(int).T.tolist())
    return strokes


def save_examples(examples: Examples, folder: Path) -> int:
    """Write `examples.json` into the folder of a bundle, a label a line. Returns its size in bytes."""
    lines = [f"{json.dumps(slug)}: {_packed(example)}" for slug, example in examples["labels"].items()]
    labels = ",\n".join(lines)
    content = f'{{"sources": {_packed(examples["sources"])},\n"labels": {{\n{labels}\n}}}}\n'.encode()
    read_examples(content)
    temporary = folder / f".{EXAMPLES_FILE}"
    temporary.write_bytes(content)
    temporary.replace(folder / EXAMPLES_FILE)
    return len(content)


def _packed(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_examples(content: bytes) -> Examples:
    """Read the content of `examples.json`. Raises BundleError for anything that `save_examples` would not write."""
    if len(content) > MAX_BYTES:
        raise BundleError(f"The examples have {len(content):,} bytes, the limit is {MAX_BYTES:,}.")
    try:
        examples: Examples = json.loads(content)
        for example in examples["labels"].values():
            parse_ink(example["ink"])
            if not isinstance(example["traced"], bool):
                raise TypeError("`traced` must be true or false")
        for source in examples["sources"]:
            if not all(isinstance(source[name], str) for name in ("title", "origin", "licence", "page")):
                raise TypeError("a source needs the texts title, origin, licence and page")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InkError) as error:
        raise BundleError(f"The examples cannot be read: {error}.") from error
    return examples


def read_examples_file(folder: Path) -> bytes:
    """The content of the examples in the folder of a bundle; empty if there are none."""
    path = folder / EXAMPLES_FILE
    return path.read_bytes() if path.exists() else b""
