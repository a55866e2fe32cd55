"""Bangla numerals on Bangla pages: Django translates words and dates, but no digits."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import get_language

_NUMERALS = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_AS_IT_IS = {"code", "kbd", "pre", "samp", "script", "style", "textarea"}
_TAG = re.compile(r"(<!--.*?-->|<[^>]*>)", re.DOTALL)
_ENTITY = re.compile(r"(&#?\w+;)")
_DIGIT = re.compile("[0-9]")
_WORD = re.compile(r"\S+")
_LATIN = re.compile("[A-Za-z]")
_NAME = re.compile(r"</?([a-zA-Z][\w-]*)")
_OTHER = re.compile(r'\s(?:lang="(?!bn")|translate="no")')
_SPOKEN = re.compile(r'(?<=\s)((?:alt|aria-(?:description|label|roledescription)|placeholder|title)=")([^"]+)(?=")')
_DESCRIPTION = re.compile(r'(?<=\s)((?:name|property)="(?:og:)?description" content=")([^"]+)(?=")')


def in_page_numerals(html: str) -> str:
    """A page, a part of one or a plain text with the numerals of the page's language."""
    return to_bangla_numerals(html) if get_language() == "bn" else html


def with_page_numerals(status: dict[str, Any]) -> dict[str, Any]:
    """A status for a script with the numerals of the page's language in its texts; the log stays as it is."""
    return {
        name: in_page_numerals(value) if isinstance(value, str) and name != "log" else value
        for name, value in status.items()
    }


def to_bangla_numerals(page: str) -> str:
    """The page with Bangla numerals in its texts and in the attributes that people read or hear, such as `aria-label`.

    Not in other attributes, code and scripts, in text that is in another language or marked with `translate="no"`, and
    in words with Latin letters, such as e-mail addresses.
    The page is well-formed HTML as our templates write it; `<` and `>` in texts and values are escaped.
    """
    parts = []
    kept: list[str] = []  # the open elements from the first one whose text stays as it is
    for part in _TAG.split(page):
        if part.startswith("<"):
            if not kept and _DIGIT.search(part) and not _OTHER.search(part):
                for attribute in (_SPOKEN, _DESCRIPTION):
                    part = attribute.sub(lambda found: found[1] + _in_text(found[2]), part)
            _follow(part, kept)
        elif not kept:
            part = _in_text(part)
        parts.append(part)
    return "".join(parts)


def _in_text(text: str) -> str:
    if not _DIGIT.search(text):
        return text
    pieces = _ENTITY.split(text)
    pieces[::2] = [_WORD.sub(_numerals_of, piece) for piece in pieces[::2]]
    return "".join(pieces)


def _numerals_of(word: re.Match[str]) -> str:
    return word[0] if _LATIN.search(word[0]) else word[0].translate(_NUMERALS)


def _follow(tag: str, kept: list[str]) -> None:
    """Note that an element that stays as it is, or an element inside one, was opened or closed."""
    found = _NAME.match(tag)
    if not found:
        return  # a comment or the document type
    name = found[1].lower()
    if tag.startswith("</"):
        while name in kept and kept.pop() != name:
            pass  # an element in it that needs no end tag
    elif name not in _VOID and not tag.endswith("/>") and (kept or name in _AS_IT_IS or _OTHER.search(tag)):
        kept.append(name)
