"""One model version as one bundle: the two model files and a manifest that says what they are.

A bundle is a folder (or a database row) of parts: `model.tflite` answers, `model.keras` is
what the next training starts from, `manifest.json` holds the labels in the order of the outputs,
the measures of the raster, the preprocessing version, checksums, and a probe: a few rasters with the
answers they must get. Nothing serves before its probe has been answered again. A fourth part,
`rehearsal.npz`, is what the model must not forget (`ml.embeddings.replay_pack`); it may be missing, and
serving never needs it. TensorFlow is needed to make a bundle, not to read one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.bundles import card_schema
from ml.bundles.predictor import Predictor, PredictorError
from ml.preprocessing.ink import PREPROCESS_VERSION, RasterSpec

if TYPE_CHECKING:
    pass

FORMAT_VERSION = 1
MANIFEST_FILE = "manifest.json"
TFLITE_FILE = "model.tflite"
KERAS_FILE = "model.keras"
REPLAY_PACK_FILE = "rehearsal.npz"
LABEL_KEYS = ("slug", "glyph", "name", "prompt")  # the last where a label has one

MAX_PROBE = 1_000  # rasters; a probe is answered at every load
PROBE_TOLERANCE = 1e-3  # in probability: processors round differently, models answer differently
QUANTISED_TOLERANCE = 5e-2  # the same of an 8-bit model, whose rounding another processor may tip over


class BundleError(ValueError):
    """A bundle that must not be used; the text says which part and why."""


@dataclass(frozen=True)
class Bundle:
    """One model version. `manifest` is plain JSON, the rest are file contents; `rehearsal` may be empty."""

    manifest: dict[str, Any]
    tflite: bytes = field(repr=False)
    keras: bytes = field(repr=False)
    rehearsal: bytes = field(default=b"", repr=False)

    @property
    def slugs(self) -> list[str]:
        """The labels' slugs, in the order of the model's outputs."""
        return [label["slug"] for label in self.manifest["labels"]]

    @property
    def raster(self) -> RasterSpec:
        """How its model sees ink."""
        return raster_spec(self.manifest)


# Reading, writing, checking: without TensorFlow.


def load_bundle(folder: Path | str) -> Bundle:
    """Read the files of a bundle. Only the manifest's form is checked: see `verify_bundle`."""
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        rehearsal = (folder / REPLAY_PACK_FILE).read_bytes() if _has_rehearsal(manifest) else b""
        bundle = Bundle(manifest, (folder / TFLITE_FILE).read_bytes(), (folder / KERAS_FILE).read_bytes(), rehearsal)
    except OSError as error:
        raise BundleError(f"No bundle in {folder}: {error.filename} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise BundleError(f"{folder / MANIFEST_FILE} is not JSON: {error}.") from error
    _check_manifest(manifest)
    return bundle


def _has_rehearsal(manifest: object) -> bool:
    sums = manifest.get("sha256") if isinstance(manifest, dict) else None
    return isinstance(sums, dict) and "rehearsal" in sums


def save_bundle(bundle: Bundle, folder: Path | str) -> None:
    """Write the files into `folder`; other files there (a model card) stay.

    They are written beside their place and then renamed, the manifest last: a crash leaves the old
    bundle, and whoever reads in between is told by the checksums.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = json.dumps(bundle.manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    contents = {TFLITE_FILE: bundle.tflite, KERAS_FILE: bundle.keras, MANIFEST_FILE: manifest.encode("utf-8")}
    if bundle.rehearsal:
        contents = {REPLAY_PACK_FILE: bundle.rehearsal, **contents}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:
        for name, content in contents.items():
            (Path(temporary) / name).write_bytes(content)
        for name in contents:
            (Path(temporary) / name).replace(folder / name)


def verify_bundle(bundle: Bundle) -> Predictor:
    """Check everything that can be checked without TensorFlow and return the predictor that passed.

    Raises BundleError for a manifest or a card of another form, a preprocessing version that this code does
    not draw, a checksum that differs, labels that do not fit the model, or a probe answered
    differently from the day of the export.
    """
    _check_manifest(bundle.manifest)
    if "card" in bundle.manifest and (problem := card_schema.card_problem(bundle.manifest["card"])):
        raise BundleError(problem)
    for name in ("keras", "rehearsal") if bundle.rehearsal else ("keras",):
        check_sha256(bundle.manifest, name, getattr(bundle, name))
    return verify_serving(bundle.manifest, bundle.tflite)


def verify_serving(manifest: Mapping[str, Any], tflite: bytes) -> Predictor:
    """As `verify_bundle`, of what answers alone: a web process needs none of the other parts."""
    _check_manifest(manifest)
    check_sha256(manifest, "tflite", tflite)
    try:
        predictor = Predictor(tflite, len(manifest["labels"]))
    except PredictorError as error:
        raise BundleError(str(error)) from error
    if predictor.size != raster_spec(manifest).size:
        raise BundleError(
            f"The model takes rasters of {predictor.size} x {predictor.size} pixels, "
            f"the manifest says {raster_spec(manifest).size}."
        )
    if predictor.embedding_size != manifest["embedding_size"]:
        raise BundleError(
            f"The model's embedding has {predictor.embedding_size} numbers, "
            f"the manifest says {manifest['embedding_size']}."
        )
    _check_probe(manifest, predictor)
    return predictor


def with_replay_pack(bundle: Bundle, rehearsal: bytes) -> Bundle:
    """The same bundle with another replay pack (`ml.embeddings.replay_pack`) and its checksum."""
    sums = {**bundle.manifest["sha256"], "rehearsal": sha256_hex(rehearsal)}
    return replace(bundle, manifest={**bundle.manifest, "sha256": sums}, rehearsal=rehearsal)


def raster_spec(manifest: Mapping[str, Any]) -> RasterSpec:
    """How the model of this manifest sees ink; the usual way where it does not say. BundleError if it says nonsense."""
    said = manifest.get("raster", {})
    try:
        return RasterSpec(**said)
    except (TypeError, ValueError) as error:
        raise BundleError(f"The manifest's raster {said!r} cannot be drawn: {error}") from error


def probe_rasters(manifest: Mapping[str, Any]) -> np.ndarray:
    """The rasters of the probe, uint8 (k, size, size); BundleError if they cannot be read."""
    size = raster_spec(manifest).size
    try:
        packed = base64.b64decode(manifest["probe"]["rasters"], validate=True)
        limit = MAX_PROBE * size * size
        flat = np.frombuffer(zlib.decompressobj().decompress(packed, limit), np.uint8)
        return flat.reshape(-1, size, size)
    except (binascii.Error, zlib.error, KeyError, ValueError, TypeError) as error:
        raise BundleError(f"The probe of the bundle cannot be read: {error}.") from error


def _check_manifest(manifest: object) -> None:
    if not isinstance(manifest, dict):
        raise BundleError(f"The manifest must be an object, not {type(manifest).__name__}.")
    kinds: dict[str, type | tuple[type, ...]] = {
        "format": int, "recognizer": str, "labels": list, "preprocess_version": int, "embedding_size": int,
        "unsure_below": (int, float), "probe": dict, "metrics": dict, "training": dict, "sha256": dict, "created": str,
    }  # fmt: skip
    wrong = [key for key, kind in kinds.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise BundleError(f"The manifest lacks, or has in another form: {', '.join(wrong)}.")
    if manifest["format"] != FORMAT_VERSION:
        raise BundleError(f"The manifest has format {manifest['format']}; this code reads format {FORMAT_VERSION}.")
    if manifest["preprocess_version"] != PREPROCESS_VERSION:
        raise BundleError(
            f"The model was trained on rasters of version {manifest['preprocess_version']}; "
            f"this code draws version {PREPROCESS_VERSION}. Train and export it again."
        )
    if not 0 <= manifest["unsure_below"] <= 1:
        raise BundleError(f"unsure_below must be from 0 to 1, not {manifest['unsure_below']}.")
    texts = [key for key in ("title", "prompt") if not isinstance(manifest.get(key, ""), str)]
    if texts:
        raise BundleError(f"The manifest has something else than a text as {' and '.join(texts)}.")
    raster_spec(manifest)
    _check_labels(manifest["labels"])


def _check_labels(labels: Sequence[object]) -> None:
    for label in labels:
        if not isinstance(label, Mapping) or not all(isinstance(label.get(k), str) for k in ("slug", "glyph", "name")):
            raise BundleError(f"A label needs the texts slug, glyph and name; this is {label!r}.")
        if not isinstance(label.get("prompt", ""), str):
            raise BundleError(f"The prompt of a label is a text; this is {label!r}.")
    slugs = [label["slug"] for label in labels if isinstance(label, Mapping)]
    if not slugs:
        raise BundleError("The bundle has no labels.")
    if len(set(slugs)) != len(slugs):
        raise BundleError(f"Two labels share a slug: {', '.join(slugs)}.")


def check_sha256(manifest: Mapping[str, Any], name: str, content: bytes) -> None:
    expected, actual = manifest["sha256"].get(name), sha256_hex(content)
    if expected != actual:
        file = REPLAY_PACK_FILE if name == "rehearsal" else f"model.{name}"
        raise BundleError(f"{file} has sha256 {actual}, the manifest says {expected}. Fetch the bundle again.")


def _check_probe(manifest: Mapping[str, Any], predictor: Predictor) -> None:
    rasters = probe_rasters(manifest)
    try:
        expected = np.array(manifest["probe"]["probabilities"], np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The probe's answers cannot be read: {error}.") from error
    answers = predictor.predict(rasters).probabilities
    if not len(rasters) or expected.shape != answers.shape:
        raise BundleError(f"The probe has {len(rasters)} rasters and answers of shape {expected.shape}.")
    difference = float(np.abs(answers - expected).max())
    if not difference <= probe_tolerance(bool(manifest.get("quantised"))):
        raise BundleError(f"The model answers its probe differently from its export: by {difference:.4f}.")


def probe_tolerance(quantised: bool) -> float:
    return QUANTISED_TOLERANCE if quantised else PROBE_TOLERANCE


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# Making a bundle, and going back to its Keras model: with TensorFlow.
