"""Confusion matrices: the most frequent confusions, and SVG pictures of the matrix or of these confusions.

In a matrix, rows are what was drawn and columns what was answered (the first guess).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

Matrix = Sequence[Sequence[int]]

CELL, LETTER, GAP = 34, 6.2, 8  # pixels: of a cell, of a letter of a name, around names
RIGHT, WRONG, PAPER, INK = "#2150b5", "#c77700", "#fffefb", "#1d1b18"
SHORT = 5  # letters of a name that fits above a column without being turned
BAR, LONGEST_BAR = 18, 240  # pixels: height of the line of a confusion, width of the bar of the most frequent one
ERROR_SCALE = 25  # one error in 25 has the full colour: errors are a few in a thousand and would not be visible


def sum_matrices(matrices: Sequence[Matrix]) -> list[list[int]]:
    """Return the sum of several confusion matrices; empty if there are none."""
    return np.sum(matrices, axis=0).tolist() if matrices else []


def find_confusions(matrix: Matrix, slugs: Sequence[str]) -> list[dict[str, Any]]:
    """Return the wrong answers as {"drawn", "answered", "count"}, the most frequent first."""
    counts = np.asarray(matrix).reshape(-1, len(slugs))
    wrong = [
        {"drawn": slugs[row], "answered": slugs[column], "count": int(counts[row, column])}
        for row, column in np.argwhere(counts)
        if row != column
    ]
    return sorted(wrong, key=lambda line: -line["count"])


def cell_strengths(matrix: Matrix) -> np.ndarray:
    """Return how strong the colour of each cell is, float (n, n) from 0 to 1.

    Right answers by their share of the row; errors by the root of theirs, on a stretched scale.
    """
    counts = np.asarray(matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.where(np.eye(len(counts), dtype=bool), shares, np.minimum(1, np.sqrt(shares * ERROR_SCALE)))


def confusion_text(line: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return "3 as 8" for a confusion; the slug for a label without a name, which the bundle no longer has."""
    drawn, answered = (names.get(line[key], line[key]) for key in ("drawn", "answered"))
    return f"{drawn} as {answered}"


def confused_pairs_svg(confusions: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Return confusions (see `find_confusions`) as an SVG document with a bar for each. `names` are by slug."""
    texts = [confusion_text(line, names) for line in confusions]
    left = round(2 * GAP + max(map(len, texts), default=0) * LETTER)
    most = max((line["count"] for line in confusions), default=1)
    width, height = left + LONGEST_BAR + 6 * GAP, len(texts) * BAR + 2 * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">',
        "<title>The most frequent confusions: what was drawn as what was answered</title>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
    ]
    for number, (text, line) in enumerate(zip(texts, confusions, strict=True)):
        y, long = GAP + number * BAR, line["count"] / most * LONGEST_BAR
        parts.append(
            f'<text x="{left - GAP}" y="{y + 12}" text-anchor="end">{escape(text)}</text>'
            f'<rect x="{left}" y="{y + 2}" width="{long:.1f}" height="{BAR - 4}" fill="{WRONG}"/>'
            f'<text x="{left + long + GAP:.1f}" y="{y + 12}">{line["count"]}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def confusion_svg(matrix: Matrix, names: Sequence[str]) -> str:
    """Return the matrix as an SVG document with the names of the labels. Right answers are blue, errors amber."""
    longest = max(map(len, names))
    turned = longest > SHORT
    left = round(2 * GAP + max(longest, SHORT) * LETTER)
    top = left if turned else 3 * GAP
    width, height = left + len(names) * CELL + GAP, top + len(names) * CELL + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11" text-anchor="middle" fill="{INK}">',
        "<title>Confusion matrix: rows are what was drawn, columns what was answered</title>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        *(_names(name, index, left, top, turned) for index, name in enumerate(names)),
    ]
    strengths = cell_strengths(matrix)
    for (i, j), count in np.ndenumerate(matrix):
        parts.append(_cell(left + j * CELL, top + i * CELL, int(count), float(strengths[i, j]), i == j))
    return "\n".join([*parts, "</svg>\n"])


def _names(name: str, index: int, left: int, top: int, turned: bool) -> str:
    """The name of a label beside its row and above its column."""
    text, middle = escape(name), (index + 0.5) * CELL
    x, y = left + middle, top - GAP
    above = f'text-anchor="start" transform="rotate(-90 {x + 4} {y})" x="{x + 4}"' if turned else f'x="{x}"'
    return (
        f'<text {above} y="{y}">{text}</text>\n'
        f'<text x="{left - GAP}" y="{top + middle + 4}" text-anchor="end">{text}</text>'
    )


def _cell(x: float, y: float, count: int, strength: float, right: bool) -> str:
    ink = "#fff" if right and strength > 0.6 else INK
    text = f'<text x="{x + CELL / 2 - 0.5}" y="{y + CELL / 2 + 4}" fill="{ink}">{count}</text>'
    return (
        f'<rect x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" fill="{RIGHT if right else WRONG}" '
        f'fill-opacity="{max(strength, 0.04):.3f}"/>{text if count else ""}'
    )
