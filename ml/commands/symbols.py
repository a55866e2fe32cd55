"""`python -m ml symbols`: make the table of labels of the recognizer `maths`, and their shapes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ml.commands.options import add_command
from ml.data.loaders import find_file
from ml.data.sources import SYMBOLS
from ml.recipes.maths import GLYPHS, TABLE
from ml.symbols.table import Table, make_table
from ml.symbols.typeset import read_symbols

TEXT = """Make the table of labels of the recognizer maths, and their shapes.

It typesets each LaTeX command of Detexify's list, merges commands of one shape or one character into one label, and
adds names and codes. It looks at no drawing. It needs TeX and dvisvgm (docs/maths.md)."""


def add(commands: Any) -> None:
    parser = add_command(commands, "symbols", symbols, TEXT, "--data-dir")
    parser.add_argument("--typst", type=Path, required=True, metavar="FILE", help="the symbols of Typst as JSON")


def symbols(options: argparse.Namespace) -> None:
    table = make_table(read_symbols(find_file(SYMBOLS, options.data_dir)), options.typst.read_text("utf-8"))
    TABLE.write_text(table_json(table), "utf-8")
    GLYPHS.write_bytes(table.glyphs)
    merged = [commands for commands in table.commands if len(commands) > 1]
    print(
        f"{TABLE}: {sum(map(len, table.commands)):,} commands, {len(table.labels):,} labels, of which "
        f"{len(merged):,} merge {sum(map(len, merged)):,} commands."
    )


def table_json(table: Table) -> str:
    """The table as JSON, a label a line, so that changes are easy to read."""
    rows = [
        json.dumps({**label, "commands": commands}, ensure_ascii=False)
        for label, commands in zip(table.labels, table.commands, strict=True)
    ]
    return "[\n" + ",\n".join(rows) + "\n]\n"
