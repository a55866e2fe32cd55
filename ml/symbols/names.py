"""Slugs, names and codes of labels, from their LaTeX commands and Unicode characters."""

from __future__ import annotations

import html
import html.entities
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from ml.symbols.characters import CHANCERY, ROUNDHAND, character_of, descriptions
from ml.symbols.typeset import Symbol, source_of

MAX_NAME = 80  # characters, as in the site's database
# Packages in the order in which a command is taken first. The kernel of LaTeX has what textcomp had since 2020.
PACKAGES = (
    "", "latex2e", "amsmath", "amssymb", "latexsym", "textcomp", "mathrsfs", "dsfont", "bbold", "mathtools", "mathdots",
    "stmaryrd", "wasysym", "gensymb", "esint", "cmll", "upgreek", "marvosym", "tipa", "skull",
)  # fmt: skip
SELECTORS = ("\ufe0e", "\ufe0f", CHANCERY, ROUNDHAND)
ALPHABET_SLUGS = {"mathcal": "calligraphic", "mathscr": "script", "mathfrak": "fraktur"}
ALPHABET_SLUGS |= dict.fromkeys(("mathds", "mathbb"), "double-struck")
SIGN_SLUGS = {  # of commands that have no letters
    r"\&": "ampersand", r"\$": "dollar", r"\#": "hash", r"\{": "left-brace", r"\}": "right-brace", r"\%": "percent",
    r"\_": "underscore", "|": "vertical-bar", r"\|": "double-vertical-bar", "[": "left-bracket", "]": "right-bracket",
    "/": "slash", "!`": "inverted-exclamation-mark", r"\sqrt{}": "root", r"\c{c}": "c-cedilla", r"\--": "line",
    r"\---": "line", r"\----": "line",
}  # fmt: skip
# Labels that merge several commands are named after the first of these, if they have one.
FIRST = (
    r"\--",
    r"\backslash",
    r"\cdot",
    r"|",
    r"\|",
    r"\circ",
    r"\dots",
    r"\sum",
    r"\prod",
    r"\coprod",
    r"\triangle",
    r"\nabla",
)
SHORTER = (
    (r"^mathematical ", ""), (r"^greek small letter ", ""), (r"^greek capital letter ", "capital "),
    (r"^latin small letter ", ""), (r"^latin capital letter ", "capital "), (r"^latin letter ", ""),
    (r"^greek (\w+) symbol$", r"\1 symbol"), (r"^modifier letter ", ""), (r"^cyrillic small letter ", ""),
    (r"(fraktur|script|double-struck) small ", r"\1 "), (r"^black-letter ", "fraktur "),
)  # fmt: skip


def sort_symbols(symbols: Sequence[Symbol]) -> list[Symbol]:
    """The commands of a label, the one that people copy first: it needs no package, or a usual one, and is short."""

    def order(symbol: Symbol) -> tuple[Any, ...]:
        first = FIRST.index(symbol.command) if symbol.command in FIRST else len(FIRST)
        encoding = symbol.fontenc == "T1"
        return first, PACKAGES.index(symbol.package), encoding, len(symbol.command), symbol.command

    return sorted(symbols, key=order)


def make_label(symbols: Sequence[Symbol], typst: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The label of these commands (`ml.bundles.labels`). `typst` has the names in Typst of each character."""
    symbols = sort_symbols(symbols)
    characters = list(dict.fromkeys(filter(None, map(character_of, symbols))))
    names = list(dict.fromkeys(_names(symbols, characters)))
    codes = {
        "latex": _latex(symbols),
        "typst": list(dict.fromkeys(name for each in characters for name in typst.get(_plain(each), ()))),
        "unicode": [_unicode(each) for each in characters],
        "html": [entity_of(each) for each in characters],
    }
    return {
        "slug": slug_of(symbols[0]),
        "glyph": _plain(characters[0]) if characters else "",
        "name": names[0],
        "names": names[1:],
        "codes": {kind: entries for kind, entries in codes.items() if entries},
    }


def slug_of(symbol: Symbol) -> str:
    """The slug of a command: its letters, with its capitals in words."""
    if symbol.command in SIGN_SLUGS:
        return SIGN_SLUGS[symbol.command]
    if found := re.fullmatch(r"\\(math\w+)\{(\w)\}", symbol.command):
        case = "capital-" * found[2].isupper()
        return f"{ALPHABET_SLUGS[found[1]]}-{case}{found[2].lower()}"
    name = re.sub(r"[^A-Za-z]+", "-", symbol.command).strip("-")
    name = re.sub(r"[A-Z]{2,}", r"-capitals-\g<0>", name)
    return (
        re.sub(r"(?<!-)[A-Z]", r"-capital-\g<0>", re.sub(r"(?<=-)[A-Z]+", lambda run: run[0].lower(), name))
        .lower()
        .strip("-")
    )


def _names(symbols: Sequence[Symbol], characters: Sequence[str]) -> Iterator[str]:
    """The name of a label first, then others."""
    yield from (_spoken(character)[:MAX_NAME] for character in characters)
    for symbol in symbols:
        yield re.sub(r"[^A-Za-z]+", " ", symbol.command).strip().removeprefix("text") or source_of(symbol)
    for character in characters:
        yield from filter(None, (full_name(character), descriptions().get(_plain(character), "")))


def _spoken(character: str) -> str:
    """The Unicode name without what is not said."""
    name = full_name(character)
    for pattern, replacement in SHORTER:
        name = re.sub(pattern, replacement, name)
    if character[-1] == CHANCERY:  # of a letter, or of a relation
        return name.replace("script", "calligraphic", 1) if "script" in name else f"{name}, variant"
    return name


def full_name(character: str) -> str:
    """The Unicode names of the characters in small letters, without those that choose a form."""
    return " ".join(unicodedata.name(each, "").lower() for each in _plain(character))


def _plain(character: str) -> str:
    """The character without the sign that chooses one of its forms."""
    return character.rstrip("".join(SELECTORS))


def _latex(symbols: Sequence[Symbol]) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = []
    for symbol in symbols:
        package = {"latex2e": "", "": "fontenc" if symbol.fontenc == "T1" else ""}.get(symbol.package, symbol.package)
        entry = {"code": source_of(symbol).strip("$") or symbol.command, "package": package, "mode": symbol.mode}
        if symbol.command == r"\$":
            entry["code"] = symbol.command
        if not any({**entry, "package": other["package"]} == other for other in entries):  # the kernel's is enough
            entries.append(entry)
    return entries


def _unicode(character: str) -> dict[str, str]:
    return {
        "character": character,
        "code_point": " ".join(f"U+{ord(each):04X}" for each in character),
        "name": " + ".join(unicodedata.name(each) for each in character),
    }


def entity_of(character: str) -> str:
    """The HTML entity of a character: of HTML 4, else the shortest of HTML 5, else its number."""
    plain = _plain(character)
    if len(plain) == 1 and ord(plain) in html.entities.codepoint2name:
        return f"&{html.entities.codepoint2name[ord(plain)]};"
    if named := _entities().get(plain):
        return f"&{min(named, key=lambda name: (len(name), name))}"
    return "".join(f"&#x{ord(each):X};" for each in plain)


@cache
def _entities() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, character in html.entities.html5.items():
        if name.endswith(";"):
            found.setdefault(character, []).append(name)
    return found


def read_typst(content: str) -> dict[str, list[str]]:
    """The names in Typst of each character, the shortest first, from the JSON that docs/maths.md makes with Typst.

    It has pairs of a name in `sym` and Typst's text of it: `symbol("+", ("minus", "±"), ...)`.
    """
    names: dict[str, list[str]] = {}
    for name, said in json.loads(content):
        base = re.match(r'symbol\(\s*"((?:[^"\\]|\\.)+)"', said)
        variants = re.findall(r'\("([a-z0-9.]+)",\s*"((?:[^"\\]|\\.)+)"', said)
        for variant, text in [*([("", base[1])] if base else []), *variants]:
            shown = re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), text)
            shown = re.sub(r"\\(.)", r"\1", shown)
            names.setdefault(_plain(shown), []).append(f"{name}.{variant}".strip("."))
    return {
        character: sorted(found, key=lambda each: (each.count("."), len(each))) for character, found in names.items()
    }
