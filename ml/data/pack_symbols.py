"""Make the files of Detexify from the dump of its database."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.loaders import DatasetError, first_by_hash
from ml.data.sources import DETEXIFY, SYMBOLS

DUMP, LIST = "detexify.sql.gz", "symbols.json"  # Detexify's files: a dump of PostgreSQL, and the list of commands
DRAWINGS_PER_COMMAND = 46
SIDE = 1_000  # the longer side of a drawing after packing; whole numbers keep the file small


def pack_detexify(folder: Path) -> dict[str, bytes]:
    """The files of the data folder, from the dump and the list in `folder`: up to 46 drawings of each command.

    Raises DatasetError if a file is missing or has no drawings in it.
    """
    dump, listed = (next(iter(sorted(folder.rglob(name))), None) for name in (DUMP, LIST))
    if dump is None or listed is None:
        raise DatasetError(f"There is no {DUMP} or no {LIST} in {folder}.")
    commands = listed.read_bytes()
    known = {entry["id"] for entry in json.loads(commands)}
    drawings: dict[str, dict[str, list[Any]]] = {}
    with gzip.open(dump, "rt", encoding="utf-8") as lines:
        for row in read_copy(lines, "samples"):
            if row["key"] in known and (drawing := _fit(json.loads(row["strokes"]))):
                drawings.setdefault(row["key"], {})[row["id"]] = drawing
    if not drawings:
        raise DatasetError(f"{dump} has no drawings of the commands in {listed}.")
    rows = [
        json.dumps({"label": command, "key_id": key, "drawing": found[key]}, separators=(",", ":"))
        for command, found in sorted(drawings.items())
        for key in first_by_hash(found, DRAWINGS_PER_COMMAND)
    ]
    return {SYMBOLS: commands, DETEXIFY: gzip.compress("\n".join(rows).encode())}


def read_copy(lines: Iterator[str], table: str) -> Iterator[dict[str, str]]:
    r"""The rows of a table in a dump of PostgreSQL: `COPY table (columns) FROM stdin;`, lines with tabs, `\.`."""
    columns: list[str] = []
    for line in lines:
        if not columns:
            head = line.replace("public.", "", 1)
            if head.startswith(f"COPY {table} ("):
                columns = [name.strip(' "') for name in head[head.index("(") + 1 : head.index(")")].split(",")]
        elif line.startswith("\\."):
            return
        else:
            values = line.rstrip("\n").split("\t")
            yield dict(zip(columns, (value.replace("\\\\", "\\") for value in values), strict=True))


def _fit(strokes: list[list[Any]]) -> list[list[list[int]]]:
    """The strokes, lists of points [x, y, t], as [[x...], [y...]] in whole numbers from 0 to 1,000; [] if there are
    none."""
    lines = [np.array([point[:2] for point in stroke], float).T for stroke in strokes if stroke]
    if not lines:
        return []
    points = np.concatenate(lines, axis=1)
    low, size = points.min(axis=1, keepdims=True), float(np.ptp(points, axis=1).max())
    middle = (SIDE - np.ptp(points, axis=1, keepdims=True) * SIDE / max(size, 1e-9)) / 2
    return [np.round((line - low) * SIDE / max(size, 1e-9) + middle).astype(int).tolist() for line in lines]
