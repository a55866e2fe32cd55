"""The page of a report: sections of text, tables and pictures, in one HTML file."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ml.reporting.html.theme import Picture

STYLE = Path(__file__).with_name("page.css")
SCRIPTS = {"bn": re.compile(r"[ঀ-৿]")}  # languages that need their own font and voice of a screen reader
MIN_SCALE = 0.5  # to which a picture shrinks on a small screen; then it scrolls


@dataclass(frozen=True)
class Illustration:
    """A picture with its alternative text and an optional caption. `name` is its file name without .png."""

    name: str
    picture: Picture
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A section of the page. Its parts are HTML or pictures."""

    slug: str
    title: str
    parts: Sequence[str | Illustration]


def text(sentences: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{escape(sentences)}</p>"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table. The first column holds names, the others figures."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    lines = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cells(row: Sequence[object]) -> str:
    first, *others = (mark_language(str(cell)) for cell in row)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in others)


def mark_language(words: str) -> str:
    """Return the escaped text, with its language if the script shows it."""
    for language, letters in SCRIPTS.items():
        if letters.search(words):
            return f'<span lang="{language}">{escape(words)}</span>'
    return escape(words)


def folded(title: str, content: str) -> str:
    """Return content that is hidden until it is opened."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def tiles(figures: Sequence[tuple[str, str]]) -> str:
    """Return key figures, given as (name, value)."""
    parts = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in figures)
    return f'<dl class="tiles">{"".join(parts)}</dl>'


def page(title: str, about: str, sections: Sequence[Section]) -> str:
    """Return the whole HTML file. It needs no other file."""
    links = "".join(f'<li><a href="#{section.slug}">{escape(section.title)}</a></li>' for section in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE.read_text('utf-8')}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{escape(title)}</h1>\n<p>{escape(about)}</p>\n</header>\n"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main>\n'
        + "\n".join(_section(section) for section in sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    parts = "\n".join(_figure(part) if isinstance(part, Illustration) else part for part in section.parts)
    return f'<section id="{section.slug}">\n<h2>{escape(section.title)}</h2>\n{parts}\n</section>'


def _figure(shown: Illustration) -> str:
    picture = shown.picture
    least = round(picture.width * MIN_SCALE)
    caption = f"<figcaption>{escape(shown.caption)}</figcaption>" if shown.caption else ""
    return (
        '<figure><div class="scroll"><picture>'
        f'<source media="(prefers-color-scheme: dark)" srcset="{_data(picture.dark)}">'
        f'<img src="{_data(picture.light)}" alt="{escape(shown.alt)}" width="{picture.width}" '
        f'height="{picture.height}" style="min-width: {least}px">'
        f"</picture></div>{caption}</figure>"
    )


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
