"""Typeset LaTeX commands and return their outlines. Needs `latex` and `dvisvgm`, for which see docs/maths.md."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ml.symbols.outline import Outline, parse_path, rectangle

PATH = re.compile(r"<path d='([^']+)'/>")  # not the empty ones
RULE = re.compile(r"<rect x='([^']+)' y='([^']+)' height='([^']+)' width='([^']+)'/>")
TIMEOUT = 600  # seconds for one document; fonts without outlines are made on the first run

DOCUMENT = r"""\documentclass{article}
\usepackage[%s]{fontenc}
%s
\begin{document}
%s
\end{document}
"""


class TypesetError(RuntimeError):
    """A symbol that cannot be typeset. The text says which one and why."""


@dataclass(frozen=True)
class Symbol:
    """A LaTeX command of Detexify's list."""

    id: str
    command: str
    package: str
    fontenc: str
    mode: str


def read_symbols(file: Path) -> list[Symbol]:
    """The commands in a `symbols.json`."""
    return [Symbol(**{**entry, "package": entry["package"] or ""}) for entry in json.loads(file.read_text("utf-8"))]


def source_of(symbol: Symbol) -> str:
    """What is written in a document for a symbol. Detexify's list writes dashes with a backslash."""
    text = symbol.command
    if re.fullmatch(r"\\-+", text):
        text = text[1:]
    if text == r"\\":  # the list means the character, which a document writes in words
        text = r"\backslash"
    return f"${text}$" if symbol.mode == "math" else text


def typeset(symbols: Sequence[Symbol]) -> dict[str, Outline]:
    """The outline of each symbol, by its id. Raises TypesetError."""
    outlines: dict[str, Outline] = {}
    by_package = sorted(symbols, key=lambda symbol: (symbol.package, symbol.fontenc))
    for (package, fontenc), group in groupby(by_package, key=lambda symbol: (symbol.package, symbol.fontenc)):
        # One document for each package, because several of them define the same commands.
        outlines |= _typeset_group(list(group), package, fontenc)
    return {symbol.id: outlines[symbol.id] for symbol in symbols}


def _typeset_group(symbols: list[Symbol], package: str, fontenc: str) -> dict[str, Outline]:
    pages = [rf"\shipout\hbox{{{source_of(symbol)}}}" for symbol in symbols]
    use = rf"\usepackage{{{package}}}" if package and package != "latex2e" else ""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "symbols.tex").write_text(DOCUMENT % (fontenc, use, "\n".join(pages)), "utf-8")
        log = _run(["latex", "-interaction=nonstopmode", "symbols.tex"], folder)
        if wrong := re.findall(r"^! .*(?:\n.*){0,3}", log, re.MULTILINE):
            raise TypesetError(f"LaTeX cannot typeset the symbols of {package or 'no package'}: {wrong[0]}")
        options = ["--cache=none", "--page=1-", "--no-fonts=1", "--bbox=min", "--precision=3", "--output=%5p.svg"]
        _run(["dvisvgm", *options, "symbols.dvi"], folder)
        drawn = [_read_svg(file) for file in sorted(Path(folder).glob("*.svg"))]
    if len(drawn) != len(symbols):
        raise TypesetError(f"{len(symbols)} symbols of {package or 'no package'} gave {len(drawn)} pictures.")
    outlines = {symbol.id: outline for symbol, outline in zip(symbols, drawn, strict=True)}
    for symbol in [symbol for symbol in symbols if not outlines[symbol.id].paths]:
        if len(symbols) == 1:
            raise TypesetError(f"{symbol.id} shows nothing.")
        # dvisvgm 3.0.3 leaves out one character of stmaryrd where the document has many, and draws it alone.
        outlines |= _typeset_group([symbol], package, fontenc)
    return outlines


def _run(command: list[str], folder: str) -> str:
    """The output of a program, in whose folder its files are."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=TIMEOUT, check=False)  # noqa: S603
    except OSError as error:
        raise TypesetError(f"{command[0]} cannot be run ({error.strerror}). Install TeX and dvisvgm.") from error
    return done.stdout.decode("utf-8", "replace")


def _read_svg(file: Path) -> Outline:
    text = file.read_text("utf-8")
    rules = [tuple(map(float, found)) for found in RULE.findall(text)]
    return Outline(
        [parse_path(data) for data in PATH.findall(text)]
        + [rectangle(x, y, width, height) for x, y, height, width in rules]
    )


def find_tex_file(name: str) -> Path:
    """The path of a file of the TeX installation. Raises TypesetError if there is none."""
    path = _run(["kpsewhich", name], ".").strip()
    if not path:
        raise TypesetError(f"TeX does not find {name}. Install the packages of docs/maths.md.")
    return Path(path)
