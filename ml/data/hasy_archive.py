"""Make the file of HASYv2 from its published archive."""

from __future__ import annotations

import csv
import io
import tarfile

import cv2
import numpy as np

from ml.data.fetch import DownloadError

HASY_LABELS, HASY_SIDE = "hasy-data-labels.csv", 32


def pack_hasy(archive: bytes) -> dict[str, np.ndarray]:
    """HASYv2's archive (tar.bz2) as arrays: x (packed bits), y, user, symbols. Raises DownloadError if it has none."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        contents = {member.name.split("/")[-1]: member for member in files if member.isfile()}
        if HASY_LABELS not in contents:
            raise DownloadError(f"HASYv2 has no {HASY_LABELS} in its archive.")
        rows = list(csv.DictReader(io.StringIO(_read(files, contents[HASY_LABELS]).decode("utf-8"))))
        pictures = [_read_bits(files, contents[row["path"].split("/")[-1]]) for row in rows]
    symbols = list(dict.fromkeys(row["latex"] for row in rows))
    places = {symbol: place for place, symbol in enumerate(symbols)}
    return {
        "x": np.packbits(pictures, axis=2),
        "y": np.array([places[row["latex"]] for row in rows], np.int16),
        "user": np.array([int(row["user_id"]) for row in rows]).astype(np.int16),  # 16 bits tell them apart
        "symbols": np.array(symbols),
    }


def _read(files: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = files.extractfile(member)
    return opened.read() if opened else b""


def _read_bits(files: tarfile.TarFile, member: tarfile.TarInfo) -> np.ndarray:
    """The ink of a picture, black on white: bool (32, 32)."""
    pixels = cv2.imdecode(np.frombuffer(_read(files, member), np.uint8), cv2.IMREAD_GRAYSCALE)
    if pixels is None or pixels.shape != (HASY_SIDE, HASY_SIDE):
        raise DownloadError(f"{member.name} of HASYv2 is not a picture of {HASY_SIDE} x {HASY_SIDE} pixels.")
    ink: np.ndarray = pixels < 128
    return ink
