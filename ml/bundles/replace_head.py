"""Replace the last layer in the two model files of a bundle, byte by byte: without TensorFlow or a conversion.

In the LiteRT file the numbers of the layer are replaced by as many other numbers; in the Keras file (a zip), its two
arrays are. All other layers stay exactly as they are, and so do the embeddings. The new layer is read back and compared
before a file is returned.
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
MAX_ROUNDING = 0.51  # steps by which an 8-bit weight may differ from the given one: half a step, and a little


def replace_tflite_head(tflite: bytes, head: Head) -> bytes:
    """The LiteRT file with another last layer, in 8 bits if the old one is.

    Raises BundleError if the file has no last layer of that shape with a bias, or not exactly one.
    """
    labels = len(head.bias) - 1
    old = Predictor(tflite, labels).stored_head()
    if old.bias is None or old.weights.shape != head.weights.T.shape:
        raise BundleError(f"The model has no last layer of {' x '.join(map(str, head.weights.shape))} with a bias.")
    weights, scales = _store_like(old, head.weights.T)
    replaced = _replace_numbers(tflite, old.weights, weights)
    replaced = _replace_numbers(replaced, old.bias, head.bias.astype(np.float32))
    if scales is not None and old.scales is not None:
        replaced = _replace_numbers(replaced, old.scales, scales)
    tolerance = 1e-6 if scales is None else MAX_ROUNDING * float(scales.max())
    read_back = Predictor(replaced, labels).head()
    difference = float(np.abs(read_back.weights - head.weights).max())
    if not difference <= tolerance or not np.allclose(read_back.bias, head.bias, atol=1e-6):
        raise BundleError(f"The last layer was read back with other weights: they differ by {difference:.4f}.")
    return replaced


def _store_like(old: StoredHead, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Weights (labels + 1, width) in the type of the old ones, and the scales of 8-bit weights."""
    if old.scales is None:
        return weights.astype(np.float32), None
    rows = weights.reshape(len(old.scales), -1)  # one scale for each class, or one for all
    scales = np.maximum(np.abs(rows).max(axis=1) / 127, 1e-12).astype(np.float32)  # int8 goes to 127
    return np.round(rows / scales[:, np.newaxis]).astype(np.int8).reshape(weights.shape), scales


def _replace_numbers(content: bytes, old: np.ndarray, new: np.ndarray) -> bytes:
    before, after = old.tobytes(), np.ascontiguousarray(new, old.dtype).tobytes()
    if content.count(before) != 1:
        raise BundleError(f"The numbers of the last layer occur {content.count(before)} times in the model, not once.")
    return content.replace(before, after)


def replace_keras_head(keras_file: bytes, head: Head) -> bytes:
    """The Keras file with another last layer. Raises BundleError unless exactly one layer has its shape."""
    with zipfile.ZipFile(io.BytesIO(keras_file)) as archive:
        parts = [(entry, archive.read(entry)) for entry in archive.infolist()]
    replaced = io.BytesIO()
    with zipfile.ZipFile(replaced, "w") as archive:
        for entry, content in parts:
            archive.writestr(entry, _replace_arrays(content, head) if entry.filename == WEIGHTS_FILE else content)
    return replaced.getvalue()


def _replace_arrays(content: bytes, head: Head) -> bytes:
    import h5py

    file = io.BytesIO(content)
    with h5py.File(file, "r+") as arrays:
        layers: list[h5py.Group] = []
        arrays.visititems(lambda _, item: layers.append(item) if _is_last_layer(item, head) else None)
        if len(layers) != 1:
            raise BundleError(f"The Keras file has {len(layers)} layers of the last layer's shape, not one.")
        layers[0]["0"][...], layers[0]["1"][...] = head.weights, head.bias
    return file.getvalue()


def _is_last_layer(item: h5py.Group | h5py.Dataset, head: Head) -> bool:
    """Whether this is the group of a dense layer whose weights ("0") and bias ("1") have the shapes of `head`."""
    if not hasattr(item, "keys") or set(item.keys()) != {"0", "1"}:
        return False
    return item["0"].shape == head.weights.shape and item["1"].shape == head.bias.shape
