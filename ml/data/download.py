"""Download the public originals of the data sets into a folder of data sets, and check them.

Each file of the data folder that a program can get from its publisher is made by a function here. A published checksum
is compared with the download. What has arrived when a connection breaks stays in a folder beside the file (`.parts`),
and the next attempt continues from there. The sha256 of each finished file is written into `SHA256SUMS` of the folder,
in the format of `sha256sum`, so that a later check also finds changes of files without a published checksum.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

import cv2
import numpy as np

from ml.data.fetch import BLOCK, DownloadError, Fetch, Received, RemoteFile, UnreachableError, fetch
from ml.data.hasy_archive import pack_hasy
from ml.data.sources import HASY, OTHER_WORDS, SKETCH_WORDS, SOURCES, TUBERLIN_WORDS

MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
QMNIST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
PEN_DIGITS = "https://archive.ics.uci.edu/static/public/81/pen+based+recognition+of+handwritten+digits.zip"
OMNIGLOT = "https://github.com/brendenlake/omniglot/raw/master/python/images_background.zip"
QUICK_DRAW = "https://storage.googleapis.com/quickdraw_dataset/full/simplified/"
QUICK_DRAW_WORDS = "https://raw.githubusercontent.com/googlecreativelab/quickdraw-dataset/master/categories.txt"
QUICK_DRAW_BITMAPS = "https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap/"
TUBERLIN = "https://cybertron.cg.tu-berlin.de/eitz/projects/classifysketch/sketches_png.zip"
HASY_ARCHIVE = "https://zenodo.org/record/259444/files/HASYv2.tar.bz2"

OMNIGLOT_MD5 = "68d2efa1b9178cc56df9314c21c6e718"
QMNIST_MD5 = {"train": "0058f8dd561b90ffdd0f734c6a30e5e4", "test": "5b5b05890a5e13444e108efe57b788aa"}
QMNIST_WRITER = 2  # the column of QMNIST's label files with the NIST number of the writer
ALPHABETS = (
    "Balinese", "Early_Aramaic", "Greek", "Japanese_(katakana)", "Korean", "Latin", "Sanskrit", "Tagalog",
)  # fmt: skip
PEN_DIGIT_COUNT = 7_494
DRAWINGS_PER_WORD = 3_000  # of the 100,000 and more of a Quick, Draw! word
DRAWINGS_PER_OTHER_WORD = 100
BITMAPS_FROM = 50_000  # the first bitmap taken of a word, so that its strokes and its bitmaps are different drawings
NPY_HEADER = 256  # bytes, more than the header of a .npy file has
TUBERLIN_SIDE = 128  # pixels; the originals have 1,111
CHECKSUMS = "SHA256SUMS"


def cache_folder() -> Path:
    """`INKLING_CACHE`, or `inkling` in the user's cache folder."""
    if named := os.environ.get("INKLING_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inkling"


def can_download(path: str) -> bool:
    """Whether a program can get this file of the data folder from its publisher."""
    return _find_maker(path) is not None


def publisher_of(path: str) -> str:
    """The host from which a program gets this file; empty if there is none."""
    folder = path.partition("/")[0]
    urls = {
        "mnist": MNIST,
        "pendigits": PEN_DIGITS,
        "omniglot_small": OMNIGLOT,
        "quickdraw": QUICK_DRAW,
        "maths": HASY_ARCHIVE,
    }
    url = QMNIST if path == "mnist/writers.npz" else urls.get(folder, TUBERLIN)
    return (urlsplit(url).hostname or "") if can_download(path) else ""


def download(path: str, into: Path | None = None, *, received: Received = lambda count: None) -> Path:
    """Make the file `path` of the data folder in `into`, else in the cache folder, from its public original.

    Returns the file; an older one is replaced. Raises DownloadError if it cannot be downloaded or written.
    """
    make = _find_maker(path)
    if make is None:
        raise DownloadError(f"{path} cannot be downloaded automatically. See: python -m ml data.")
    folder = into or cache_folder()
    file = folder / path
    parts = file.with_name(f"{file.name}.parts")
    try:
        parts.mkdir(parents=True, exist_ok=True)
        content = make(partial(fetch, parts, received))
        _check_is_published(path, content)
        whole = parts / "finished"  # renamed, so that a file is never seen half written
        whole.write_bytes(content)
        whole.replace(file)
        record_checksum(folder, path)
        shutil.rmtree(parts)
    except UnreachableError:
        raise
    except DownloadError:  # another attempt must not use what arrived
        shutil.rmtree(parts, ignore_errors=True)
        raise
    except (
        gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, ValueError, LookupError,
    ) as error:  # fmt: skip
        shutil.rmtree(parts, ignore_errors=True)
        raise DownloadError(f"The original of {path} is not in its published format ({error}).") from error
    except OSError as error:
        shutil.rmtree(parts, ignore_errors=True)
        raise DownloadError(
            f"{file} cannot be written ({error.strerror}). Choose another folder, or make this one writable."
        ) from error
    return file


def _check_is_published(path: str, content: bytes) -> None:
    """Raise DownloadError if there is a published checksum of this file and its content has another one."""
    published = next((source.files[path] for source in SOURCES.values() if path in source.files), "")
    if not published:
        return
    try:
        actual = hashlib.sha256(gzip.decompress(content) if path.endswith(".gz") else content).hexdigest()
    except (OSError, EOFError, zlib.error) as error:
        raise DownloadError(f"The download of {path} is not a gzip file ({error}). Try again later.") from error
    if actual != published:
        raise DownloadError(f"The download of {path} has sha256 {actual}, not the published {published}.")


# Checksums of what was downloaded


def recorded_checksums(folder: Path) -> dict[str, str]:
    """The sha256 of each file that was downloaded into the folder, by its path."""
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except OSError:  # most often it is not there
        return {}
    return {path: digest for digest, mark, path in (line.partition("  ") for line in lines) if mark}


def record_checksum(folder: Path, path: str) -> None:
    """Write the sha256 of a finished file into SHA256SUMS of the folder."""
    found = recorded_checksums(folder) | {path: hashlib.sha256((folder / path).read_bytes()).hexdigest()}
    part = folder / f"{CHECKSUMS}.{os.getpid()}.part"
    part.write_text("".join(f"{found[each]}  {each}\n" for each in sorted(found)), encoding="utf-8")
    part.replace(folder / CHECKSUMS)


# The publishers


def _find_maker(path: str) -> Callable[[Fetch], bytes] | None:
    """The function that makes the content of a file of the data folder; None if there is none."""
    folder, _, name = path.rpartition("/")
    word = quote(name.partition(".")[0])
    if folder == "mnist" and name.endswith(".gz"):
        return lambda fetch: fetch(MNIST + name)
    makers: dict[str, Callable[[Fetch], bytes]] = {
        "mnist/writers.npz": _make_mnist_writers,
        "pendigits/pendigits.jsonl.gz": _make_pen_tracks,
        "omniglot_small/omniglot_small.npz": lambda fetch: pack_characters(fetch(OMNIGLOT, md5=OMNIGLOT_MD5)),
        f"quickdraw/strokes/{name}": partial(_make_strokes, f"{QUICK_DRAW}{word}.ndjson"),
        f"quickdraw/bitmaps/{name}": partial(_make_bitmaps, f"{QUICK_DRAW_BITMAPS}{word}.npy"),
        OTHER_WORDS: _make_other_words,
        "tuberlin/body_parts.npz": _make_careful_sketches,
        HASY: lambda fetch: to_npz(**pack_hasy(fetch(HASY_ARCHIVE))),
    }
    return makers.get(path)


# MNIST


def _make_mnist_writers(fetch: Fetch) -> bytes:
    """The writer of each digit of MNIST, from QMNIST's labels: an npz of `train` (60,000) and `test` (10,000)."""
    parts = {
        part: read_writers(gzip.decompress(fetch(f"{QMNIST}qmnist-{part}-labels-idx2-int.gz", md5=md5)))
        for part, md5 in QMNIST_MD5.items()
    }
    return to_npz(train=parts["train"], test=parts["test"][:10_000])  # QMNIST's test part has 60,000


def read_writers(labels: bytes) -> np.ndarray:
    """The writers, int16 (n,), of a QMNIST label file (an idx file of big-endian int32, n rows of 8 columns)."""
    rows, columns = np.frombuffer(labels, ">i4", 2, offset=4)
    return np.frombuffer(labels, ">i4", offset=12).reshape(rows, columns)[:, QMNIST_WRITER].astype(np.int16)


# Pen digits


def _make_pen_tracks(fetch: Fetch) -> bytes:
    """The drawings of the 30 writers as JSON lines, from a Unix `compress` file inside of a zip."""
    with zipfile.ZipFile(io.BytesIO(fetch(PEN_DIGITS))) as archive:
        compressed = archive.read("pendigits-orig.tra.Z")
    try:  # Python cannot read `compress` files, gzip can
        done = subprocess.run(["gzip", "-dc"], input=compressed, capture_output=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError) as error:
        raise DownloadError(f"The pen digits cannot be unpacked ({error}). Install gzip.") from error
    rows = list(parse_unipen(done.stdout.decode("ascii", "replace")))
    if len(rows) != PEN_DIGIT_COUNT:
        raise DownloadError(f"The pen digits are {len(rows):,} drawings, not the published {PEN_DIGIT_COUNT:,}.")
    return gzip.compress("\n".join(rows).encode())


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
    return to_npz(
        x=np.array(pictures, np.uint8),
        y=np.array(numbers, np.int16),
        classes=np.array(classes),
        drawer=np.array(drawers, np.int8),
    )


# Quick, Draw!


def _make_strokes(url: str, fetch: Fetch) -> bytes:
    """The first 3,000 drawings of a word as gzipped JSON lines. Raises DownloadError for a line of another format."""
    content = fetch(url, lines=DRAWINGS_PER_WORD)
    for number, line in enumerate(content.splitlines(), 1):
        try:
            sound = {"drawing", "key_id"} <= json.loads(line).keys()
        except (ValueError, AttributeError):
            sound = False
        if not sound:
            raise DownloadError(f"{url} is not in its published format: line {number} is no drawing.")
    return gzip.compress(content)


def _make_bitmaps(url: str, fetch: Fetch) -> bytes:
    """3,000 of Google's bitmaps of a word as an npz of `x`."""
    return to_npz(x=_fetch_bitmaps(url, fetch, DRAWINGS_PER_WORD))


def _make_other_words(fetch: Fetch) -> bytes:
    """100 of Google's bitmaps of each word that the sketches do not have: an npz of x and y, the words."""
    words = sorted(set(fetch(QUICK_DRAW_WORDS).decode().split("\n")) - {"", *SKETCH_WORDS})
    urls = [f"{QUICK_DRAW_BITMAPS}{quote(word)}.npy" for word in words]
    bitmaps = [_fetch_bitmaps(url, fetch, DRAWINGS_PER_OTHER_WORD) for url in urls]
    return to_npz(x=np.concatenate(bitmaps), y=np.repeat(words, [len(each) for each in bitmaps]))


def _fetch_bitmaps(url: str, fetch: Fetch, most: int) -> np.ndarray:
    """Up to `most` of Google's bitmaps of a word, uint8 (n, 28, 28). Downloads only their part of the .npy file."""
    header = io.BytesIO(fetch(url, span=(0, NPY_HEADER)))
    try:
        np.lib.format.read_magic(header)
        (count, pixels), _, kind = np.lib.format.read_array_header_1_0(header)
    except (ValueError, EOFError) as error:
        raise DownloadError(f"{url} is not in its published format: {error}.") from error
    if (pixels, kind) != (28 * 28, np.uint8):
        raise DownloadError(f"{url} is not in its published format: {pixels} of {kind} a drawing, not 784 of uint8.")
    first = max(0, min(BITMAPS_FROM, count - most))
    rows = min(most, count)
    content = fetch(url, span=(header.tell() + first * pixels, rows * pixels))
    if len(content) != rows * pixels:
        raise DownloadError(f"{url} ended after {len(content):,} bytes of {rows * pixels:,}. Try again.")
    return np.frombuffer(content, np.uint8).reshape(rows, 28, 28)


# TU Berlin


def _make_careful_sketches(fetch: Fetch) -> bytes:
    """The sketches of seven words: an npz of x, uint8 (n, 128, 128), white on black, and y, the words.

    Only the needed parts of the zip of 500 MB are downloaded.
    """
    pictures, names = [], []
    with zipfile.ZipFile(io.BufferedReader(RemoteFile(TUBERLIN, fetch), BLOCK)) as archive:
        for word in TUBERLIN_WORDS:
            found = sorted(
                name for name in archive.namelist() if name.endswith(".png") and name.split("/")[-2:-1] == [word]
            )
            if not found:
                raise DownloadError(f"{TUBERLIN} has no sketches of {word}.")
            for name in found:
                pixels = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_GRAYSCALE)
                if pixels is None:
                    raise DownloadError(f"{name} of TU Berlin is not a picture. Try again later.")
                pictures.append(shrink(pixels, TUBERLIN_SIDE))
            names += [word] * len(found)
    return to_npz(x=np.stack(pictures), y=np.array(names))


def shrink(pixels: np.ndarray, side: int) -> np.ndarray:
    """A grey picture, uint8 (h, w), as white on black: uint8 (side, side)."""
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    return 255 - small if small.mean() > 127 else small


def to_npz(**arrays: np.ndarray) -> bytes:
    """The content of an npz file of these arrays."""
    stored = io.BytesIO()
    np.savez_compressed(stored, allow_pickle=False, **arrays)
    return stored.getvalue()
