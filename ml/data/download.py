"""Download the public originals of the data sets into the cache folder, once, and check them.

Each file of the data folder that a program can get from its publisher is made by a function here. A published checksum
is compared with the download; `ml.data.loaders` compares the content of the file once more.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np

MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
QMNIST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
PEN_DIGITS = "https://archive.ics.uci.edu/static/public/81/pen+based+recognition+of+handwritten+digits.zip"
OMNIGLOT = "https://github.com/brendenlake/omniglot/raw/master/python/images_background.zip"
QUICK_DRAW = "https://storage.googleapis.com/quickdraw_dataset/full/simplified/"
QUICK_DRAW_BITMAPS = "https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap/"

OMNIGLOT_MD5 = "68d2efa1b9178cc56df9314c21c6e718"
QMNIST_MD5 = {"train": "0058f8dd561b90ffdd0f734c6a30e5e4", "test": "5b5b05890a5e13444e108efe57b788aa"}
QMNIST_WRITER = 2  # the column of QMNIST's label files with the NIST number of the writer
ALPHABETS = (
    "Balinese", "Early_Aramaic", "Greek", "Japanese_(katakana)", "Korean", "Latin", "Sanskrit", "Tagalog",
)  # fmt: skip
DRAWINGS_PER_WORD = 3_000  # of the 100,000 and more of a Quick, Draw! word
BITMAPS_FROM = 50_000  # the first bitmap taken of a word, so that its strokes and its bitmaps are different drawings
NPY_HEADER = 256  # bytes, more than the header of a .npy file has
PARTIAL_CONTENT = 206  # the HTTP status of an answer to a Range request
TIMEOUT = 60  # seconds without an answer


class DownloadError(RuntimeError):
    """A file that could not be downloaded. The text says which one and why."""


def cache_folder() -> Path:
    """`INKLING_CACHE`, or `inkling` in the user's cache folder."""
    if named := os.environ.get("INKLING_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inkling"


def can_download(path: str) -> bool:
    """Whether a program can get this file of the data folder from its publisher."""
    return _find_maker(path) is not None


def download(path: str, into: Path | None = None) -> Path:
    """Make the file `path` of the data folder in `into`, else in the cache folder, from its public original.

    Returns the file. Raises DownloadError if it cannot be downloaded or written.
    """
    make = _find_maker(path)
    if make is None:
        raise DownloadError(f"{path} cannot be downloaded automatically. See: python -m ml data.")
    content, file = make(), (into or cache_folder()) / path
    part = file.with_name(f"{file.name}.{os.getpid()}.part")  # renamed when it is complete
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
    except OSError as error:
        raise DownloadError(f"{file} cannot be written ({error.strerror}). Choose another folder.") from error
    return part.replace(file)


def _find_maker(path: str) -> Callable[[], bytes] | None:
    """The function that makes the content of a file of the data folder; None if there is none."""
    folder, _, name = path.rpartition("/")
    word = quote(name.partition(".")[0])
    if folder == "mnist" and name.endswith(".gz"):
        return partial(_fetch, MNIST + name)
    makers: dict[str, Callable[[], bytes]] = {
        "mnist/writers.npz": _make_mnist_writers,
        "pendigits/pendigits.jsonl.gz": _make_pen_tracks,
        "omniglot_small/omniglot_small.npz": lambda: pack_characters(_fetch(OMNIGLOT, md5=OMNIGLOT_MD5)),
        f"quickdraw/strokes/{name}": lambda: gzip.compress(
            _fetch(f"{QUICK_DRAW}{word}.ndjson", lines=DRAWINGS_PER_WORD)
        ),
        f"quickdraw/bitmaps/{name}": partial(_make_bitmaps, f"{QUICK_DRAW_BITMAPS}{word}.npy"),
    }
    return makers.get(path)


def _fetch(url: str, *, md5: str = "", lines: int = 0, span: tuple[int, int] | None = None) -> bytes:
    """The bytes of a public file, or its first `lines` lines, or only a `span` of bytes (first, count)."""
    first, count = span or (0, -1)
    headers = {"Range": f"bytes={first}-{first + count - 1}"} if span else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the addresses above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            if span and answer.status != PARTIAL_CONTENT:  # the server ignored the range and sends the whole file
                answer.read(first)
            content = b"".join(answer.readline() for _ in range(lines)) if lines else bytes(answer.read(count))
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise DownloadError(f"{url} cannot be downloaded ({error}). Check the network and try again.") from error
    actual = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 and actual != md5:
        raise DownloadError(f"{url} has md5 {actual}, not the published {md5}. Try again later.")
    return content


# MNIST


def _make_mnist_writers() -> bytes:
    """The writer of each digit of MNIST, from QMNIST's labels: an npz of `train` (60,000) and `test` (10,000)."""
    parts = {
        part: read_writers(gzip.decompress(_fetch(f"{QMNIST}qmnist-{part}-labels-idx2-int.gz", md5=md5)))
        for part, md5 in QMNIST_MD5.items()
    }
    return _to_npz(train=parts["train"], test=parts["test"][:10_000])  # QMNIST's test part has 60,000


def read_writers(labels: bytes) -> np.ndarray:
    """The writers, int16 (n,), of a QMNIST label file (an idx file of big-endian int32, n rows of 8 columns)."""
    rows, columns = np.frombuffer(labels, ">i4", 2, offset=4)
    return np.frombuffer(labels, ">i4", offset=12).reshape(rows, columns)[:, QMNIST_WRITER].astype(np.int16)


# Pen digits


def _make_pen_tracks() -> bytes:
    """The drawings of the 30 writers as JSON lines, from a Unix `compress` file inside of a zip."""
    with zipfile.ZipFile(io.BytesIO(_fetch(PEN_DIGITS))) as archive:
        compressed = archive.read("pendigits-orig.tra.Z")
    try:  # Python cannot read `compress` files, gzip can
        done = subprocess.run(["gzip", "-dc"], input=compressed, capture_output=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError) as error:
        raise DownloadError(f"The pen digits cannot be unpacked ({error}). Install gzip.") from error
    return gzip.compress("\n".join(parse_unipen(done.stdout.decode("ascii", "replace"))).encode())


def parse_unipen(text: str) -> Iterator[str]:
    """JSON lines {"label", "writer", "drawing"} of the text of a UNIPEN file. Its y points up, ours points down.

    A digit is `.SEGMENT DIGIT ... "8"`, `.COMMENT 8 12 ...` (digit, writer, ...), then for each stroke `.PEN_DOWN`,
    lines of x and y, `.PEN_UP`. Raises DownloadError for another format.
    """
    for segment in text.split(".SEGMENT DIGIT")[1:]:
        label, writer = re.search(r'"(\d)"', segment), re.search(r"\.COMMENT\s+\d+\s+(\d+)", segment)
        if not label or not writer:
            raise DownloadError(f"The pen digits are not in their published format: {segment[:60]!r}.")
        strokes = []
        for part in segment.split(".PEN_DOWN")[1:]:
            points = [line.split() for line in part.split(".PEN_UP")[0].strip().splitlines()]
            strokes.append([[int(x) for x, _ in points], [-int(y) for _, y in points]])
        yield json.dumps({"label": label[1], "writer": f"train-{int(writer[1]):02d}", "drawing": strokes})


# Omniglot


def pack_characters(archive: bytes) -> bytes:
    """Omniglot's zip of PNG files (black on white) as an npz of eight alphabets: x, y, classes, drawer.

    `x` is uint8 (n, 105, 105), white on black. Raises DownloadError for a file that is no picture.
    """
    pictures, numbers, drawers, classes = [], [], [], []
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for name in sorted(files.namelist()):
            parts = name.split("/")  # images_background/Greek/character01/0394_01.png
            if len(parts) != 4 or parts[1] not in ALPHABETS or not name.endswith(".png"):
                continue
            if (character := f"{parts[1]}/{parts[2]}") not in classes:
                classes.append(character)
            pixels = cv2.imdecode(np.frombuffer(files.read(name), np.uint8), cv2.IMREAD_GRAYSCALE)
            if pixels is None:
                raise DownloadError(f"{name} of Omniglot is not a picture. Delete the download and try again.")
            pictures.append(255 - pixels)
            numbers.append(len(classes) - 1)
            drawers.append(int(name[-6:-4]))
    return _to_npz(
        x=np.array(pictures, np.uint8),
        y=np.array(numbers, np.int16),
        classes=np.array(classes),
        drawer=np.array(drawers, np.int8),
    )


# Quick, Draw!


def _make_bitmaps(url: str) -> bytes:
    """3,000 of Google's bitmaps of a word as an npz of `x`. Downloads only their part of the .npy file."""
    header = io.BytesIO(_fetch(url, span=(0, NPY_HEADER)))
    try:
        np.lib.format.read_magic(header)
        (count, pixels), _, kind = np.lib.format.read_array_header_1_0(header)
    except (ValueError, EOFError) as error:
        raise DownloadError(f"{url} is not in its published format: {error}.") from error
    if (pixels, kind) != (28 * 28, np.uint8):
        raise DownloadError(f"{url} is not in its published format: {pixels} of {kind} a drawing, not 784 of uint8.")
    first = max(0, min(BITMAPS_FROM, count - DRAWINGS_PER_WORD))
    rows = min(DRAWINGS_PER_WORD, count)
    content = _fetch(url, span=(header.tell() + first * pixels, rows * pixels))
    if len(content) != rows * pixels:
        raise DownloadError(f"{url} ended after {len(content):,} bytes of {rows * pixels:,}. Try again.")
    return _to_npz(x=np.frombuffer(content, np.uint8).reshape(rows, 28, 28))


def _to_npz(**arrays: np.ndarray) -> bytes:
    stored = io.BytesIO()
    np.savez_compressed(stored, allow_pickle=False, **arrays)
    return stored.getvalue()
