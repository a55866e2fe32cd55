"""Check the labels of a manifest, with their further names and codes.

A label has a `slug`, a `glyph` and a `name`, and may have a `prompt`, `names` (further names that people search for),
`looks_like`, labels of other recognizers that are drawn in the same way (`"digits/0"` for an O), and `codes`, what
people copy to use the symbol elsewhere:

    {"latex": [{"code": "\\\\pm", "package": "", "mode": "math"}], "typst": ["plus.minus"], "html": ["&plusmn;"],
     "unicode": [{"character": "±", "code_point": "U+00B1", "name": "PLUS-MINUS SIGN"}]}

Each list may be missing; the first entry of a list is the one that "copy" takes. `package` is the LaTeX package that
the command needs, "" for none, and `mode` says where it can be written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TEXTS = ("slug", "glyph", "name")
OPTIONAL = ("prompt", "names", "looks_like", "codes")
LABEL_KEYS = (*TEXTS, *OPTIONAL)
MODES = ("math", "text", "both")  # of LaTeX
CODE_POINTS = re.compile(r"U\+[0-9A-F]{4,6}( U\+[0-9A-F]{4,6})*")  # several for a sequence of characters
OTHER_LABEL = re.compile(r"[\w-]+/[\w-]+", re.ASCII)  # the slugs of a recognizer and of its label
MAX_ENTRIES = 50  # of a list
MAX_LENGTH = 200  # characters of a name or a code


def label_problem(label: object) -> str:
    """What is wrong with a label of a manifest and what to do; empty if nothing is wrong."""
    if not isinstance(label, Mapping) or not all(isinstance(label.get(key), str) for key in TEXTS):
        return f"A label needs the texts slug, glyph and name: {label!r}."
    name = f"The label {label['slug']!r}"
    if not isinstance(label.get("prompt", ""), str):
        return f"{name} has a prompt that is not a text: {label['prompt']!r}."
    if not _is_list_of(_is_text, label.get("names", [])):
        return f"{name} has names that are not a list of up to {MAX_ENTRIES} texts: {label['names']!r}."
    if not _is_list_of(_is_other_label, label.get("looks_like", [])):
        return f'{name} has looks_like that is no list of texts as "digits/0": {label["looks_like"]!r}.'
    codes = label.get("codes", {})
    if not isinstance(codes, Mapping):
        return f"{name} has codes that are not an object: {codes!r}."
    wrong = [kind for kind, entries in codes.items() if kind not in CODES or not _is_list_of(CODES[kind], entries)]
    return f"{name} has codes that are not valid: {', '.join(map(str, wrong))}. See ml/bundles/labels.py." * bool(wrong)


def copy_label(label: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a label that a manifest has, in one order; empty optional parts are left out."""
    return {key: label[key] for key in LABEL_KEYS if key in TEXTS or label.get(key)}


def first_codes(codes: Mapping[str, Any]) -> dict[str, str]:
    """The code of each kind that "copy" takes: the first command, the first character, and so on."""
    keys = {"latex": "code", "unicode": "character"}
    return {kind: entries[0][keys[kind]] if kind in keys else entries[0] for kind, entries in codes.items() if entries}


def _is_list_of(check: Any, value: object) -> bool:
    return isinstance(value, list) and len(value) <= MAX_ENTRIES and all(map(check, value))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_LENGTH and value.isprintable()


def _is_other_label(value: object) -> bool:
    return _is_text(value) and OTHER_LABEL.fullmatch(str(value)) is not None


def _is_latex(entry: object) -> bool:
    if not isinstance(entry, Mapping) or {*entry} != {"code", "package", "mode"}:
        return False
    package = entry["package"]
    return _is_text(entry["code"]) and entry["mode"] in MODES and (package == "" or _is_text(package))


def _is_unicode(entry: object) -> bool:
    if not isinstance(entry, Mapping) or {*entry} != {"character", "code_point", "name"}:
        return False
    if not _is_text(entry["name"]) or not isinstance(entry["character"], str) or not entry["character"]:
        return False
    points = " ".join(f"U+{ord(character):04X}" for character in entry["character"])
    return entry["code_point"] == points and CODE_POINTS.fullmatch(points) is not None


CODES = {"latex": _is_latex, "typst": _is_text, "unicode": _is_unicode, "html": _is_text}
"""The kinds of codes, and what an entry of each must be."""
