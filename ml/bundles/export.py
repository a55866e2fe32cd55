"""Export the model of a bundle in the formats of other tools, and check that each file answers like the original.

A file is written to a temporary folder, read again, and asked real drawings. If it answers like the Keras model of the
bundle, it is moved to its place; otherwise it is deleted.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ml.bundles.build import convert_to_tflite, load_keras, model_probabilities, to_input
from ml.bundles.bundle import Bundle
from ml.bundles.predictor import EMBEDDING, PROBABILITIES, Predictor, PredictorError

if TYPE_CHECKING:
    import keras

ABOUT_FILE = "export.json"
# Largest difference in probability: of the same weights, added up in another order, and of weights in 8 bits.
EXACT_TOLERANCE = 1e-3
ROUNDED_TOLERANCE = 5e-2
MAX_ROUNDED_DEVIATIONS = 0.01  # share of the drawings that weights in 8 bits may answer with a larger difference


class ExportError(ValueError):
    """A file that does not answer like the original. It has been deleted."""


@dataclass(frozen=True)
class ExportFormat:
    """A format of models."""

    file: str
    """The name of the file or folder."""
    text: str
    """What it is, for `--help`."""
    write: Callable[[keras.Model, Path], object]
    """Writes the model to a path."""
    ask: Callable[[keras.Model, Path, np.ndarray], np.ndarray]
    """Reads the path again and answers rasters uint8 (n, size, size): probabilities float32 (n, labels)."""
    rounded: bool = False
    """Whether the weights are rounded to 8 bits."""


@dataclass(frozen=True)
class ExportedFile:
    """A file that answers like the original."""

    format: str
    file: str
    bytes: int
    same_answers: float
    """The share of the drawings with the same first guess."""
    largest_difference: float
    """In probability."""


def export_files(bundle: Bundle, out: Path, *, formats: Sequence[str], drawings: np.ndarray) -> list[ExportedFile]:
    """Write the model of a bundle into the folder `out` in each of `formats` (see EXPORT_FORMATS), and `export.json`.

    `drawings` are rasters, uint8 (n, size, size), that each file must answer like the Keras model of the bundle.
    Raises ExportError if one does not; files that were finished before stay.
    """
    model = load_keras(bundle)
    expected = model_probabilities(model, drawings)
    out.mkdir(parents=True, exist_ok=True)
    files = [_export(name, model, out, drawings, expected) for name in formats]
    # What is needed to use one of the files without the bundle.
    keys = ("recognizer", "title", "labels", "preprocess_version", "unsure_below", "created")
    about = {
        **{key: bundle.manifest[key] for key in keys if key in bundle.manifest},
        "raster": asdict(bundle.raster),
        "input": "float32 (n, size, size, 1), from 0 (paper) to 1 (ink); of LiteRT n is 1",
        "outputs": {PROBABILITIES: "the labels in this order, then 'none of them'", EMBEDDING: "the last hidden layer"},
        "drawings_compared": len(drawings),
        "files": [asdict(file) for file in files],
    }
    (out / ABOUT_FILE).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return files


def _export(name: str, model: keras.Model, out: Path, drawings: np.ndarray, expected: np.ndarray) -> ExportedFile:
    form = EXPORT_FORMATS[name]
    with tempfile.TemporaryDirectory(dir=out, prefix=".writing-") as folder:
        written, final = Path(folder) / form.file, out / form.file
        form.write(model, written)
        answers = form.ask(model, written, drawings)
        differences = np.abs(answers - expected).max(axis=1)  # (n,)
        deviations = float((differences > (ROUNDED_TOLERANCE if form.rounded else EXACT_TOLERANCE)).mean())
        if deviations > (MAX_ROUNDED_DEVIATIONS if form.rounded else 0) or not np.isfinite(differences).all():
            raise ExportError(
                f"{form.file} ({name}) answers {deviations:.1%} of {len(expected):,} drawings differently from the "
                f"Keras model, by up to {differences.max():.4f} in probability. It was deleted; the other files are "
                "not affected."
            )
        size = sum(file.stat().st_size for file in (written, *written.rglob("*")) if file.is_file())
        if final.is_dir():  # a folder cannot replace another one
            shutil.rmtree(final)
        written.replace(final)
    same_answers = float((answers.argmax(axis=1) == expected.argmax(axis=1)).mean())
    return ExportedFile(name, form.file, size, same_answers, float(differences.max()))


# The formats


def _ask_keras(model: keras.Model, file: Path, drawings: np.ndarray) -> np.ndarray:
    import keras

    return model_probabilities(keras.saving.load_model(file, compile=False, safe_mode=True), drawings)


def _ask_weights(model: keras.Model, file: Path, drawings: np.ndarray) -> np.ndarray:
    import keras

    empty = keras.models.model_from_json(model.to_json())
    empty.load_weights(file)
    return model_probabilities(empty, drawings)


def _ask_architecture(model: keras.Model, file: Path, drawings: np.ndarray) -> np.ndarray:
    import keras

    empty = keras.models.model_from_json(file.read_text("utf-8"))
    empty.set_weights(model.get_weights())
    return model_probabilities(empty, drawings)


def _ask_tflite(model: keras.Model, file: Path, drawings: np.ndarray) -> np.ndarray:
    labels = model.output[PROBABILITIES].shape[-1] - 1
    try:
        return Predictor(file.read_bytes(), labels).predict(drawings).probabilities
    except PredictorError as error:
        raise ExportError(f"{file.name} cannot be read again: {error}") from error


def _ask_saved_model(model: keras.Model, folder: Path, drawings: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    served = tf.saved_model.load(str(folder))
    return np.asarray(served.serve(tf.constant(to_input(drawings)))[PROBABILITIES], np.float32)[:, :-1]


EXPORT_FORMATS = {
    "keras": ExportFormat(
        "model.keras", "the whole model, for Keras", lambda model, file: model.save(file), _ask_keras
    ),
    "weights": ExportFormat(
        "model.weights.h5", "its weights alone (HDF5)", lambda model, file: model.save_weights(file), _ask_weights
    ),
    "architecture": ExportFormat(
        "architecture.json",
        "its layers without weights",
        lambda model, file: file.write_text(model.to_json(indent=1) + "\n", "utf-8"),
        _ask_architecture,
    ),
    "tflite": ExportFormat(
        "model.tflite",
        "LiteRT, weights in 32 bits",
        lambda model, file: file.write_bytes(convert_to_tflite(model)),
        _ask_tflite,
    ),
    "tflite-8bit": ExportFormat(
        "model-8bit.tflite",
        "LiteRT, weights in 8 bits (dynamic range)",
        lambda model, file: file.write_bytes(convert_to_tflite(model, quantise=True)),
        _ask_tflite,
        rounded=True,
    ),
    "savedmodel": ExportFormat(
        "saved_model",
        "a folder, for TensorFlow",
        lambda model, folder: model.export(folder, verbose=False),
        _ask_saved_model,
    ),
}
