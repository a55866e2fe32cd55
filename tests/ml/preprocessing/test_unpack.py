"""Files that declare, or unpack to, more than they may are refused before they take memory."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.data.labelled_files import EvaluationError, read_drawings
from ml.preprocessing import unpack
from ml.preprocessing.unpack import ALWAYS_ALLOWED, UnpackError, load_arrays, read_gzip
from tests.ml.small_datasets import write_npz

MOST_MEMORY = 4 * ALWAYS_ALLOWED
LINE = b'{"label":"1","drawing":[[[1],[1]]]}\n'


@pytest.fixture(autouse=True)
def _memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    tracemalloc.stop()


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": ("|u1", (100_000, 28, 28), 78_400_000), "y": ("|u1", (100_000,), 100_000)},  # unpacks to too much
        {"x": ("|u1", (10**9, 28, 28), 10), "y": ("|u1", (10**9,), 10)},  # only declares it
        {"x": ("|u1", (2, 28, 28), 2 * 784), "y": ("<U1000000000", (2,), 0)},
        {"x": ("|u1", (2, 28, 28), 2 * 784), "y": ("<U0", (10**12,), 0)},  # so many texts of no bytes
        {"x": ("|u1", (1_000_000, 1, 1), 1_000_000), "y": ("|u1", (1_000_000,), 1_000_000)},  # rasters of 784 bytes
        {"x": ("|u1", (1, 4000, 5000), 20_000_000), "y": ("|u1", (1,), 1)},
        {"x": ("|u1", (-1, 28, 28), 10), "y": ("|u1", (-1,), 10)},
        {"x": ("|O", (2,), 100), "y": ("|u1", (2,), 2)},
        {"x": ("|u1", (2, 28, 28), 784), "y": ("|u1", (2,), 2)},  # ends too early
    ],
)
def test_arrays_of_too_much_are_refused(tmp_path: Path, arrays: Any) -> None:
    with pytest.raises(EvaluationError, match=r"some\.npz"):
        read_drawings(write_npz(tmp_path / "some.npz", **arrays))


def test_an_archive_of_too_many_arrays_is_refused(tmp_path: Path) -> None:
    file = write_npz(tmp_path / "some.npz", **{f"a{number}": ("|u1", (1,), 1) for number in range(1_001)})
    with pytest.raises(UnpackError, match="1,001"):
        load_arrays(file)


@pytest.mark.parametrize(
    "content", [LINE * 2_000_000, b"\n" * 50_000_000, LINE + b'{"a": "%s"}\n' % (b"a" * (9 << 20))]
)
def test_lines_of_too_much_are_refused(tmp_path: Path, content: bytes) -> None:
    tracemalloc.clear_traces()
    (tmp_path / "some.ndjson.gz").write_bytes(gzip.compress(content, 1))
    tracemalloc.reset_peak()
    with pytest.raises(EvaluationError, match=r"some\.ndjson\.gz"):
        read_drawings(tmp_path / "some.ndjson.gz")


def test_a_small_file_may_have_only_so_many_drawings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "ALWAYS_ALLOWED", 1 << 20)
    (tmp_path / "some.ndjson.gz").write_bytes(gzip.compress(LINE * 1_000, 1))
    with pytest.raises(EvaluationError, match="more lines"):
        read_drawings(tmp_path / "some.ndjson.gz")


def test_a_file_may_unpack_to_64_megabytes_or_to_a_hundred_times_its_size(tmp_path: Path) -> None:
    file = tmp_path / "some.gz"
    file.write_bytes(gzip.compress(bytes(ALWAYS_ALLOWED), 1))
    assert len(read_gzip(file)) == ALWAYS_ALLOWED
    file.write_bytes(gzip.compress(bytes(ALWAYS_ALLOWED + 1), 1))
    with pytest.raises(UnpackError):
        read_gzip(file)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["u1", ">i4", "<f8", "U7", "M8[us]", "?"])
def test_arrays_are_read_as_numpy_reads_them(tmp_path: Path, kind: str, order: Any) -> None:
    arrays = {"a": np.array(np.arange(24).reshape(2, 3, 4), kind, order=order), "none": np.empty((0, 3), kind)}
    arrays["one"] = arrays["a"][1, 1, 1]
    np.savez_compressed(tmp_path / "some.npz", allow_pickle=False, **arrays)
    found = load_arrays(tmp_path / "some.npz")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert load_arrays(tmp_path / "some.npz", ["a", "b"]).keys() == {"a"}
