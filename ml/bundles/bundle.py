"""A bundle is one model version as files: read, write and verify it.

A bundle is a folder (or a database row) with these parts:

- `model.tflite` answers.
- `model.keras` is what the next training starts from.
- `manifest.json` has the labels in the order of the model's outputs, the raster, the preprocessing version, checksums,
  and a probe: a few rasters with the answers that the model must give. Nothing is served before it has answered its
  probe again.
- `rehearsal.npz` is the replay pack (`ml.embeddings.replay_pack`). It may be missing, and serving does not need it.
- `glyphs.svg` has the shapes of labels that a font of the page may lack (`ml.bundles.glyphs`). It may be missing.
- `history.json` is the training history (`ml.bundles.history`). In memory and in the database it is `history` in the
  manifest.

TensorFlow is needed to make a bundle (`ml.bundles.build`), not to read one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.bundles.card_schema import card_problem
from ml.bundles.glyphs import GLYPHS_FILE, glyphs_problem
from ml.bundles.history import HISTORY_FILE, NOT_STORED, Epochs, history_problem
from ml.bundles.labels import label_problem
from ml.bundles.predictor import Predictor, PredictorError
from ml.preprocessing.ink import PREPROCESS_VERSION, RasterSpec

FORMAT_VERSION = 1
MANIFEST_FILE = "manifest.json"
TFLITE_FILE = "model.tflite"
KERAS_FILE = "model.keras"
REPLAY_PACK_FILE = "rehearsal.npz"
FILES = {"tflite": TFLITE_FILE, "keras": KERAS_FILE, "rehearsal": REPLAY_PACK_FILE, "glyphs": GLYPHS_FILE}
OPTIONAL_FILES = ("rehearsal", "glyphs")  # a bundle has those that its manifest has a checksum of

MAX_PROBE = 1_000  # rasters; the probe is answered each time that a bundle is loaded
# Largest difference in probability between the probe's answers then and now. Processors round differently, but far
# less than another model would differ. With weights in 8 bits, a difference in rounding has a larger effect.
PROBE_TOLERANCE = 1e-3
QUANTISED_TOLERANCE = 5e-2


class BundleError(ValueError):
    """A bundle that must not be used. The text says which part is wrong and why."""


@dataclass(frozen=True)
class Bundle:
    """One model version. `manifest` is plain JSON, the rest are file contents; `rehearsal` (the replay pack) and
    `glyphs` may be empty."""

    manifest: dict[str, Any]
    tflite: bytes = field(repr=False)
    keras: bytes = field(repr=False)
    rehearsal: bytes = field(default=b"", repr=False)
    glyphs: bytes = field(default=b"", repr=False)

    @property
    def slugs(self) -> list[str]:
        """The labels' slugs, in the order of the model's outputs."""
        return [label["slug"] for label in self.manifest["labels"]]

    @property
    def raster(self) -> RasterSpec:
        """The raster that the model takes."""
        return raster_spec(self.manifest)


# Reading and writing


def load_bundle(folder: Path | str) -> Bundle:
    """Read the files of a bundle. Checks the manifest only: `verify_bundle` checks the rest. Raises BundleError."""
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        _check_manifest(manifest)
        manifest["history"] = _read_history(folder / HISTORY_FILE)
        names = [name for name in FILES if name not in OPTIONAL_FILES or name in manifest["sha256"]]
        return Bundle(manifest, **{name: (folder / FILES[name]).read_bytes() for name in names})
    except OSError as error:
        raise BundleError(f"No bundle in {folder}: {error.filename} cannot be read ({error.strerror}).") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{folder / MANIFEST_FILE} is not JSON: {error}.") from error


def _read_history(path: Path) -> Any:
    """The history in this file; one that says so if there is no such file. Raises BundleError if it is damaged."""
    if not path.is_file():
        return {"missing": NOT_STORED}
    try:
        history = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BundleError(f"{path} is not JSON: {error}.") from error
    if problem := history_problem(history):
        raise BundleError(f"{path} is not valid. {problem}")
    return history


def save_bundle(bundle: Bundle, folder: Path | str) -> None:
    """Write the files into `folder`. Other files there, such as a model card, stay.

    Raises BundleError for a bundle without a valid training history.

    The files are written beside their final place and then renamed, the manifest last. After a crash the old bundle is
    still there, and whoever reads while the files are renamed gets a checksum error.
    """
    check_history(bundle)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {key: value for key, value in bundle.manifest.items() if key != "history"}
    contents = {
        **{FILES[name]: getattr(bundle, name) for name in OPTIONAL_FILES if getattr(bundle, name)},
        HISTORY_FILE: _to_json(bundle.manifest["history"]),
        TFLITE_FILE: bundle.tflite,
        KERAS_FILE: bundle.keras,
        MANIFEST_FILE: _to_json(manifest),
    }
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:
        for name, content in contents.items():
            (Path(temporary) / name).write_bytes(content)
        for name in contents:
            (Path(temporary) / name).replace(folder / name)


def _to_json(content: object) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def with_history(bundle: Bundle, epochs: Epochs) -> Bundle:
    """The same bundle with the history of its training. Raises BundleError if that is empty or not valid."""
    told = replace(bundle, manifest={**bundle.manifest, "history": [dict(epoch) for epoch in epochs]})
    check_history(told)
    return told


def check_history(bundle: Bundle) -> None:
    """Raise BundleError unless the bundle has a valid training history: none is saved without one."""
    if problem := history_problem(bundle.manifest.get("history", [])):
        raise BundleError(problem)


def with_replay_pack(bundle: Bundle, rehearsal: bytes) -> Bundle:
    """The same bundle with another replay pack (`ml.embeddings.replay_pack`) and its checksum."""
    sums = {**bundle.manifest["sha256"], "rehearsal": sha256_hex(rehearsal)}
    return replace(bundle, manifest={**bundle.manifest, "sha256": sums}, rehearsal=rehearsal)


def with_glyphs(bundle: Bundle, glyphs: bytes) -> Bundle:
    """The same bundle with these shapes of its labels (`ml.bundles.glyphs`) and their checksum; none if empty."""
    sums = {name: value for name, value in bundle.manifest["sha256"].items() if name != "glyphs"}
    if glyphs:
        sums["glyphs"] = sha256_hex(glyphs)
    return replace(bundle, manifest={**bundle.manifest, "sha256": sums}, glyphs=glyphs)


# Verifying


def verify_bundle(bundle: Bundle) -> Predictor:
    """Check everything that can be checked without TensorFlow, and return the predictor that passed.

    Raises BundleError for an invalid manifest or model card, another preprocessing version, a wrong checksum, labels
    or a raster that do not fit the model, or a probe that is answered differently than on the day of the export.
    """
    _check_manifest(bundle.manifest)
    if "card" in bundle.manifest and (problem := card_problem(bundle.manifest["card"])):
        raise BundleError(problem)
    if "history" in bundle.manifest:  # versions of earlier releases have none
        check_history(bundle)
    for name in ("keras", *(name for name in OPTIONAL_FILES if getattr(bundle, name))):
        check_sha256(bundle.manifest, name, getattr(bundle, name))
    if bundle.glyphs and (problem := glyphs_problem(bundle.glyphs, bundle.slugs)):
        raise BundleError(problem)
    return verify_serving(bundle.manifest, bundle.tflite)


def verify_serving(manifest: Mapping[str, Any], tflite: bytes) -> Predictor:
    """Like `verify_bundle`, but only the parts that answer: a web process does not load the others."""
    _check_manifest(manifest)
    check_sha256(manifest, "tflite", tflite)
    try:
        predictor = Predictor(tflite, len(manifest["labels"]))
    except PredictorError as error:
        raise BundleError(str(error)) from error
    size = raster_spec(manifest).size
    if predictor.size != size:
        raise BundleError(f"The model takes rasters of {predictor.size} pixels a side, the manifest says {size}.")
    width = manifest["embedding_size"]
    if predictor.embedding_size != width:
        raise BundleError(f"The model's embedding has {predictor.embedding_size} numbers, the manifest says {width}.")
    _check_probe(manifest, predictor)
    return predictor


def _check_manifest(manifest: object) -> None:
    if not isinstance(manifest, dict):
        raise BundleError(f"The manifest must be an object, not {type(manifest).__name__}.")
    types: dict[str, type | tuple[type, ...]] = {
        "format": int, "recognizer": str, "labels": list, "preprocess_version": int, "embedding_size": int,
        "unsure_below": (int, float), "probe": dict, "metrics": dict, "training": dict, "sha256": dict, "created": str,
    }  # fmt: skip
    wrong = [key for key, kind in types.items() if not isinstance(manifest.get(key), kind)]
    wrong += [key for key in ("title", "prompt") if not isinstance(manifest.get(key, ""), str)]
    if wrong:
        raise BundleError(f"These parts of the manifest are missing or have the wrong type: {', '.join(wrong)}.")
    if manifest["format"] != FORMAT_VERSION:
        raise BundleError(f"The manifest has format {manifest['format']}; this code reads format {FORMAT_VERSION}.")
    if manifest["preprocess_version"] != PREPROCESS_VERSION:
        raise BundleError(
            f"The model was trained on rasters of preprocessing version {manifest['preprocess_version']}; this code "
            f"makes version {PREPROCESS_VERSION}. Train and export it again."
        )
    if not 0 <= manifest["unsure_below"] <= 1:
        raise BundleError(f"unsure_below must be from 0 to 1, not {manifest['unsure_below']}.")
    raster_spec(manifest)
    for label in manifest["labels"]:
        if problem := label_problem(label):
            raise BundleError(problem)
    slugs = [label["slug"] for label in manifest["labels"]]
    if not slugs:
        raise BundleError("The manifest has no labels.")
    if len(set(slugs)) != len(slugs):
        raise BundleError(f"Two labels have the same slug: {', '.join(slugs)}.")


def raster_spec(manifest: Mapping[str, Any]) -> RasterSpec:
    """The raster that the model of this manifest takes; the default raster if none is given. Raises BundleError."""
    raster = manifest.get("raster", {})
    try:
        return RasterSpec(**raster)
    except (TypeError, ValueError) as error:
        raise BundleError(f"The manifest's raster {raster!r} is not valid: {error}") from error


def check_sha256(manifest: Mapping[str, Any], name: str, content: bytes) -> None:
    """Raise BundleError unless `content` has the checksum that the manifest gives for this name in FILES."""
    expected, actual = manifest["sha256"].get(name), sha256_hex(content)
    if expected != actual:
        raise BundleError(
            f"{FILES[name]} has sha256 {actual}, the manifest says {expected}. Download the bundle again."
        )


def sha256_hex(content: bytes) -> str:
    """The sha256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _check_probe(manifest: Mapping[str, Any], predictor: Predictor) -> None:
    rasters = probe_rasters(manifest)
    try:
        expected = np.array(manifest["probe"]["probabilities"], np.float32)  # (k, labels)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The answers of the probe cannot be read: {error}.") from error
    answers = predictor.predict(rasters).probabilities
    if not len(rasters) or expected.shape != answers.shape:
        raise BundleError(f"The probe has {len(rasters)} rasters and answers of shape {expected.shape}.")
    difference = float(np.abs(answers - expected).max())
    if not difference <= probe_tolerance(bool(manifest.get("quantised"))):  # written so that NaN fails, too
        raise BundleError(f"The model answers its probe differently than at its export: by {difference:.4f}.")


def probe_rasters(manifest: Mapping[str, Any]) -> np.ndarray:
    """The rasters of the probe, uint8 (k, size, size). Raises BundleError if they cannot be read."""
    size = raster_spec(manifest).size
    try:
        packed = base64.b64decode(manifest["probe"]["rasters"], validate=True)
        flat = np.frombuffer(zlib.decompressobj().decompress(packed, MAX_PROBE * size * size), np.uint8)
        return flat.reshape(-1, size, size)
    except (binascii.Error, zlib.error, KeyError, ValueError, TypeError) as error:
        raise BundleError(f"The probe of the bundle cannot be read: {error}.") from error


def probe_tolerance(quantised: bool) -> float:
    """The largest allowed difference in probability between two answers to the probe."""
    return QUANTISED_TOLERANCE if quantised else PROBE_TOLERANCE
