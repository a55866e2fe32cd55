"""Fetch the public originals of the data sets into the cache folder, once, and check what came.

Each file of the data folder that can be had from its publisher has a maker here. What was published
with a checksum is compared with it as it arrives; `ml.datasets` compares the content once more.
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
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
QMNIST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
PEN_DIGITS = "https://archive.ics.uci.edu/static/public/81/pen+based+recognition+of+handwritten+digits.zip"
OMNIGLOT = "https://github.com/brendenlake/omniglot/raw/master/python/images_background.zip"
QUICK_DRAW = "https://storage.googleapis.com/quickdraw_dataset/full/simplified/"

OMNIGLOT_MD5 = "68d2efa1b9178cc56df9314c21c6e718"
QMNIST_MD5 = {"train": "0058f8dd561b90ffdd0f734c6a30e5e4", "test": "5b5b05890a5e13444e108efe57b788aa"}
QMNIST_WRITER = 2  # column of its label files: the NIST number of who wrote the digit
ALPHABETS = (
    "Balinese", "Early_Aramaic", "Greek", "Japanese_(katakana)", "Korean", "Latin", "Sanskrit", "Tagalog",
)  # fmt: skip
DRAWINGS_PER_WORD = 1_000  # of the 100,000 and more of a Quick, Draw! word
TIMEOUT = 60  # seconds without an answer


class DownloadError(RuntimeError):
    """A file that could not be fetched; the text says which and why."""


def cache_folder() -> Path:
    """`INKLING_CACHE`, or `inkling` in the user's cache folder."""
    if named := os.environ.get("INKLING_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inkling"


def download(path: str) -> Path:
    """Make `path` (as in the data folder) in the cache folder from its public original; DownloadError if not."""
    name = path.rpartition("/")[2]
    if path.startswith("mnist/") and path.endswith(".gz"):
        content = _fetch(MNIST + name)
    elif path == "mnist/writers.npz":
        content = _writers()
    elif path == "pendigits/pendigits.jsonl.gz":
        content = gzip.compress("\n".join(parse_unipen(_pen_digits())).encode())
    elif path == "omniglot_small/omniglot_small.npz":
        content = pack_characters(_fetch(OMNIGLOT, md5=OMNIGLOT_MD5))
    elif path.startswith("quickdraw/strokes/"):
        word = name.removesuffix(".jsonl.gz").replace(" ", "%20")
        content = gzip.compress(_fetch(f"{QUICK_DRAW}{word}.ndjson", lines=DRAWINGS_PER_WORD))
    else:
        raise DownloadError(f"{path} cannot be fetched from its publisher by itself.")
    return _keep(content, cache_folder() / path)


def _fetch(url: str, *, md5: str = "", lines: int = 0) -> bytes:
    """The bytes of a public file, or its first `lines` lines."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 (the addresses above)
            content = b"".join(answer.readline() for _ in range(lines)) if lines else answer.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise DownloadError(f"{url} cannot be fetched ({error}). Check the network and try again.") from error
    actual = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 and actual != md5:
        raise DownloadError(f"{url} has md5 {actual}, published was {md5}. Try again later.")
    return bytes(content)


def _keep(content: bytes, place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    part.write_bytes(content)
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


def _npz(**arrays: np.ndarray) -> bytes:
    stored = io.BytesIO()
    np.savez_compressed(stored, allow_pickle=False, **arrays)
    return stored.getvalue()
