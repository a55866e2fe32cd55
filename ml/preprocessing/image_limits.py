"""What a file of a picture would cost its reader, looked at before it is read.

Five megabytes can hold a million pieces that each have to be looked at, or a hundred thousand passes over all pixels of
a JPEG: minutes of work for a picture that looks harmless by its size. No camera and no program makes such files.
"""

from __future__ import annotations

import struct

MAX_IMAGE_BYTES = 5_000_000
MAX_IMAGE_PIXELS = 16_000_000
MAX_COSTLY_PIXELS = {"WEBP": 8_400_000, "alpha": 6_000_000, "WEBP alpha": 4_200_000}  # those that take longest
MAX_IMAGE_SIDE = 12_000  # pixels; a strip of one row costs its reader far more than a picture of as many pixels

MAX_PIECES = 5_000  # chunks of a PNG (one of 5 MB in pieces of 1 KB has as many), segments before the pixels of a JPEG
MAX_SCANNED = 200_000_000  # pixels times passes; progressive JPEGs of cameras take some ten passes

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_SCAN = 0xDA


def has_too_many_pieces(data: bytes) -> bool:
    """Whether already its table of contents is too long."""
    if data.startswith(_PNG):
        return _has_too_many_chunks(data)
    return data.startswith(_JPEG) and _has_too_many_segments(data)


def has_too_many_passes(data: bytes, pixels: int) -> bool:
    """Whether a JPEG of so many pixels goes over them again and again; the mark of a pass stands nowhere else in it."""
    return data.startswith(_JPEG) and data.count(b"\xff\xda") * pixels > MAX_SCANNED


def _has_too_many_chunks(data: bytes) -> bool:
    at, count = len(_PNG), 0
    while at + 8 <= len(data) and count <= MAX_PIECES:
        at += 12 + struct.unpack_from(">I", data, at)[0]
        count += 1
    return count > MAX_PIECES


def _has_too_many_segments(data: bytes) -> bool:
    """Those before the first pixels; between them may stand any number of filling bytes."""
    at, count = len(_JPEG), 0
    while at + 4 <= len(data) and count <= MAX_PIECES:
        count += 1
        if data[at] != 0xFF:
            at += 1
        elif data[at + 1] == _SCAN:
            break
        elif data[at + 1] in (0x00, 0xFF):
            at += 1
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return count > MAX_PIECES


class ImageError(ValueError):
    """A picture that cannot be used. `code` is stable, `str(error)` says what is wrong and what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
