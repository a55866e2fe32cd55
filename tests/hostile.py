"""Hostile requests: broken, huge or deeply nested bodies, values of wrong types, and pictures that are bombs.

The API has to refuse each with a 4xx. Drawn pictures with thin lines, frames or several colours are between them: it
may answer those. All are made from a seed, so they are the same each time.
"""

from __future__ import annotations

import base64
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cv2
import numpy as np
from PIL import Image

from tests.ink import SEVEN

PREDICT, BATCH, DRAWINGS = "/api/v1/predict", "/api/v1/predict/batch", "/api/v1/drawings"
JSON = "application/json"
DRAWN = "drawn picture"
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Attack:
    """One request, and the name of what it tries."""

    name: str
    path: str
    body: bytes = field(repr=False)
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def may_be_answered(self) -> bool:
        """Whether it is a drawing, which is no reason for an error."""
        return self.name.startswith(DRAWN)


Maker = Callable[[random.Random], Attack]


def make_attacks(count: int, seed: int = 7) -> Iterator[Attack]:
    """The first `count` requests: one of each kind, then random kinds, the expensive ones less often."""
    rng = random.Random(seed)  # noqa: S311
    kinds = [kind for kind, weight in KINDS for _ in range(weight)]
    first = [kind for kind, _weight in KINDS]
    for number in range(count):
        yield (first[number] if number < len(first) else rng.choice(kinds))(rng)


def _address(rng: random.Random) -> str:
    return rng.choice([PREDICT, DRAWINGS])


def _json(name: str, rng: random.Random, body: Any) -> Attack:
    return Attack(name, _address(rng), json.dumps(body).encode())


# Bodies


def broken(rng: random.Random) -> Attack:
    """JSON that is cut off."""
    whole = json.dumps({"recognizer": "digits", "ink": SEVEN}).encode()
    return Attack("broken", rng.choice([PREDICT, DRAWINGS, BATCH]), whole[: rng.randrange(len(whole))])


def random_bytes(rng: random.Random) -> Attack:
    """Random bytes."""
    return Attack("noise", _address(rng), b"\x00" + rng.randbytes(rng.randrange(2000)))


def compressed(rng: random.Random) -> Attack:
    """A compressed body of a hundred megabytes."""
    packed = _zeros_packed()
    return Attack("squeezed", _address(rng), packed, JSON, {"Content-Encoding": "gzip"})


@cache
def _zeros_packed() -> bytes:
    return zlib.compress(b"0" * 100_000_000, 9)[:200_000]


def huge(rng: random.Random) -> Attack:
    """More bytes than the API reads."""
    size = rng.choice([270_000, 1_000_000, 6_000_000, 12_000_000])
    return Attack("huge", _address(rng), b'{"recognizer": "digits", "ink": "' + b"7" * size + b'"}')


def deep(rng: random.Random) -> Attack:
    """Deeply nested arrays or objects."""
    depth = rng.choice([100, 900, 5_000, 60_000, 120_000])
    opened, closed = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    depth = min(depth, 250_000 // len(opened + closed) - 20)
    return Attack(
        "deep", _address(rng), b'{"recognizer":"digits","ink":' + opened * depth + b"1" + closed * depth + b"}"
    )


def not_a_number(rng: random.Random) -> Attack:
    """A coordinate that is no number or too large."""
    value = rng.choice(["NaN", "Infinity", "-Infinity", "1e999", "-1e400", "9" * 5000, "1e7", "1" + "0" * 300, "--1"])
    return Attack("no number", _address(rng), f'{{"recognizer":"digits","ink":[[[1,{value}],[2,3]]]}}'.encode())


CHARACTERS = [
    "\u0000",
    "\ud800",
    "\u202e",
    "\U0001f4a5" * 10,
    "ﷺ" * 20,
    "İ",
    "٣",
    "a" * 10_000,
    "../../etc/passwd",
    "'; --",
    "\ufeff",
    "Z̷̩" * 50,
]


def odd_characters(rng: random.Random) -> Attack:
    """Unusual characters in place of names."""
    odd = rng.choice(CHARACTERS)
    bodies: list[Any] = [
        {"recognizer": odd, "ink": SEVEN},
        {"recognizer": "digits", "ink": odd},
        {"recognizer": "digits", "image": odd},
        {"recognizer": "digits", "ink": [[[1, odd], [1, 2]]]},
        {"recognizer": "digits", "ink": SEVEN, "personal": odd},
        {odd: odd},
    ]
    return _json("letters", rng, rng.choice(bodies))


def not_utf8(rng: random.Random) -> Attack:
    """Bytes that are not UTF-8."""
    odd = rng.choice([b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80"])
    return Attack("not UTF-8", _address(rng), b'{"recognizer":"' + odd + b'","ink":[[[1],[1]]]}')


VALUES: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, [[]], [None], {"a": 1}, [[[[1]]]], "NaN", 10**30]


def odd_types(rng: random.Random) -> Attack:
    """Fields of wrong types, without a drawing."""
    ink = rng.choice([value for value in VALUES if value is not None])
    body = {
        "recognizer": rng.choice(VALUES),
        "ink": ink,
        "id": rng.choice(VALUES),
        "as_of": rng.choice(VALUES),
    }
    return _json("odd types", rng, body)


def not_an_object(rng: random.Random) -> Attack:
    """JSON that is no object."""
    return _json("not an object", rng, rng.choice([*VALUES[:7], [], [1], "x" * 1000]))


def too_much_ink(rng: random.Random) -> Attack:
    """Too many strokes or points, or strokes whose lists differ in length."""
    many = [[[1], [1]]] * rng.randrange(257, 9_000)
    long = [[[1] * 20_001, [1] * 20_001]]
    uneven = [[list(range(rng.randrange(2, 99))), [1]]]
    far = [[[rng.uniform(1.1e6, 1e300)], [1]]]
    ink = rng.choice([many, long, uneven, far, [[[1], [1], [1], [1]]], [[[], []]]])
    return _json("too much ink", rng, {"recognizer": "digits", "ink": ink})


def batches(rng: random.Random) -> Attack:
    """Batches that are refused as a whole."""
    items: Any = rng.choice([None, [], {}, "x", 7, [{}] * 257, [{"ink": SEVEN}] * 300])
    body = {"recognizer": rng.choice(["digits", "runes", None]) if items else "digits", "items": items}
    return Attack("batches", BATCH, json.dumps(body).encode())


def huge_batch(rng: random.Random) -> Attack:
    """A batch with more bytes than the API reads."""
    return Attack("huge batch", BATCH, b'{"recognizer":"digits","items":["' + b"7" * 5_000_000 + b'"]}')


def other_content_types(rng: random.Random) -> Attack:
    """A Content-Type that the API does not read."""
    kinds = [
        "text/xml",
        "application/xml",
        "text/plain",
        "application/x-www-form-urlencoded",
        "a/b;" * 500,
        "",
        "é",
        "image/",
    ]
    return Attack("odd kind", _address(rng), b"<a/>" * rng.randrange(1, 999), rng.choice(kinds))


def broken_forms(rng: random.Random) -> Attack:
    """Multipart forms without an end, with too many parts or with a broken header."""
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n1\r\n'
    many = b"".join(part % str(n).encode() for n in range(rng.randrange(1_001, 5_000))) + b"--x--\r\n"
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="' + b"a" * 100_000 + b'"\r\n\r\n'
    body = rng.choice([many, head, b"--x\r\nContent", part[:40], b"", b"--x--\r\n", rng.randbytes(500)])
    kind = rng.choice(
        ["multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 999]
    )
    return Attack("forms", _address(rng), body, kind)


# Pictures


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, pixels: bytes, *between: bytes, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG with this size in its header, whatever `pixels` holds."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return SIGNATURE + b"".join([chunk(b"IHDR", header), *between, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


@cache
def zeros_compressed(size: int) -> bytes:
    """`size` zero bytes, compressed with zlib."""
    squeezer = zlib.compressobj(9)
    pieces = [squeezer.compress(b"\0" * min(2**20, size - at)) for at in range(0, size, 2**20)]
    return b"".join(pieces) + squeezer.flush()


def encoded(form: str, side: int = 64, **more: Any) -> bytes:
    """A white picture in a format of Pillow."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), "white").save(out, form, **more)
    return out.getvalue()


@cache
def _blank(form: str, side: int) -> bytes:
    return encoded(form, side)


def png_bomb(rng: random.Random) -> bytes:
    """A PNG of a hundred megapixels, or with more pixels than its header says."""
    sides = rng.choice([(10_000, 10_000), (60_000, 2_000), (4_001, 4_001)])
    return rng.choice([png(*sides, zeros_compressed(100_000_000)), png(64, 64, zeros_compressed(100_000_000))])


def png_text_bomb(rng: random.Random) -> bytes:
    """A PNG with a compressed text or colour profile of a hundred megabytes."""
    inside = zeros_compressed(100_000_000)
    pieces = [chunk(b"zTXt", b"Comment\0\0" + inside), chunk(b"iCCP", b"icc\0\0" + inside)]
    pieces.append(chunk(b"iTXt", b"Comment\0\1\0\0\0" + inside))
    return png(64, 64, zlib.compress(b"\0\xff" * 3_000), rng.choice(pieces))


def false_sizes(rng: random.Random) -> bytes:
    """A header that says a hundred megapixels, without the pixels."""
    side = rng.choice([(10_000, 10_000), (65_500, 65_500), (12_001, 1), (2**31 - 1, 2**31 - 1), (0, 0), (1, 2**31)])
    of_jpeg = _blank("JPEG", 64).replace(
        struct.pack(">HH", 64, 64), struct.pack(">HH", *(min(65_500, x) for x in side)), 1
    )
    of_bmp = bytearray(_blank("BMP", 64))
    of_bmp[18:26] = struct.pack("<II", *side)
    of_webp = b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0" * 4 + b"\xff\x3f\0" * 2
    return rng.choice(
        [png(*side, zlib.compress(b"\0" * 100)), of_jpeg if max(side) > 12_000 else b"", bytes(of_bmp), of_webp]
    )


def blank(rng: random.Random) -> bytes:
    """An empty picture, up to the largest size that is read."""
    return _blank(rng.choice(["PNG", "JPEG", "WEBP"]), rng.choice([1, 64, 1_000, 2_898, 3_999]))


def cut_off(rng: random.Random) -> bytes:
    """A picture file that is cut off."""
    whole = _blank(rng.choice(["PNG", "JPEG", "WEBP", "BMP"]), 256)
    return whole[: rng.randrange(len(whole) // 2)]


def not_a_picture(rng: random.Random) -> bytes:
    """A document, an archive or a program, sent as a picture."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    svg = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY l0 "ha">{laughs}]><svg>&l9;</svg>'.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 1_000_000)
    return rng.choice(
        [
            svg,
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            out.getvalue(),
            SIGNATURE + out.getvalue(),
            b"\xff\xd8\xff" + svg,
            b"%PDF-1.7" + rng.randbytes(99),
            b"\x7fELF" + rng.randbytes(99),
            b"GIF89a" + b"\xff" * 20,
            b"%!PS\n{} loop",
        ]
    )


def random_content(rng: random.Random) -> bytes:
    """The first bytes of a picture file, then random bytes."""
    heads = [
        SIGNATURE,
        b"\xff\xd8\xff\xe0",
        b"RIFF\xff\xff\xff\xffWEBPVP8L",
        b"BM",
        SIGNATURE + chunk(b"IHDR", b"\0" * 13),
    ]
    return rng.choice(heads) + rng.randbytes(rng.randrange(3_000))


def other_formats(rng: random.Random) -> bytes:
    """Picture formats that the API does not read."""
    return _blank(rng.choice(["GIF", "TIFF", "ICO", "PPM", "TGA", "JPEG2000"]), 64)


@cache
def many_scans() -> bytes:
    out = io.BytesIO()
    Image.new("L", (3_999, 3_999), 255).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * ((4_000_000 - len(data)) // len(scan)) + b"\xff\xd9"


@cache
def many_chunks() -> tuple[bytes, ...]:
    comments = b"\xff\xd8" + b"\xff\xfe\0\2" * 900_000 + _blank("JPEG", 64)[2:]
    chunks = [chunk(b"teXt", b"")] * 300_000
    nothings = png(64, 64, b"", *[chunk(b"IDAT", b"")] * 300_000)
    return comments, png(64, 64, zlib.compress(b"\0" * 5_000), *chunks), nothings


def slow_to_decode(rng: random.Random) -> bytes:
    """Small pictures or files that take long to decode."""
    return rng.choice([many_scans(), *many_chunks()])


def slow_modes(rng: random.Random) -> bytes:
    """The largest pictures in the modes that take longest to decode."""
    form, mode = rng.choice([("PNG", "RGBA"), ("PNG", "LA"), ("WEBP", "RGBA"), ("PNG", "I;16"), ("PNG", "P")])
    return _plain(form, mode, rng.choice([3_999, 2_449, 2_049]))


@cache
def _plain(form: str, mode: str, side: int) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (side, side), {"RGBA": (255, 0, 0, 0), "LA": (255, 0)}.get(mode, 200)).save(out, form)
    return out.getvalue()


PICTURES = [
    slow_to_decode,
    slow_modes,
    png_bomb,
    png_text_bomb,
    false_sizes,
    blank,
    cut_off,
    not_a_picture,
    random_content,
    other_formats,
]


def _sent_as(make: Callable[[random.Random], bytes]) -> Maker:
    def maker(rng: random.Random) -> Attack:
        data, name = make(rng), f"picture: {make.__name__.replace('_', ' ')}"
        way = rng.randrange(3)
        if way == 0 and len(data) < 180_000:
            url = rng.choice(["png", "jpeg", "webp", "svg+xml"])
            body = {"recognizer": "digits", "image": f"data:image/{url};base64,{base64.b64encode(data).decode()}"}
            return _json(name, rng, body)
        if way == 1:
            # A picture has an address of its own, and may be sent where drawings are.
            address = rng.choice([_address(rng), f"{PREDICT}/picture", "/api/v1/pictures"])
            kind = rng.choice(["image/png", "application/octet-stream"])
            return Attack(name, f"{address}?recognizer=digits", data, kind)
        head = b'--x\r\nContent-Disposition: form-data; name="recognizer"\r\n\r\ndigits\r\n'
        head += b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        return Attack(name, _address(rng), head + data + b"\r\n--x--\r\n", "multipart/form-data; boundary=x")

    return maker


def drawn_picture(rng: random.Random) -> Attack:
    """A shape of thin or thick lines in two colours, maybe in a frame, on any background, of any proportions."""
    height, width = (rng.choice([1, 2, 28, 100, 600, 1_500]) for _ in range(2))
    picture = np.full((height, width, 3), [rng.randrange(256) for _ in range(3)], np.uint8)
    for _ in range(rng.randrange(4)):
        colour = tuple(rng.randrange(256) for _ in range(3))
        ends = [(rng.randrange(width), rng.randrange(height)) for _ in range(2)]
        pen = rng.choice([1, 1, 2, max(1, min(height, width) // rng.choice([4, 8, 20]))])
        kind = rng.choice([cv2.LINE_8, cv2.LINE_AA])
        shapes: list[Callable[..., Any]] = [cv2.line, cv2.rectangle, _ellipse]
        rng.choice(shapes)(picture, *ends, colour, pen, kind)
    if rng.random() < 0.4:
        edge, colour = rng.randrange(4), tuple(rng.randrange(256) for _ in range(3))
        cv2.rectangle(picture, (edge, edge), (width - 1 - edge, height - 1 - edge), colour, rng.randrange(1, 7))
    form = rng.choice([".png", ".png", ".jpg", ".bmp"])
    body = cv2.imencode(form, picture)[1].tobytes()
    path = f"{PREDICT}/picture?recognizer=digits"
    return Attack(f"{DRAWN}: {form}", path, body, "application/octet-stream")


def _ellipse(picture: Any, first: Any, second: Any, colour: Any, pen: int, kind: int) -> None:
    axes = (abs(first[0] - second[0]) // 2, abs(first[1] - second[1]) // 2)
    centre = ((first[0] + second[0]) // 2, (first[1] + second[1]) // 2)
    cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, pen, kind)


KINDS: list[tuple[Maker, int]] = [
    *(
        (kind, 20)
        for kind in (broken, random_bytes, deep, not_a_number, odd_characters, not_utf8, odd_types, not_an_object)
    ),
    *((kind, 10) for kind in (too_much_ink, batches, other_content_types, broken_forms)),
    *((kind, 2) for kind in (compressed, huge, huge_batch)),
    *((_sent_as(make), 8) for make in PICTURES),
    (drawn_picture, 30),
]
