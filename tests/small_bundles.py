"""Recognizers to test the site with: the digits' model under other labels, so it is known how each reads what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from ml.bundles.bundle import Bundle

NAMES = ("শূন্য", "এক", "দুই", "তিন", "চার", "পাঁচ", "ছয়", "সাত", "আট", "নয়")
NUMERALS = tuple(zip("০১২৩৪৫৬৭৮৯", NAMES, strict=True))
WORDS = ("ring", "line", "swan", "bird", "chair", "hook", "snail", "alarm clock", "bowtie", "balloon")  # as 0 to 9 look
MORE_WORDS = (
    *("airplane", "apple", "arm", "banana", "bicycle", "book", "cat", "diamond", "dog", "ear", "eye", "face", "fish"),
    *("flower", "hand", "house", "leg", "nose", "pig", "tree"),
)


def for_answers(bundle: Bundle) -> Bundle:
    """The same model, answering alike, with three bytes in place of the trainer's weights and no rehearsal pack."""
    keras = b"..."
    sums = {"tflite": bundle.manifest["sha256"]["tflite"], "keras": hashlib.sha256(keras).hexdigest()}
    return Bundle({**bundle.manifest, "sha256": sums}, bundle.tflite, keras)


def bangla_digits(bundle: Bundle) -> Bundle:
    """Numerals with names of their own."""
    labels = [{"slug": str(at), "glyph": glyph, "name": name} for at, (glyph, name) in enumerate(NUMERALS)]
    return relabelled(bundle, "bangla-digits", labels, title="Bangla digits", prompt="How do you write {glyph}?")


def sketches(bundle: Bundle) -> Bundle:
    """Words without glyphs."""
    return relabelled(bundle, "sketches", map(word, WORDS), title="Sketches", prompt="Draw {name}")


def word(name: str) -> dict[str, str]:
    """A label that is a word."""
    article = "an" if name[0] in "aeiou" else "a"
    return {"slug": name.replace(" ", "-"), "glyph": "", "name": name, "prompt": f"{article} {name}"}


def relabelled(bundle: Bundle, slug: str, labels: Iterable[dict[str, str]], **manifest: Any) -> Bundle:
    """The same model under another name, without what is told of it."""
    kept = {key: value for key, value in bundle.manifest.items() if key not in ("title", "prompt", "card")}
    told = {**kept, "recognizer": slug, "labels": list(labels), **manifest}
    return Bundle(told, bundle.tflite, bundle.keras, bundle.rehearsal)
