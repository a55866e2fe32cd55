"""The base test of a recognizer: held-out drawings of its data sets that every version has to answer.

It belongs to the recognizer, not to a version. It holds rasters, so that versions with different trunks answer the same
drawings, and as many drawings of each label and source as there are, up to the same number. So no label and no source
decides alone. The file `base_test.npz` lies beside the shipped bundle and is known by its sha256.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ml.bundles.bundle import Bundle, BundleError
from ml.preprocessing.ink import RasterSpec
from ml.preprocessing.unpack import load_arrays

if TYPE_CHECKING:
    from ml.recipes.base import Material

BASE_TEST_FILE = "base_test.npz"
MAX_BYTES = 3_000_000
MAX_UNPACKED = 64_000_000  # bytes of all arrays
DRAWINGS = 12_000  # at most
SEED = 3


@dataclass(frozen=True)
class BaseTest:
    """n labelled drawings."""

    rasters: np.ndarray
    """uint8 (n, size, size)."""
    labels: np.ndarray
    """int64 (n,): indices into `slugs`."""
    sources: np.ndarray
    """str (n,): the data set of each drawing, a name in `ml.data.sources.SOURCES`, or its form."""
    slugs: list[str]
    raster: RasterSpec

    def fits(self, bundle: Bundle) -> bool:
        """Whether the bundle has the same labels and takes the same rasters."""
        return self.slugs == bundle.slugs and self.raster == bundle.raster

    def half(self) -> tuple[np.ndarray, np.ndarray]:
        """Rasters and labels of every second drawing: training runs choose their settings with them."""
        return self.rasters[::2], self.labels[::2]


def make_base_test(bundle: Bundle, material: Material) -> BaseTest:
    """The base test of a recognizer, from `Material.base_test`. Raises BundleError if it has no drawings.

    Of each label and source there are as many drawings, chosen at random but always the same, up to an equal number.
    """
    labels, parts = len(bundle.slugs), {name: part for name, part in material.base_test.items() if len(part.y)}
    if not parts:
        raise BundleError("The data of this recognizer has no drawings for a base test.")
    most = max(1, DRAWINGS // (labels * len(parts)))
    rasters, truth, sources = [], [], []
    for name, part in parts.items():
        order = np.random.default_rng(SEED).permutation(len(part.y))
        rows = np.concatenate([order[part.y[order] == label][:most] for label in range(labels)])
        rasters.append(part.x[rows])
        truth.append(part.y[rows])
        sources += [name] * len(rows)
    return BaseTest(
        np.concatenate(rasters), np.concatenate(truth).astype(np.int64), np.array(sources), bundle.slugs, bundle.raster
    )


def write_base_test(test: BaseTest) -> bytes:
    """The content of `base_test.npz`. Raises BundleError if it has more than 3 MB."""
    about = json.dumps({"labels": test.slugs, "raster": asdict(test.raster)})
    file = io.BytesIO()
    np.savez_compressed(
        file,
        rasters=test.rasters,
        labels=test.labels.astype(np.uint16),
        sources=test.sources,
        about=np.frombuffer(about.encode(), np.uint8),
    )
    content = file.getvalue()
    if len(content) > MAX_BYTES:
        raise BundleError(f"The base test has {len(content):,} bytes; at most {MAX_BYTES:,} are allowed.")
    return content


def read_base_test(content: bytes) -> BaseTest:
    """Read a base test. Raises BundleError for anything that `write_base_test` would not write."""
    if len(content) > MAX_BYTES:
        raise BundleError(f"The base test has {len(content):,} bytes, the limit is {MAX_BYTES:,}.")
    try:
        arrays = load_arrays(content, most=MAX_UNPACKED)
        about = json.loads(arrays["about"].tobytes())
        test = BaseTest(
            arrays["rasters"],
            arrays["labels"].astype(np.int64),
            arrays["sources"],
            list(about["labels"]),
            RasterSpec(**about["raster"]),
        )
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(f"The base test cannot be read: {error}.") from error
    count, size = len(test.labels), test.raster.size
    if test.rasters.dtype != np.uint8 or test.rasters.shape != (count, size, size) or test.sources.shape != (count,):
        raise BundleError("The arrays of the base test do not fit together.")
    if count and test.labels.max() >= len(test.slugs):
        raise BundleError("The base test has labels that it does not name.")
    return test


def save_base_test(test: BaseTest, folder: Path) -> None:
    """Write `base_test.npz` into the folder of a bundle. Raises BundleError."""
    content = write_base_test(test)
    temporary = folder / f".{BASE_TEST_FILE}"
    temporary.write_bytes(content)
    temporary.replace(folder / BASE_TEST_FILE)


def read_base_test_file(folder: Path) -> bytes:
    """The content of the base test in the folder of a bundle; empty if there is none."""
    path = folder / BASE_TEST_FILE
    return path.read_bytes() if path.exists() else b""
