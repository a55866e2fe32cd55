"""Bodies that nobody sends by accident: broken, huge, deep, not numbers, odd letters, pictures that are bombs.

Each is one request of the API that has to be refused with a clear 4xx. They are made from a seed, the same each time.
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

from PIL import Image

from tests.ink import SEVEN

PREDICT, BATCH, DRAWINGS = "/api/v1/predict", "/api/v1/predict/batch", "/api/v1/drawings"
JSON = "application/json"
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Attack:
    """One request: what it tries, and what is sent."""

    name: str
    path: str
    body: bytes = field(repr=False)
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


Maker = Callable[[random.Random], Attack]


def attacks(count: int, seed: int = 7) -> Iterator[Attack]:
    """So many of them; each kind comes up, the costly ones less often."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    kinds = [kind for kind, weight in KINDS for _ in range(weight)]
    first = [kind for kind, _weight in KINDS]
    for number in range(count):
        yield (first[number] if number < len(first) else chance.choice(kinds))(chance)


def _where(chance: random.Random) -> str:
    return chance.choice([PREDICT, DRAWINGS])


def _json(name: str, chance: random.Random, body: Any) -> Attack:
    return Attack(name, _where(chance), json.dumps(body).encode())


# Bodies


def broken(chance: random.Random) -> Attack:
    """Cut off somewhere."""
    whole = json.dumps({"recognizer": "digits", "ink": SEVEN}).encode()
    return Attack("broken", chance.choice([PREDICT, DRAWINGS, BATCH]), whole[: chance.randrange(len(whole))])


def noise(chance: random.Random) -> Attack:
    """Any bytes."""
    return Attack("noise", _where(chance), b"\x00" + chance.randbytes(chance.randrange(2000)))


def squeezed(chance: random.Random) -> Attack:
    """What would be a hundred megabytes once it is unpacked."""
    packed = _zeros_packed()
    return Attack("squeezed", _where(chance), packed, JSON, {"Content-Encoding": "gzip"})


@cache
def _zeros_packed() -> bytes:
    return zlib.compress(b"0" * 100_000_000, 9)[:200_000]


def huge(chance: random.Random) -> Attack:
    """More than is read."""
    size = chance.choice([270_000, 1_000_000, 6_000_000, 12_000_000])
    return Attack("huge", _where(chance), b'{"recognizer": "digits", "ink": "' + b"7" * size + b'"}')


def deep(chance: random.Random) -> Attack:
    """Brackets in brackets."""
    depth = chance.choice([100, 900, 5_000, 60_000, 120_000])
    opened, closed = chance.choice([(b"[", b"]"), (b'{"a":', b"}")])
    depth = min(depth, 250_000 // len(opened + closed) - 20)
    return Attack(
        "deep", _where(chance), b'{"recognizer":"digits","ink":' + opened * depth + b"1" + closed * depth + b"}"
    )


def no_number(chance: random.Random) -> Attack:
    """What is no number, or none that anybody could draw."""
    value = chance.choice(
        ["NaN", "Infinity", "-Infinity", "1e999", "-1e400", "9" * 5000, "1e7", "1" + "0" * 300, "--1"]
    )
    return Attack("no number", _where(chance), f'{{"recognizer":"digits","ink":[[[1,{value}],[2,3]]]}}'.encode())


LETTERS = [
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


def letters(chance: random.Random) -> Attack:
    """Odd letters where a name should stand."""
    odd = chance.choice(LETTERS)
    bodies: list[Any] = [
        {"recognizer": odd, "ink": SEVEN},
        {"recognizer": "digits", "ink": odd},
        {"recognizer": "digits", "image": odd},
        {"recognizer": "digits", "ink": [[[1, odd], [1, 2]]]},
        {"recognizer": "digits", "ink": SEVEN, "personal": odd},
        {odd: odd},
    ]
    return _json("letters", chance, chance.choice(bodies))


def not_utf8(chance: random.Random) -> Attack:
    """Letters in no encoding that JSON has."""
    odd = chance.choice([b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80"])
    return Attack("not UTF-8", _where(chance), b'{"recognizer":"' + odd + b'","ink":[[[1],[1]]]}')


VALUES: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, [[]], [None], {"a": 1}, [[[[1]]]], "NaN", 10**30]


def odd_types(chance: random.Random) -> Attack:
    """Each field as something else; never a drawing."""
    ink = chance.choice([value for value in VALUES if value is not None])
    body = {
        "recognizer": chance.choice(VALUES),
        "ink": ink,
        "id": chance.choice(VALUES),
        "as_of": chance.choice(VALUES),
    }
    return _json("odd types", chance, body)


def not_an_object(chance: random.Random) -> Attack:
    """A body that is no object."""
    return _json("not an object", chance, chance.choice([*VALUES[:7], [], [1], "x" * 1000]))


def too_much_ink(chance: random.Random) -> Attack:
    """Too many strokes, too many points, or strokes that do not fit together."""
    many = [[[1], [1]]] * chance.randrange(257, 9_000)
    long = [[[1] * 20_001, [1] * 20_001]]
    uneven = [[list(range(chance.randrange(2, 99))), [1]]]
    far = [[[chance.uniform(1.1e6, 1e300)], [1]]]
    ink = chance.choice([many, long, uneven, far, [[[1], [1], [1], [1]]], [[[], []]]])
    return _json("too much ink", chance, {"recognizer": "digits", "ink": ink})


def batches(chance: random.Random) -> Attack:
    """Many drawings at once, in a way that the whole is refused."""
    items: Any = chance.choice([None, [], {}, "x", 7, [{}] * 257, [{"ink": SEVEN}] * 300])
    body = {"recognizer": chance.choice(["digits", "runes", None]) if items else "digits", "items": items}
    return Attack("batches", BATCH, json.dumps(body).encode())


def huge_batch(chance: random.Random) -> Attack:
    """A batch beyond what is read."""
    return Attack("huge batch", BATCH, b'{"recognizer":"digits","items":["' + b"7" * 5_000_000 + b'"]}')


def odd_kind(chance: random.Random) -> Attack:
    """A body of a type that is not read."""
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
    return Attack("odd kind", _where(chance), b"<a/>" * chance.randrange(1, 999), chance.choice(kinds))


def forms(chance: random.Random) -> Attack:
    """Forms without an end, with too many parts, or with no line between them."""
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n1\r\n'
    many = b"".join(part % str(n).encode() for n in range(chance.randrange(1_001, 5_000))) + b"--x--\r\n"
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="' + b"a" * 100_000 + b'"\r\n\r\n'
    body = chance.choice([many, head, b"--x\r\nContent", part[:40], b"", b"--x--\r\n", chance.randbytes(500)])
    kind = chance.choice(
        ["multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 999]
    )
    return Attack("forms", _where(chance), body, kind)


# Pictures


def chunk(name: bytes, data: bytes) -> bytes:
    """A piece of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, pixels: bytes, *between: bytes, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG that says so of itself, whatever is in it."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return SIGNATURE + b"".join([chunk(b"IHDR", header), *between, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


@cache
def packed(size: int) -> bytes:
    """So many zeros, as small as they get."""
    squeezer = zlib.compressobj(9)
    pieces = [squeezer.compress(b"\0" * min(2**20, size - at)) for at in range(0, size, 2**20)]
    return b"".join(pieces) + squeezer.flush()


def encoded(form: str, side: int = 64, **more: Any) -> bytes:
    """A white picture of another format."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), "white").save(out, form, **more)
    return out.getvalue()


@cache
def _blank(form: str, side: int) -> bytes:
    return encoded(form, side)


def png_bomb(chance: random.Random) -> bytes:
    """A hundred megapixels and more, really in it; or much more than its header says."""
    sides = chance.choice([(10_000, 10_000), (60_000, 2_000), (4_001, 4_001)])
    return chance.choice([png(*sides, packed(100_000_000)), png(64, 64, packed(100_000_000))])


def png_text_bomb(chance: random.Random) -> bytes:
    """What is no pixel, packed a thousandfold."""
    inside = packed(100_000_000)
    pieces = [chunk(b"zTXt", b"Comment\0\0" + inside), chunk(b"iCCP", b"icc\0\0" + inside)]
    pieces.append(chunk(b"iTXt", b"Comment\0\1\0\0\0" + inside))
    return png(64, 64, zlib.compress(b"\0\xff" * 3_000), chance.choice(pieces))


def claims(chance: random.Random) -> bytes:
    """A header of a hundred megapixels, and nothing behind it."""
    side = chance.choice([(10_000, 10_000), (65_500, 65_500), (12_001, 1), (2**31 - 1, 2**31 - 1), (0, 0), (1, 2**31)])
    of_jpeg = _blank("JPEG", 64).replace(
        struct.pack(">HH", 64, 64), struct.pack(">HH", *(min(65_500, x) for x in side)), 1
    )
    of_bmp = bytearray(_blank("BMP", 64))
    of_bmp[18:26] = struct.pack("<II", *side)
    of_webp = b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0" * 4 + b"\xff\x3f\0" * 2
    return chance.choice(
        [png(*side, zlib.compress(b"\0" * 100)), of_jpeg if max(side) > 12_000 else b"", bytes(of_bmp), of_webp]
    )


def blank(chance: random.Random) -> bytes:
    """As large as is read, and nothing to be seen."""
    return _blank(chance.choice(["PNG", "JPEG", "WEBP"]), chance.choice([1, 64, 1_000, 2_898, 3_999]))


def cut_off(chance: random.Random) -> bytes:
    """Half a picture."""
    whole = _blank(chance.choice(["PNG", "JPEG", "WEBP", "BMP"]), 256)
    return whole[: chance.randrange(len(whole) // 2)]


def not_a_picture(chance: random.Random) -> bytes:
    """A document, an archive or a program that calls itself a picture."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    svg = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY l0 "ha">{laughs}]><svg>&l9;</svg>'.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 1_000_000)
    return chance.choice(
        [
            svg,
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            out.getvalue(),
            SIGNATURE + out.getvalue(),
            b"\xff\xd8\xff" + svg,
            b"%PDF-1.7" + chance.randbytes(99),
            b"\x7fELF" + chance.randbytes(99),
            b"GIF89a" + b"\xff" * 20,
            b"%!PS\n{} loop",
        ]
    )


def random_insides(chance: random.Random) -> bytes:
    """The first bytes of a picture, and then any."""
    heads = [
        SIGNATURE,
        b"\xff\xd8\xff\xe0",
        b"RIFF\xff\xff\xff\xffWEBPVP8L",
        b"BM",
        SIGNATURE + chunk(b"IHDR", b"\0" * 13),
    ]
    return chance.choice(heads) + chance.randbytes(chance.randrange(3_000))


def other_formats(chance: random.Random) -> bytes:
    """Pictures that are not read here."""
    return _blank(chance.choice(["GIF", "TIFF", "ICO", "PPM", "TGA", "JPEG2000"]), 64)


@cache
def _passes() -> bytes:
    out = io.BytesIO()
    Image.new("L", (3_999, 3_999), 255).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * ((4_000_000 - len(data)) // len(scan)) + b"\xff\xd9"


@cache
def _pieces() -> tuple[bytes, ...]:
    comments = b"\xff\xd8" + b"\xff\xfe\0\2" * 900_000 + _blank("JPEG", 64)[2:]
    chunks = [chunk(b"teXt", b"")] * 300_000
    nothings = png(64, 64, b"", *[chunk(b"IDAT", b"")] * 300_000)
    return comments, png(64, 64, zlib.compress(b"\0" * 5_000), *chunks), nothings


def busy(chance: random.Random) -> bytes:
    """Small in pixels or in bytes, and made to keep its reader busy."""
    return chance.choice([_passes(), *_pieces()])


def see_through(chance: random.Random) -> bytes:
    """As many pixels as are read at most, of the kinds that take longest."""
    form, mode = chance.choice([("PNG", "RGBA"), ("PNG", "LA"), ("WEBP", "RGBA"), ("PNG", "I;16"), ("PNG", "P")])
    return _plain(form, mode, chance.choice([3_999, 2_449, 2_049]))


@cache
def _plain(form: str, mode: str, side: int) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (side, side), {"RGBA": (255, 0, 0, 0), "LA": (255, 0)}.get(mode, 200)).save(out, form)
    return out.getvalue()


PICTURES = [
    busy,
    see_through,
    png_bomb,
    png_text_bomb,
    claims,
    blank,
    cut_off,
    not_a_picture,
    random_insides,
    other_formats,
]


def _handed_in(make: Callable[[random.Random], bytes]) -> Maker:
    def maker(chance: random.Random) -> Attack:
        data, name = make(chance), f"picture: {make.__name__.replace('_', ' ')}"
        way = chance.randrange(3)
        if way == 0 and len(data) < 180_000:
            url = chance.choice(["png", "jpeg", "webp", "svg+xml"])
            body = {"recognizer": "digits", "image": f"data:image/{url};base64,{base64.b64encode(data).decode()}"}
            return _json(name, chance, body)
        if way == 1:
            return Attack(name, f"{_where(chance)}?recognizer=digits", data, "image/png")
        head = b'--x\r\nContent-Disposition: form-data; name="recognizer"\r\n\r\ndigits\r\n'
        head += b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        return Attack(name, _where(chance), head + data + b"\r\n--x--\r\n", "multipart/form-data; boundary=x")

    return maker


KINDS: list[tuple[Maker, int]] = [
    *((kind, 20) for kind in (broken, noise, deep, no_number, letters, not_utf8, odd_types, not_an_object)),
    *((kind, 10) for kind in (too_much_ink, batches, odd_kind, forms)),
    *((kind, 2) for kind in (squeezed, huge, huge_batch)),
    *((_handed_in(make), 8) for make in PICTURES),
]
