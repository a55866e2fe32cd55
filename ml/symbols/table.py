"""Make the table of labels of the recognizer `maths` and their shapes, from Detexify's list of LaTeX commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ml.bundles.glyphs import write_glyphs
from ml.symbols.groups import group_symbols
from ml.symbols.names import full_name, make_label, read_typst, slug_of, sort_symbols
from ml.symbols.shapes import compare_shapes
from ml.symbols.typeset import Symbol, typeset

UNITS = 80  # the longer side of a shape in glyphs.svg
ABOUT = (
    "Shapes of symbols, made with TeX from its fonts: Computer Modern and AMS fonts (SIL Open Font License 1.1), "
    "TIPA, St Mary's Road, wasy, esint, doublestroke, bbold, cmll, skull, European Computer Modern and RSFS (LaTeX "
    "Project Public License, public domain or free of conditions), marvosym and Adobe Symbol's Greek of upgreek (SIL "
    "Open Font License 1.1 and URW's, GPL with font exception)."
)


class Table(NamedTuple):
    """The labels, the ids of the commands of each, and their shapes."""

    labels: list[dict[str, Any]]
    commands: list[list[str]]
    glyphs: bytes


def make_table(symbols: Sequence[Symbol], typst: str) -> Table:
    """The table of these commands; `typst` is what `read_typst` reads. Raises TypesetError, or ValueError if two
    labels have one slug."""
    outlines = typeset(symbols)
    same = compare_shapes([outlines[symbol.id] for symbol in symbols])
    groups = [sort_symbols([symbols[index] for index in group]) for group in group_symbols(symbols, same)]
    groups.sort(key=lambda group: slug_of(group[0]))
    names = read_typst(typst)
    labels = [make_label(group, names) for group in groups]
    slugs = [label["slug"] for label in labels]
    if twice := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        raise ValueError(f"Several labels have one slug: {', '.join(twice)}.")
    _tell_apart(labels)
    shapes = {slug: outlines[group[0].id].glyph(UNITS) for slug, group in zip(slugs, groups, strict=True)}
    return Table(labels, [[symbol.id for symbol in group] for group in groups], write_glyphs(shapes, ABOUT))


def _tell_apart(labels: list[dict[str, Any]]) -> None:
    """Give labels that share a name with others the full Unicode name of their character, in place."""
    names = [label["name"] for label in labels]
    for label, name in zip(labels, names, strict=True):
        if names.count(name) > 1 and label["codes"].get("unicode"):
            full = full_name(label["codes"]["unicode"][0]["character"])
            label["names"] = [name, *(other for other in label["names"] if other != full)]
            label["name"] = full
