"""Names of labels and recognizers in the language of the page, and the `lang` attribute of short texts."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import get_language, pgettext

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


def in_page_language(kind: str, words: str) -> str:
    """Words of a shipped recognizer in the language of the page; `kind` is label, prompt, recognizer or test.

    The words of the database are English or, as they need no translation, in the recognizer's own script. Those that
    no catalogue has stay as they are.
    """
    return pgettext(kind, words) if words else ""


def language_of(text: str) -> str:
    """The language code of a text for its `lang` attribute: empty for the language of the page.

    Browsers choose fonts and voices by it, and Bangla pages leave the digits of other languages as they are.
    """
    page = (get_language() or "en").partition("-")[0]
    language = _language_of_script(text)
    return "" if language == page else language


@lru_cache(maxsize=1_024)  # labels are few, and a page asks for each of them for each drawing
def _language_of_script(text: str) -> str:
    """The language that most often uses the script of the first letter or digit; English for all others."""
    first = next((letter for letter in text if letter.isalnum()), "")
    return next((code for low, high, code in _SCRIPTS if low <= first <= high), "en")
