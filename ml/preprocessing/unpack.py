"""Unpack files within limits. A small file can declare, and unpack to, any size."""

from __future__ import annotations

import gzip
import io
import math
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np

ALWAYS_ALLOWED = 64 << 20  # bytes that any file may unpack to
MAX_RATIO = 100  # a larger file may unpack to this many times its own size; the packed data sets reach 63
MAX_LINE_BYTES = 8 << 20  # of a line of JSON, which takes about 20 times as much memory when it is parsed
MEMORY_PER_DRAWING = 1_500  # bytes of the objects of a small drawing of strokes
MAX_MEMBERS = 1_000
_PIECE = 1 << 20


class UnpackError(ValueError):
    """A file that unpacks to more than is allowed, or that holds something else than arrays."""


def most_unpacked(packed: int) -> int:
    """The number of bytes to which a file of `packed` bytes may unpack."""
    return max(ALWAYS_ALLOWED, MAX_RATIO * packed)


def check_unpacked(size: int, most: int) -> None:
    """Raise UnpackError if `size` bytes are more than `most`."""
    if size > most:
        raise UnpackError(f"unpacked it has {size:,} bytes, the limit for a file of its size is {most:,}")


def read_gzip(file: Path) -> bytes:
    """The unpacked content of a .gz file. Raises UnpackError, and what gzip raises for a broken one."""
    most = most_unpacked(file.stat().st_size)
    with gzip.open(file) as stream:
        content = stream.read(most + 1)
    check_unpacked(len(content), most)
    return content


def load_arrays(file: Path | bytes, names: Collection[str] = (), most: int = 0) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, or those of `names` that it has. `most`: another limit, in bytes.

    Sizes are checked before anything is unpacked: those that the archive declares, and those of the arrays' headers.
    Raises UnpackError, also for arrays of Python objects, and what zipfile raises for a broken file.
    """
    source: Any = io.BytesIO(file) if isinstance(file, bytes) else file
    most = most or most_unpacked(len(file) if isinstance(file, bytes) else file.stat().st_size)
    with zipfile.ZipFile(source) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
        chosen = {name: member for name, member in members.items() if not names or name in names}
        check_archive(archive, most)
        arrays, size = {}, 0
        for name, member in chosen.items():
            with archive.open(member) as stream:
                header = ArrayHeader(stream, name)
                size += header.size
                check_unpacked(size, most)
                arrays[name] = header.read_all(stream)
    return arrays


def check_archive(archive: zipfile.ZipFile, most: int) -> None:
    """Raise UnpackError if the directory of an archive of arrays declares too much. zipfile reads no more than that."""
    if len(archive.infolist()) > MAX_MEMBERS:
        raise UnpackError(f"it has {len(archive.infolist()):,} members, the limit is {MAX_MEMBERS:,}")
    check_unpacked(sum(member.file_size for member in archive.infolist()), most)


class ArrayHeader:
    """Shape and type of an array in the .npy format. Raises UnpackError for objects and ValueError for no .npy."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        self.name = name
        self.shape, self.is_fortran, self.dtype = read(stream)
        if self.dtype.hasobject:
            raise UnpackError(f"the array {name} has Python objects, which are not read")
        if min(self.shape, default=0) < 0:
            raise UnpackError(f"the array {name} has the shape {self.shape}")
        # An entry of no bytes counts as one: the shape alone could ask for any number of texts.
        self.size = math.prod(self.shape) * max(1, self.dtype.itemsize)

    def read_all(self, stream: IO[bytes]) -> np.ndarray:
        """The array. Raises EOFError if the stream ends too early."""
        buffer = np.empty(math.prod(self.shape) * self.dtype.itemsize, np.uint8)
        for start in range(0, len(buffer), _PIECE):
            piece = stream.read(min(_PIECE, len(buffer) - start))
            if len(piece) < min(_PIECE, len(buffer) - start):
                raise EOFError(f"the array {self.name} ends too early")
            buffer[start : start + len(piece)] = np.frombuffer(piece, np.uint8)
        flat = buffer.view(self.dtype) if len(buffer) else np.empty(math.prod(self.shape), self.dtype)
        return flat.reshape(self.shape[::-1]).T if self.is_fortran else flat.reshape(self.shape)
