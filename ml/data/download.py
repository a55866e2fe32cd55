"""Fetch the public originals of the data sets into the cache folder, once, and check what came.

Each file of the data folder that can be had from its publisher has a maker here. What was published
with a checksum is compared with it as it arrives; `ml.data.loaders` compares the content once more.
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
from typing import Any
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
QMNIST_WRITER = 2  # column of its label files: the NIST number of who wrote the digit
ALPHABETS = (
    "Balinese", "Early_Aramaic", "Greek", "Japanese_(katakana)", "Korean", "Latin", "Sanskrit", "Tagalog",
)  # fmt: skip
DRAWINGS_PER_WORD = 3_000  # of the 100,000 and more of a Quick, Draw! word
BITMAPS_FROM = 50_000  # where they begin in a word's file, so that they are of other drawings than the strokes
NPY_HEADER = 256  # bytes that hold the head of a .npy file
PARTIAL = 206  # the status of an answer that holds what was asked for of a file
TIMEOUT = 60  # seconds without an answer


class DownloadError(RuntimeError):
    """A file that could not be fetched; the text says which and why."""


def cache_folder() -> Path:
    """`INKLING_CACHE`, or `inkling` in the user's cache folder."""
    if named := os.environ.get("INKLING_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inkling"


def can_download(path: str) -> bool:
    """Whether a file of the data folder can be had from its publisher by a program."""
    return _maker(path) is not None


def download(path: str, into: Path | None = None) -> Path:
    """Make `path` (as in the data folder) in `into`, else the cache folder, from its public original.

    Raises DownloadError if it cannot be had or kept.
    """
    make = _maker(path)
    if make is None:
        raise DownloadError(f"{path} cannot be fetched from its publisher by itself. See: python -m ml data.")
    return _keep(make(), (into or cache_folder()) / path)


def _maker(path: str) -> Callable[[], bytes] | None:
    """What makes the content of a file of the data folder; None where nothing can."""
    folder, _, name = path.rpartition("/")
    word = quote(name.partition(".")[0])
    if folder == "mnist" and name.endswith(".gz"):
        return partial(_fetch, MNIST + name)
    makers: dict[str, Callable[[], bytes]] = {
        "mnist/writers.npz": _writers,
        "pendigits/pendigits.jsonl.gz": _pen_tracks,
        "omniglot_small/omniglot_small.npz": _characters,
        f"quickdraw/strokes/{name}": partial(_strokes, f"{QUICK_DRAW}{word}.ndjson"),
        f"quickdraw/bitmaps/{name}": partial(_bitmaps, f"{QUICK_DRAW_BITMAPS}{word}.npy"),
    }
    return makers.get(path)


def _fetch(url: str, *, md5: str = "", lines: int = 0, span: tuple[int, int] | None = None) -> bytes:
    """The bytes of a public file, its first `lines` lines, or those of a `span` (first, how many)."""
    try:
        with urllib.request.urlopen(_asking(url, span), timeout=TIMEOUT) as answer:  # noqa: S310 (the addresses above)
            content = _read(answer, lines, span)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise DownloadError(f"{url} cannot be fetched ({error}). Check the network and try again.") from error
    actual = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 and actual != md5:
        raise DownloadError(f"{url} has md5 {actual}, published was {md5}. Try again later.")
    return content


def _asking(url: str, span: tuple[int, int] | None) -> str | urllib.request.Request:
    if span is None:
        return url
    first, count = span
    return urllib.request.Request(url, headers={"Range": f"bytes={first}-{first + count - 1}"})  # noqa: S310


def _read(answer: Any, lines: int, span: tuple[int, int] | None) -> bytes:
    if span is None:
        return b"".join(answer.readline() for _ in range(lines)) if lines else bytes(answer.read())
    if getattr(answer, "status", PARTIAL) != PARTIAL:  # the whole file, from its beginning
        answer.read(span[0])
    return bytes(answer.read(span[1]))


def _keep(content: bytes, place: Path) -> Path:
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
    except OSError as error:
        raise DownloadError(f"{place} cannot be written ({error.strerror}). Name another folder.") from error
    return part.replace(place)


def _writers() -> bytes:
    """Who wrote each digit of MNIST, from QMNIST's labels: an npz of `train` (60,000) and `test` (10,000)."""
    parts = {
        part: read_writers(gzip.decompress(_fetch(f"{QMNIST}qmnist-{part}-labels-idx2-int.gz", md5=md5)))
        for part, md5 in QMNIST_MD5.items()
    }
    return _npz(train=parts["train"], test=parts["test"][:10_000])


def read_writers(labels: bytes) -> np.ndarray:
    """The writers, int16 (n,), of a QMNIST label file (idx of big-endian int32, n rows of 8 columns)."""
    rows, columns = np.frombuffer(labels, ">i4", 2, offset=4)
    return np.frombuffer(labels, ">i4", offset=12).reshape(rows, columns)[:, QMNIST_WRITER].astype(np.int16)


def _pen_tracks() -> bytes:
    return gzip.compress("\n".join(parse_unipen(_pen_digits())).encode())


def _pen_digits() -> str:
    """The original tracks of the 30 writers; a Unix `compress` file inside a zip."""
    with zipfile.ZipFile(io.BytesIO(_fetch(PEN_DIGITS))) as archive:
        packed = archive.read("pendigits-orig.tra.Z")
    try:
        done = subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError) as error:
        raise DownloadError(f"The pen digits cannot be unpacked ({error}). Install gzip.") from error
    return done.stdout.decode("ascii", "replace")


def parse_unipen(text: str) -> Iterator[str]:
    """JSON lines {"label", "writer", "drawing"} of a UNIPEN file, whose y points up.

    A digit is `.SEGMENT DIGIT ... "8"`, `.COMMENT 8 12 ...` (digit, writer, ...), then for each
    stroke `.PEN_DOWN`, lines of x and y, `.PEN_UP`.
    """
    for segment in text.split(".SEGMENT DIGIT")[1:]:
        label, writer = re.search(r'"(\d)"', segment), re.search(r"\.COMMENT\s+\d+\s+(\d+)", segment)
        if not label or not writer:
            raise DownloadError(f"The pen digits are not in their published form: {segment[:60]!r}.")
        strokes = []
        for part in segment.split(".PEN_DOWN")[1:]:
            points = [line.split() for line in part.split(".PEN_UP")[0].strip().splitlines()]
            strokes.append([[int(x) for x, _ in points], [-int(y) for _, y in points]])
        yield json.dumps({"label": label[1], "writer": f"train-{int(writer[1]):02d}", "drawing": strokes})


def _characters() -> bytes:
    return pack_characters(_fetch(OMNIGLOT, md5=OMNIGLOT_MD5))


def pack_characters(archive: bytes) -> bytes:
    """Omniglot's zip of PNG files (black on white) as an npz of the eight alphabets: x, y, classes, drawer."""
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
                raise DownloadError(f"{name} of Omniglot is no picture. Delete what was fetched and try again.")
            pictures.append(255 - pixels)
            numbers.append(len(classes) - 1)
            drawers.append(int(name[-6:-4]))
    return _npz(
        x=np.array(pictures, np.uint8),
        y=np.array(numbers, np.int16),
        classes=np.array(classes),
        drawer=np.array(drawers, np.int8),
    )


def _strokes(url: str) -> bytes:
    """The first drawings of a word of Quick, Draw!."""
    return gzip.compress(_fetch(url, lines=DRAWINGS_PER_WORD))


def _bitmaps(url: str) -> bytes:
    """Google's pictures of other drawings of a word, as an npz of `x`: from further back in its file."""
    head = io.BytesIO(_fetch(url, span=(0, NPY_HEADER)))
    try:
        np.lib.format.read_magic(head)
        (count, pixels), _, kind = np.lib.format.read_array_header_1_0(head)
    except (ValueError, EOFError) as error:
        raise DownloadError(f"{url} is not in its published form: {error}.") from error
    if (pixels, kind) != (28 * 28, np.uint8):
        raise DownloadError(f"{url} is not in its published form: {pixels} of {kind} a drawing, not 784 of uint8.")
    first = max(0, min(BITMAPS_FROM, count - DRAWINGS_PER_WORD))
    rows = min(DRAWINGS_PER_WORD, count)
    content = _fetch(url, span=(head.tell() + first * pixels, rows * pixels))
    if len(content) != rows * pixels:
        raise DownloadError(f"{url} broke off after {len(content):,} bytes of {rows * pixels:,}. Try again.")
    return _npz(x=np.frombuffer(content, np.uint8).reshape(rows, 28, 28))


def _npz(**arrays: np.ndarray) -> bytes:
    stored = io.BytesIO()
    np.savez_compressed(stored, allow_pickle=False, **arrays)
    return stored.getvalue()
