"""Limits on image files, checked before an image is decoded.

A file of 5 MB can keep a decoder busy for minutes although its width and height are small: a PNG of a million chunks,
or a progressive JPEG that goes over its pixels a hundred thousand times. Cameras and programs write no such files.
"""

from __future__ import annotations

import struct

from PIL import Image

MAX_IMAGE_BYTES = 5_000_000
MAX_IMAGE_PIXELS = 16_000_000
# These kinds take longest to decode, so they may have fewer pixels.
MAX_COSTLY_PIXELS = {"WEBP": 8_400_000, "alpha": 6_000_000, "WEBP alpha": 4_200_000}
MAX_IMAGE_SIDE = 12_000  # pixels; a strip of one row costs far more to decode than a square of as many pixels
MAX_PIECES = 5_000  # chunks of a PNG, or segments before the pixels of a JPEG; a PNG of 5 MB in 1 KB chunks has as many
MAX_SCANNED_PIXELS = 200_000_000  # pixels times passes; cameras write progressive JPEGs of about ten passes

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_START_OF_SCAN = b"\xff\xda"  # marks the start of one pass over the pixels of a JPEG
_TOO_COSTLY = "The image file has an unusual structure that takes too long to read. Save it again with another program."


class ImageError(ValueError):
    """An image that cannot be used. `code` is stable; the text says what is wrong and what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def check_file(data: bytes) -> None:
    """Check a file before it is opened.

    Raises ImageError `image_too_large` for a file above 5 MB and `invalid_image` for one of too many pieces.
    """
    if len(data) > MAX_IMAGE_BYTES:
        raise ImageError(
            "image_too_large",
            f"The image file has {len(data):,} bytes; the limit is {MAX_IMAGE_BYTES:,}. Save it smaller.",
        )
    if has_too_many_pieces(data):
        raise ImageError("invalid_image", _TOO_COSTLY)


def check_size(image: Image.Image, data: bytes) -> None:
    """Check an opened image, whose header is read and whose pixels are not.

    Raises ImageError `image_too_large` for too many pixels and `invalid_image` for a JPEG of too many passes.
    """
    width, height = image.size
    kind = f"{image.format if image.format == 'WEBP' else ''} {'alpha' if image.has_transparency_data else ''}".strip()
    most = MAX_COSTLY_PIXELS.get(kind, MAX_IMAGE_PIXELS)
    if width * height > most or max(width, height) > MAX_IMAGE_SIDE:
        raise ImageError(
            "image_too_large",
            f"The image has {width} x {height} pixels; the limit is {most:,} pixels and {MAX_IMAGE_SIDE:,} on one "
            "side. Save it smaller.",
        )
    if has_too_many_passes(data, width * height):
        raise ImageError("invalid_image", _TOO_COSTLY)


def has_too_many_pieces(data: bytes) -> bool:
    """Whether a PNG has more than 5,000 chunks, or a JPEG more than 5,000 segments before its pixels."""
    if not data.startswith(_PNG):
        return data.startswith(_JPEG) and _has_too_many_segments(data)
    offset, count = len(_PNG), 0
    while offset + 8 <= len(data) and count <= MAX_PIECES:
        # A chunk is 4 bytes of length, 4 of type, the content, and 4 of checksum.
        offset += 12 + struct.unpack_from(">I", data, offset)[0]
        count += 1
    return count > MAX_PIECES


def has_too_many_passes(data: bytes, pixels: int) -> bool:
    """Whether a JPEG of this many pixels goes over them more often than the limit allows.

    The start-of-scan marker cannot occur inside of the compressed pixels, so counting it in the bytes is enough.
    """
    return data.startswith(_JPEG) and data.count(_START_OF_SCAN) * pixels > MAX_SCANNED_PIXELS


def _has_too_many_segments(data: bytes) -> bool:
    offset, count = len(_JPEG), 0
    while offset + 4 <= len(data) and count <= MAX_PIECES:
        count += 1
        if data[offset] != 0xFF or data[offset + 1] in (0x00, 0xFF):  # any number of filling bytes is allowed
            offset += 1
        elif data[offset + 1] == _START_OF_SCAN[1]:  # the pixels begin
            break
        else:
            # A segment is 2 bytes of marker, then 2 of length, which count themselves, and the content.
            offset += 2 + struct.unpack_from(">H", data, offset + 2)[0]
    return count > MAX_PIECES
