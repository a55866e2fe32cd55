"""Bundles for tests: the digits model with other labels, so that the answers are known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from ml.bundles.bundle import Bundle, with_glyphs
from ml.bundles.glyphs import Glyph, write_glyphs

NAMES = ("শূন্য", "এক", "দুই", "তিন", "চার", "পাঁচ", "ছয়", "সাত", "আট", "নয়")
NUMERALS = tuple(zip("০১২৩৪৫৬৭৮৯", NAMES, strict=True))
WORDS = ("ring", "line", "swan", "bird", "chair", "hook", "snail", "alarm clock", "bowtie", "balloon")  # as 0 to 9 look
SHAPES = ("ellipse", "line", "squiggle", "spiral", "diamond", "zigzag", "moon", "arrow", "cross", "circle")  # the same
SYMBOLS = (
    ("circ", "∘", "circle", ""), ("mid", "∣", "divides", ""), ("sim", "∼", "similar", ""), ("omega", "ω", "omega", ""),
    ("forall", "∀", "for all", ""), ("int", "∫", "integral", ""), ("partial", "∂", "partial", ""),
    ("curvearrowright", "↷", "curved arrow right", "amssymb"), ("infty", "∞", "infinity", ""),
    ("pm", "±", "plus or minus", ""),
)  # fmt: skip
GLYPHS = write_glyphs({"curvearrowright": Glyph(10, 8, "M0 8V4Q0 0 4 0H8")}, "Drawn for a test; no font.")
MORE_WORDS = (
    *("airplane", "apple", "arm", "banana", "bicycle", "book", "cat", "diamond", "dog", "ear", "eye", "face", "fish"),
    *("flower", "hand", "house", "leg", "nose", "pig", "tree"),
)


def without_training_files(bundle: Bundle) -> Bundle:
    """The same model for predictions, without training weights and replay pack."""
    keras = b"..."
    sums = {"tflite": bundle.manifest["sha256"]["tflite"], "keras": hashlib.sha256(keras).hexdigest()}
    return Bundle({**bundle.manifest, "sha256": sums}, bundle.tflite, keras)


def bangla_digits(bundle: Bundle) -> Bundle:
    """Digits with Bangla glyphs and names."""
    labels = [{"slug": str(at), "glyph": glyph, "name": name} for at, (glyph, name) in enumerate(NUMERALS)]
    return with_labels(bundle, "bangla-digits", labels, title="Bangla digits", prompt="How do you write {glyph}?")


def sketches(bundle: Bundle) -> Bundle:
    """Words without glyphs."""
    return with_labels(bundle, "sketches", map(label_of_word, WORDS), title="Sketches", prompt="Draw {name}")


def maths(bundle: Bundle) -> Bundle:
    """Mathematical symbols with codes and shapes; it reads a 7 as an arrow."""
    return with_glyphs(with_labels(bundle, "maths", map(coded_label, SYMBOLS), title="Symbols"), GLYPHS)


def shapes(bundle: Bundle) -> Bundle:
    """Shapes, whose answers have figures; it reads a 0 as an ellipse, a 1 as a line and a 7 as an arrow."""
    return with_labels(bundle, "shapes", map(label_of_word, SHAPES), title="Shapes", prompt="Draw {name}")


def coded_label(symbol: tuple[str, str, str, str]) -> dict[str, Any]:
    """The label of a symbol: its slug, its character, its name, and the package that its LaTeX command needs."""
    slug, character, name, package = symbol
    return {
        "slug": slug,
        "glyph": character,
        "name": name,
        "names": [f"{name} sign"],
        "codes": {
            "latex": [{"code": f"\\{slug}", "package": package, "mode": "math"}],
            "typst": [name.replace(" ", ".")],
            "unicode": [{"character": character, "code_point": f"U+{ord(character):04X}", "name": name.upper()}],
            "html": [f"&#x{ord(character):X};"],
        },
    }


def label_of_word(name: str) -> dict[str, str]:
    """The label of a word."""
    article = "an" if name[0] in "aeiou" else "a"
    return {"slug": name.replace(" ", "-"), "glyph": "", "name": name, "prompt": f"{article} {name}"}


def with_labels(bundle: Bundle, slug: str, labels: Iterable[dict[str, Any]], **manifest: Any) -> Bundle:
    """The same model with another name and labels, without its title, prompt and model card."""
    kept = {key: value for key, value in bundle.manifest.items() if key not in ("title", "prompt", "card")}
    told = {**kept, "recognizer": slug, "labels": list(labels), **manifest}
    return Bundle(told, bundle.tflite, bundle.keras, bundle.rehearsal)
