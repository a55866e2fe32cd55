"""Read and write `glyphs.svg` of a bundle: the shape of each label that a font of the page may lack.

    <svg xmlns="http://www.w3.org/2000/svg"><metadata>font and licence</metadata>
    <symbol id="SLUG" viewBox="0 0 W H"><path d="..."/></symbol> ... </svg>

A page shows a shape with `<svg><use href=".../glyphs.svg#SLUG"/></svg>` in its own colour. Nothing else may be in the
file, because a site serves it from its own address: no scripts, no styles, no links.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html import escape, unescape
from typing import NamedTuple

GLYPHS_FILE = "glyphs.svg"
MAX_BYTES = 1_000_000

HEAD = re.compile(r'<svg xmlns="http://www\.w3\.org/2000/svg"><metadata>([^<>]*)</metadata>\n')
SYMBOL = re.compile(
    r'<symbol id="([a-z0-9]+(?:-[a-z0-9]+)*)" viewBox="0 0 \d+(?:\.\d)? \d+(?:\.\d)?">'
    r'<path d="[MLHVCSQTAZmlhvcsqtaz0-9 ,.-]+"/></symbol>\n'
)
TAIL = "</svg>\n"


class Glyph(NamedTuple):
    """One shape: the size of its box and the data of an SVG path, y pointing down."""

    width: int
    height: int
    path: str


def write_glyphs(glyphs: Mapping[str, Glyph], about: str) -> bytes:
    """The content of `glyphs.svg`: shapes by the slugs of their labels. `about` names the fonts and their licences."""
    symbols = [
        f'<symbol id="{slug}" viewBox="0 0 {glyph.width} {glyph.height}"><path d="{glyph.path}"/></symbol>\n'
        for slug, glyph in glyphs.items()
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg"><metadata>{escape(about, quote=False)}</metadata>\n'
    return "".join([head, *symbols, TAIL]).encode()


def about_glyphs(content: bytes) -> str:
    """What a `glyphs.svg` says about its fonts and their licences; empty if it says nothing."""
    head = HEAD.match(content.decode())
    return unescape(head[1]) if head else ""


def glyphs_problem(content: bytes, slugs: Collection[str]) -> str:
    """What is wrong with the content of a `glyphs.svg` for labels with these slugs; empty if nothing is wrong."""
    if len(content) > MAX_BYTES:
        return f"{GLYPHS_FILE} has {len(content):,} bytes; at most {MAX_BYTES:,} are allowed."
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return f"{GLYPHS_FILE} is not UTF-8: {error}."
    found = drawn_slugs(content)
    if not (head := HEAD.match(text)) or SYMBOL.sub("", text[head.end() :]) != TAIL:
        return f"{GLYPHS_FILE} has something else than symbols of one path (see ml/bundles/glyphs.py)."
    if unknown := [slug for slug in found if slug not in slugs]:
        return f"{GLYPHS_FILE} has shapes that no label has: {', '.join(unknown[:5])}."
    return f"{GLYPHS_FILE} has two shapes of one label." if len(set(found)) < len(found) else ""


def drawn_slugs(content: bytes) -> list[str]:
    """The slugs of the labels that have a shape in a valid `glyphs.svg`; none if the content is empty."""
    return SYMBOL.findall(content.decode())
