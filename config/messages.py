"""`python -m config.messages` brings the catalogues in locale/ up to date with the texts of the site.

Babel reads Python; the functions here read Django's templates and shipped bundles (babel.cfg says where). GNU gettext
is not needed. docs/bangla.md says how to translate.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = {code: ROOT / "locale" / code / "LC_MESSAGES" / "django.po" for code in ("bn", "en")}
_KEYWORDS = "gettext_lazy gettext_noop ngettext_lazy:1,2 pgettext_lazy:1c,2 npgettext_lazy:1c,2,3"


def collect(language: str) -> Catalog:
    """All texts of the site that this language needs: for English the names of labels in Bangla only.

    Bangla needs them, too: Django looks in the English catalogue for what the Bangla one lacks.
    """
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = DEFAULT_KEYWORDS | parse_keywords(_KEYWORDS.split())
    found = extract_from_dir(ROOT, methods, options, keywords, comment_tags=["Translators:"])
    catalog = Catalog()
    for file_name, line, message, comments, context in found:
        is_bangla = context == "label" and isinstance(message, str) and not message.isascii()
        if is_bangla or language != "en":
            catalog.add(message, locations=[(file_name, line)], auto_comments=comments, context=context)
    return catalog


def update() -> None:
    """Add new texts to each catalogue, without a translation, and remove those that are no longer used."""
    for language, path in CATALOGUES.items():
        text = path.read_bytes()
        header, _blank_line, _messages = text.partition(b"\n\n")  # Babel would write the time and the version into it
        catalog = read_po(BytesIO(text), locale=language)
        catalog.update(collect(language), no_fuzzy_matching=True, update_creation_date=False)
        written = BytesIO()
        write_po(written, catalog, width=0, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
        path.write_bytes(header + b"\n\n" + written.getvalue())


def extract_template(
    file: IO[bytes], keywords: dict[str, Any], comment_tags: Collection[str], options: Any
) -> Iterator[Any]:
    """What `extract_python` gives for the template: line, function, messages and comments of each message.

    `templatize` turns a template into calls of gettext with all else replaced by X; Python does not care for X, but
    for the blanks before a line.
    """
    code = templatize(file.read().decode())
    lines = (line.lstrip() for line in code.split("\n"))
    return extract_python(BytesIO("\n".join(lines).encode()), keywords, comment_tags, options)


def extract_bundle(
    file: IO[bytes], keywords: dict[str, Any], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Any]:
    """The words of a bundle's manifest that pages show: its title, prompt, tests and labels.

    `recognizer.models.label_language` looks them up.
    """
    manifest = json.load(file)
    found = [("recognizer", manifest.get("title")), ("prompt", manifest.get("prompt"))]
    found += [("test", name) for name in manifest.get("metrics", {})]
    # Symbols with LaTeX commands keep their English names: people look for them by these.
    labels = [label for label in manifest["labels"] if "latex" not in label.get("codes", {})]
    found += [("label", label.get(field)) for label in labels for field in ("name", "prompt")]
    for context, words in found:
        if words:
            yield 1, "pgettext", [context, words], []


if __name__ == "__main__":
    update()
