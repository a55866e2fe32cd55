"""Another last layer in a bundle's two model files, put in place byte by byte: no TensorFlow, no conversion.

In the LiteRT file the layer's numbers are replaced by as many others; in the Keras file (a zip) its
two arrays. Everything before it stays as it is, to the bit, so the embeddings do too. What came of it
is read back and compared before anything is returned.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from ml.bundles.bundle import BundleError
from ml.bundles.predictor import Head, Predictor, StoredHead

if TYPE_CHECKING:
    import h5py

WEIGHTS_FILE = "model.weights.h5"
STEP = 0.51  # of the rounding, is how far an 8-bit weight may be from what was asked for


def replace_tflite_head(tflite: bytes, head: Head) -> bytes:
    """The LiteRT model with this last layer, in 8 bits where the old one is. Raises BundleError if it has no place."""
    labels = len(head.bias) - 1
    old = Predictor(tflite, labels).last_layer()
    if old.bias is None or old.weights.shape != head.weights.T.shape:
        raise BundleError(f"The model has no last layer of {' x '.join(map(str, head.weights.shape))} with a bias.")
    weights, scales = _like(old, head.weights.T)
    grafted = _swap(tflite, old.weights, weights)
    grafted = _swap(grafted, old.bias, head.bias.astype(np.float32))
    if scales is not None and old.scales is not None:
        grafted = _swap(grafted, old.scales, scales)
    _check_read_back(Predictor(grafted, labels).head(), head, scales)
    return grafted


def _like(old: StoredHead, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The weights (classes, embedding) in the form of the old ones, and the scales of their steps."""
    if old.scales is None:
        return weights.astype(np.float32), None
    rows = weights.reshape(len(old.scales), -1)  # a scale for each class, or one for all
    scales = np.maximum(np.abs(rows).max(axis=1) / 127, 1e-12).astype(np.float32)
    return np.round(rows / scales[:, np.newaxis]).astype(np.int8).reshape(weights.shape), scales


def _swap(content: bytes, old: np.ndarray, new: np.ndarray) -> bytes:
    before, after = old.tobytes(), np.ascontiguousarray(new, old.dtype).tobytes()
    if content.count(before) != 1:
        raise BundleError(f"The last layer's numbers are found {content.count(before)} times in the model, not once.")
    return content.replace(before, after)


def _check_read_back(found: Head, wanted: Head, scales: np.ndarray | None) -> None:
    allowed = 1e-6 if scales is None else STEP * float(scales.max())
    off = float(np.abs(found.weights - wanted.weights).max())
    if not off <= allowed or not np.allclose(found.bias, wanted.bias, atol=1e-6):
        raise BundleError(f"The last layer read back differs from what was put in: by {off:.4f} in a weight.")


def replace_keras_head(keras_file: bytes, head: Head) -> bytes:
    """The Keras file with this last layer. Raises BundleError if it has no place for it, or several."""
    with zipfile.ZipFile(io.BytesIO(keras_file)) as archive:
        parts = [(entry, archive.read(entry)) for entry in archive.infolist()]
    grafted = io.BytesIO()
    with zipfile.ZipFile(grafted, "w") as archive:
        for entry, content in parts:
            archive.writestr(entry, _graft_arrays(content, head) if entry.filename == WEIGHTS_FILE else content)
    return grafted.getvalue()


def _graft_arrays(content: bytes, head: Head) -> bytes:
    import h5py

    file = io.BytesIO(content)
    with h5py.File(file, "r+") as arrays:
        found: list[h5py.Group] = []
        arrays.visititems(lambda _, item: found.append(item) if _is_layer(item, head) else None)
        if len(found) != 1:
            raise BundleError(f"The Keras file has {len(found)} layers of the last one's form, not one.")
        found[0]["0"][...], found[0]["1"][...] = head.weights, head.bias
    return file.getvalue()


def _is_layer(item: h5py.Group | h5py.Dataset, head: Head) -> bool:
    """Whether this is the group of a dense layer's weights and bias."""
    if not hasattr(item, "keys") or set(item.keys()) != {"0", "1"}:
        return False
    return item["0"].shape == head.weights.shape and item["1"].shape == head.bias.shape
