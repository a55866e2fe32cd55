"""Load drawings of mathematical symbols: Detexify's strokes and HASYv2's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml.data.loaders import DatasetError, Pictures, Tracks, find_file, read_npz, read_strokes, to_ink
from ml.data.sources import DETEXIFY, HASY

HASY_SIDE = 32


def load_symbol_tracks(commands: Sequence[str], data: Path | None = None) -> Tracks:
    """Detexify's drawings of these commands, by their ids. `y` is the place in `commands`, `group` the drawing's key.

    Raises DatasetError if the file is missing, or if it has a drawing of a command that is not among them.
    """
    find_file(DETEXIFY, data)  # the others are optional files, this one is not
    places = {command: place for place, command in enumerate(commands)}
    rows = read_strokes(DETEXIFY, data)
    if unknown := sorted({row["label"] for row in rows} - places.keys()):
        raise DatasetError(f"{DETEXIFY} has commands that the table of labels lacks: {', '.join(unknown[:5])}.")
    labels = np.array([places[row["label"]] for row in rows], np.int64)
    keys = np.array([str(row["key_id"]) for row in rows], str)
    return Tracks([to_ink(row["drawing"]) for row in rows], labels, keys)


def load_symbol_pictures(data: Path | None = None) -> tuple[Pictures, list[str]]:
    """HASYv2's pictures, uint8 (n, 32, 32), and the LaTeX of its symbols.

    `y` is the place in the list of symbols, `group` the number of who drew it, in 16 bits.
    """
    stored = read_npz(HASY, data)
    x = np.unpackbits(stored["x"], axis=2)[:, :, :HASY_SIDE] * np.uint8(255)
    return Pictures(x, stored["y"].astype(np.int64), stored["user"].astype(np.int16).astype(np.int64)), stored[
        "symbols"
    ].tolist()
