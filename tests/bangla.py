"""What a Bangla page may have in Latin letters, and where it has something else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Names of products, programs and formats, as Bangla texts write them.
NAMES = {
    *("Inkling", "GitHub", "Chrome", "Edge", "Firefox", "Safari", "Python", "JavaScript", "TensorFlow", "Keras"),
    *("LiteRT", "NumPy", "OpenAPI", "WebP", "Quick", "Draw", "ndjson", "Standard", "Webhooks", "bhmsds", "Berlin"),
    *("LaTeX", "Typst", "Unicode"),
    *("null", "true", "ready", "failed", "accepted", "relabelled", "rejected", "undone"),  # values of the API
}
_WORD = re.compile(r"[A-Za-z][A-Za-z_'’]*")
_ADDRESS = re.compile(r"\S*(?:@|://|\.[a-z]{2,3}\b|_)\S*")  # of e-mail, pages, files, and names in code
_NUMBER = re.compile(r"[^A-Za-z]*[0-9][^A-Za-z]*")
_SIGN = re.compile("[0-9] (?=শূন্য|এক|দুই|তিন|চার|পাঁচ|ছয়|সাত|আট|নয়)")  # as its button shows it, before its name
_AS_IT_IS = {"code", "kbd", "pre", "samp", "script", "style", "textarea", "template"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_SPOKEN = {"alt", "aria-label", "aria-description", "aria-roledescription", "placeholder", "title"}


def latin_words(text: str) -> list[str]:
    """The words in Latin letters that are neither names, acronyms nor parts of addresses."""
    words = _WORD.findall(_ADDRESS.sub(" ", text))
    return [word for word in words if word not in NAMES and not (word.isupper() or len(word) == 1)]


class _Texts(HTMLParser):
    """Collects the texts of a page that are not marked as code or as English."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.spoken: list[str] = []  # in attributes
        self._kept: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        language = values.get("lang")
        kept = bool(self._kept) or tag in _AS_IT_IS or language not in (None, "bn") or values.get("translate") == "no"
        if not kept:
            spoken = [value or "" for name, value in attrs if name in _SPOKEN or name.startswith("data-text-")]
            if tag == "meta" and values.get("name") == "description":
                spoken.append(values.get("content") or "")
            self.spoken += spoken
        if kept and tag not in _VOID:
            self._kept.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._kept and self._kept.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._kept:
            self.shown.append(data)


def untranslated(page: str) -> list[str]:
    """The texts of the page's HTML with words that are not Bangla, and those it shows with numbers that are not."""
    texts = _Texts()
    texts.feed(page)
    found = [text for text in texts.shown + texts.spoken if latin_words(text)]
    spoken = [_SIGN.sub("", text) for text in texts.spoken]
    found += [text for text in texts.shown + spoken if any(map(_NUMBER.fullmatch, text.split()))]
    return [" ".join(text.split()) for text in found]
