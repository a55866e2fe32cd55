"""Make a Keras file smaller: weights with 8 significant bits instead of 24, compressed.

That is bfloat16, in which networks are trained where the processor can. A file of a million weights takes less than 2
MB instead of 4.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from ml.bundles.replace_head import WEIGHTS_FILE

if TYPE_CHECKING:
    import h5py

DROPPED_BITS = 16  # of the 23 that a 32-bit number stores of its digits
COMPRESS_ABOVE = 1_000  # numbers in an array; smaller ones would get larger


def shorten_weights(keras_file: bytes) -> bytes:
    """The content of a `.keras` file whose weights are rounded and compressed. Keras reads it like any other."""
    with zipfile.ZipFile(io.BytesIO(keras_file)) as archive:
        parts = [(entry, archive.read(entry)) for entry in archive.infolist()]
    shortened = io.BytesIO()
    with zipfile.ZipFile(shortened, "w") as archive:
        for entry, content in parts:
            archive.writestr(entry, _shorten_arrays(content) if entry.filename == WEIGHTS_FILE else content)
    return shortened.getvalue()


def _shorten_arrays(content: bytes) -> bytes:
    import h5py

    file = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as old, h5py.File(file, "w") as new:
        new.attrs.update(old.attrs)
        old.visititems(lambda name, item: _copy(name, item, new))
    return file.getvalue()


def _copy(name: str, item: h5py.Group | h5py.Dataset, into: h5py.File) -> None:
    if not hasattr(item, "dtype"):
        into.require_group(name).attrs.update(item.attrs)
        return
    values = item[()]
    if values.dtype == np.float32:
        values = round_weights(values)
    packed = {"compression": "gzip", "compression_opts": 9, "shuffle": True} if values.size > COMPRESS_ABOVE else {}
    into.create_dataset(name, data=values, **packed).attrs.update(item.attrs)


def round_weights(weights: np.ndarray) -> np.ndarray:
    """The nearest numbers with 8 significant bits, float32 of the same shape."""
    bits = np.ascontiguousarray(weights).view(np.uint32)
    half = np.uint32(1 << (DROPPED_BITS - 1))
    rounded = (bits + half) & np.uint32(0xFFFFFFFF << DROPPED_BITS & 0xFFFFFFFF)
    return rounded.view(np.float32).reshape(weights.shape)
