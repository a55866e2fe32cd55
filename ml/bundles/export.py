"""The model of a bundle in the forms that other tools read, each asked again before it is called done.

A file is written beside its place, loaded, and must answer real drawings as the Keras model of the bundle
does; only then it is moved to where it belongs. One that does not is removed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.bundles.build import convert_to_tflite, load_keras
from ml.bundles.bundle import Bundle
from ml.bundles.predictor import EMBEDDING, PROBABILITIES, Predictor, PredictorError
from ml.progress import Progress, no_progress

if TYPE_CHECKING:
    import keras

ABOUT = "export.json"
EXACT = 1e-3  # in probability: the same numbers, added up in another order
ROUNDED = 5e-2  # the same of weights in 8 bits
DOUBTFUL = 0.01  # of the drawings may be answered otherwise by rounded weights


class ExportError(ValueError):
    """A form that does not answer as its source does; nothing is left of it."""


@dataclass(frozen=True)
class ExportFormat:
    """A form of a model: its file (or folder), how it is written, and how it is asked."""

    file: str
    text: str
    write: Callable[[keras.Model, Path], None]
    ask: Callable[[keras.Model, Path, np.ndarray], np.ndarray]
    rounded: bool = False


@dataclass(frozen=True)
class ExportedFile:
    """A file that answers as its source does: what was compared, in probability, and how large it is."""

    format: str
    file: str
    bytes: int
    same_answers: float
    largest_difference: float


def export_files(
    bundle: Bundle, out: Path, *, formats: Sequence[str], drawings: np.ndarray, progress: Progress = no_progress
) -> list[ExportedFile]:
    """Write the model of a bundle into `out` in each of `formats` (see FORMATS), and `export.json` beside them.

    `drawings` are rasters, uint8 (n, size, size), that each form must answer as the bundle's Keras model does.
    Raises ExportError; what was written before stays.
    """
    source = load_keras(bundle)
    expected = _answers(source, drawings)
    out.mkdir(parents=True, exist_ok=True)
    done = [_export(name, source, out, drawings, expected) for name in progress(formats, "formats")]
    about = {**_about(bundle), "drawings_compared": len(drawings), "files": [asdict(file) for file in done]}
    (out / ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return done


def _about(bundle: Bundle) -> dict[str, Any]:
    """What somebody needs to know who uses one of the files alone."""
    kept = ("recognizer", "title", "labels", "preprocess_version", "unsure_below", "created")
    return {
        **{key: bundle.manifest[key] for key in kept if key in bundle.manifest},
        "raster": asdict(bundle.raster),
        "input": "float32 (n, size, size, 1), from 0 (paper) to 1 (ink); of LiteRT n is 1",
        "outputs": {PROBABILITIES: "the labels in this order, then 'none of them'", EMBEDDING: "the last hidden layer"},
    }


def _export(name: str, source: keras.Model, out: Path, drawings: np.ndarray, expected: np.ndarray) -> ExportedFile:
    form = EXPORT_FORMATS[name]
    with tempfile.TemporaryDirectory(dir=out, prefix=".writing-") as folder:
        written = Path(folder) / form.file
        form.write(source, written)
        same, largest = _compare(name, form, form.ask(source, written, drawings), expected)
        size = _size(written)
        _move(written, out / form.file)
    return ExportedFile(name, form.file, size, same, largest)


def _compare(name: str, form: ExportFormat, answers: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """The share of drawings with the same first guess, and the largest difference in probability."""
    differences = np.abs(answers - expected).max(axis=1)
    same = float((answers.argmax(axis=1) == expected.argmax(axis=1)).mean())
    off = float((differences > (ROUNDED if form.rounded else EXACT)).mean())
    if off > (DOUBTFUL if form.rounded else 0) or not np.isfinite(differences).all():
        raise ExportError(
            f"{form.file} ({name}) answers {off:.1%} of {len(expected):,} drawings otherwise than the Keras model, by "
            f"up to {differences.max():.4f} in probability. It was removed; the other forms are not concerned."
        )
    return same, float(differences.max())


def _size(written: Path) -> int:
    files = [written] if written.is_file() else [file for file in written.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _move(written: Path, place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    written.replace(place)


# The forms


def _answers(model: keras.Model, drawings: np.ndarray) -> np.ndarray:
    """Probabilities of the labels, float32 (n, labels)."""
    answers = model.predict(_pictures(drawings), batch_size=256, verbose=0)[PROBABILITIES]
    return np.asarray(answers, np.float32)[:, :-1]


def _pictures(drawings: np.ndarray) -> np.ndarray:
    pictures: np.ndarray = drawings[..., np.newaxis].astype(np.float32) / 255
    return pictures


def _ask_keras(source: keras.Model, file: Path, drawings: np.ndarray) -> np.ndarray:
    import keras

    return _answers(keras.saving.load_model(file, compile=False, safe_mode=True), drawings)


def _ask_weights(source: keras.Model, file: Path, drawings: np.ndarray) -> np.ndarray:
    import keras

    empty = keras.models.model_from_json(source.to_json())
    empty.load_weights(file)
    return _answers(empty, drawings)


def _ask_architecture(source: keras.Model, file: Path, drawings: np.ndarray) -> np.ndarray:
    import keras

    empty = keras.models.model_from_json(file.read_text("utf-8"))
    empty.set_weights(source.get_weights())
    return _answers(empty, drawings)


def _ask_tflite(source: keras.Model, file: Path, drawings: np.ndarray) -> np.ndarray:
    labels = source.output[PROBABILITIES].shape[-1] - 1
    try:
        return Predictor(file.read_bytes(), labels).predict(drawings).probabilities
    except PredictorError as error:
        raise ExportError(f"{file.name} cannot be read again: {error}") from error


def _write_saved_model(source: keras.Model, folder: Path) -> None:
    source.export(folder, verbose=False)


def _ask_saved_model(source: keras.Model, folder: Path, drawings: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    served = tf.saved_model.load(str(folder))
    return np.asarray(served.serve(tf.constant(_pictures(drawings)))[PROBABILITIES], np.float32)[:, :-1]


def _write_tflite(source: keras.Model, file: Path) -> None:
    file.write_bytes(convert_to_tflite(source))


def _write_small_tflite(source: keras.Model, file: Path) -> None:
    file.write_bytes(convert_to_tflite(source, quantise=True))


def _write_architecture(source: keras.Model, file: Path) -> None:
    file.write_text(source.to_json(indent=1) + "\n", "utf-8")


EXPORT_FORMATS = {
    "keras": ExportFormat(
        "model.keras", "the whole model, for Keras", lambda model, file: model.save(file), _ask_keras
    ),
    "weights": ExportFormat(
        "model.weights.h5", "its weights alone (HDF5)", lambda model, file: model.save_weights(file), _ask_weights
    ),
    "architecture": ExportFormat(
        "architecture.json", "its layers without weights", _write_architecture, _ask_architecture
    ),
    "tflite": ExportFormat("model.tflite", "LiteRT, weights in 32 bits", _write_tflite, _ask_tflite),
    "tflite-8bit": ExportFormat(
        "model-8bit.tflite", "LiteRT, weights in 8 bits (dynamic range)", _write_small_tflite, _ask_tflite, rounded=True
    ),
    "savedmodel": ExportFormat("saved_model", "a folder, for TensorFlow", _write_saved_model, _ask_saved_model),
}
