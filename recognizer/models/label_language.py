"""The language of a short text, for the `lang` attribute: browsers choose fonts and voices by it."""

from __future__ import annotations

from functools import lru_cache

# First and last character of a script, and the language that most often uses it.
_SCRIPTS = (
    ("\u0370", "\u03ff", "el"),
    ("\u0400", "\u04ff", "ru"),
    ("\u0590", "\u05ff", "he"),
    ("\u0600", "\u06ff", "ar"),
    ("\u0900", "\u097f", "hi"),
    ("\u0980", "\u09ff", "bn"),
    ("\u0b80", "\u0bff", "ta"),
    ("\u0e00", "\u0e7f", "th"),
    ("\u3040", "\u30ff", "ja"),
    ("\uac00", "\ud7af", "ko"),
    ("\u4e00", "\u9fff", "zh"),
)


@lru_cache(maxsize=1_024)  # labels are few, and a page asks for each of them for each drawing
def language_of(text: str) -> str:
    """The language code of a text whose first letter is not Latin; else an empty text."""
    first = next((letter for letter in text if letter.isalnum()), "")
    return next((code for low, high, code in _SCRIPTS if low <= first <= high), "")
