"""Lets schemathesis send drawn pictures: thin lines, frames and several colours, which no schema can describe.

The body of a picture's address is one of them or random bytes; so is the `image` of half of the JSON bodies. A
recognizer that the schema made up is replaced by one that exists, otherwise hardly any picture would be read.
"""

from __future__ import annotations

import base64
import re
import zlib
from random import Random
from typing import Any

import schemathesis
from hypothesis import strategies

from tests.hostile import drawn_picture

RECOGNIZERS = ("digits", "bangla-digits", "sketches")
SLUG = re.compile(r"[a-z0-9-]+")


def picture(seed: int) -> bytes:
    """A PNG, JPEG or BMP; always the same for a seed."""
    return drawn_picture(Random(seed)).body  # noqa: S311


schemathesis.openapi.media_type(
    "application/octet-stream",
    strategies.one_of(strategies.integers(0, 2**32 - 1).map(picture), strategies.binary()),
)


@schemathesis.hook
def map_query(_context: schemathesis.HookContext, query: Any) -> Any:
    """The query with a recognizer that exists."""
    return {name: _recognizer(name, value) for name, value in query.items()} if isinstance(query, dict) else query


@schemathesis.hook
def map_body(_context: schemathesis.HookContext, body: Any) -> Any:
    """The body with a recognizer that exists, and a picture in place of half of the data URLs."""
    if isinstance(body, list):  # the items of a batch
        return [map_body(_context, item) for item in body]
    if not isinstance(body, dict):
        return body
    return {
        name: map_body(_context, value) if name == "items" else _image(_recognizer(name, value))
        for name, value in body.items()
    }


def _recognizer(name: str, value: Any) -> Any:
    is_slug = name == "recognizer" and isinstance(value, str) and SLUG.fullmatch(value)
    return RECOGNIZERS[len(value) % len(RECOGNIZERS)] if is_slug else value


def _image(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("data:image/"):
        return value
    seed = zlib.crc32(value.encode(errors="surrogatepass"))
    return f"data:image/png;base64,{base64.b64encode(picture(seed)).decode()}" if seed % 2 else value
