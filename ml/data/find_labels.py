"""Find the label that a word of a file or of a command means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import normalize

SEPARATORS = re.compile(r"(?<=[^\s_-])[\s_-]+(?=[^\s_-])")  # between words: the hyphen of -7 is none


class LabelNames(NamedTuple):
    """The words for a label. The glyph may be empty, and most labels have no further names and codes."""

    slug: str
    name: str
    glyph: str
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """What `code_words` says of its codes."""


def label_names(labels: Iterable[Mapping[str, Any]]) -> tuple[LabelNames, ...]:
    """The names of labels as a manifest or `recognizer.json` has them."""
    return tuple(
        LabelNames(
            slug=label["slug"],
            name=label["name"],
            glyph=label["glyph"],
            names=tuple(label.get("names", ())),
            codes=tuple(code_words(label.get("codes", {}))),
        )
        for label in labels
    )


def code_words(codes: Mapping[str, Any]) -> Iterator[str]:
    """What a person may write for the codes of a label: commands, characters, code points, names of characters."""
    for entry in codes.get("latex", ()):
        yield entry["code"]
    yield from codes.get("typst", ())
    for entry in codes.get("unicode", ()):
        yield from (entry["character"], entry["code_point"], entry["name"])
    yield from codes.get("html", ())


@lru_cache(4096)
def find_labels(word: str, labels: tuple[LabelNames, ...], *, prefer_slug: bool = False) -> tuple[int, ...]:
    """The indices of the labels that a word means: one; none if it is unknown; several if it is ambiguous.

    A word means the labels whose slug, name or glyph it is exactly; if there are none, those that have it as a further
    name or in their codes: "\\pm" is plus-or-minus. Only if there are none either, it may differ in upper and lower
    case, and in the spaces, hyphens and underscores between words: "Alarm clock" is alarm-clock, but "C++" is not c.
    Codes must be exact: "\\delta" is not "\\Delta". With `prefer_slug`, a word that is a slug means that label alone,
    also if another label has it as its name: files that Inkling writes name labels by their slugs.
    """
    word = _exact(word)
    if not word:
        return ()
    slugs = tuple(index for index, label in enumerate(labels) if label.slug == word) if prefer_slug else ()
    exact = slugs or _indices(labels, lambda label: word in map(_exact, label[:3]))
    further = exact or _indices(labels, lambda label: word in map(_exact, (*label.names, *label.codes)))
    simple = _simplify(word)
    named = further or _indices(labels, lambda label: simple in map(_simplify, label[:3]))
    return named or _indices(labels, lambda label: simple in map(_simplify, label.names))


def _indices(labels: tuple[LabelNames, ...], fits: Callable[[LabelNames], bool]) -> tuple[int, ...]:
    return tuple(index for index, label in enumerate(labels) if fits(label))


def _exact(text: str) -> str:
    """The text without spaces around it, in the one form of Unicode's equivalent ones."""
    return normalize("NFC", text.strip())


def _simplify(text: str) -> str:
    return SEPARATORS.sub("-", _exact(text).lower())  # casefold() would make "ss" of "ß"
