"""Find the label that a word of a file or of a command means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

SEPARATORS = re.compile(r"(?<=[^\s_-])[\s_-]+(?=[^\s_-])")  # between words: the hyphen of -7 is none


class LabelNames(NamedTuple):
    """The words for a label. The glyph may be empty."""

    slug: str
    name: str
    glyph: str


def label_names(labels: Iterable[Mapping[str, str]]) -> tuple[LabelNames, ...]:
    """The names of labels as a manifest or `recognizer.json` has them."""
    return tuple(LabelNames(label["slug"], label["name"], label["glyph"]) for label in labels)


@lru_cache(4096)
def find_labels(word: str, labels: tuple[LabelNames, ...], *, prefer_slug: bool = False) -> tuple[int, ...]:
    """The indices of the labels that a word means: one; none if it is unknown; several if it is ambiguous.

    A word means the labels whose slug, name or glyph it is exactly. Only if there are none, it may differ in upper and
    lower case, and in the spaces, hyphens and underscores between words: "Alarm clock" is alarm-clock, but "C++" is not
    c. With `prefer_slug`, a word that is a slug means that label alone, also if another label has it as its name: files
    that Inkling writes name labels by their slugs.
    """
    word = _exact(word)
    if not word:
        return ()
    slugs = tuple(index for index, label in enumerate(labels) if label.slug == word) if prefer_slug else ()
    exact = slugs or tuple(index for index, label in enumerate(labels) if word in map(_exact, label))
    simple = _simplify(word)
    return exact or tuple(index for index, label in enumerate(labels) if simple in map(_simplify, label))


def _exact(text: str) -> str:
    """The text without spaces around it, in the one form of Unicode's equivalent ones."""
    return normalize("NFC", text.strip())


def _simplify(text: str) -> str:
    return SEPARATORS.sub("-", _exact(text).lower())  # casefold() would make "ss" of "ß"
