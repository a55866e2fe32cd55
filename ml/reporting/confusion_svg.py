"""A confusion matrix as a picture that needs nothing to be drawn: an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

CELL, LETTER, GAP = 34, 6.2, 8  # pixels: of a cell, of a letter of a name, around names
RIGHT, WRONG, PAPER, INK = "#2150b5", "#c77700", "#fffefb", "#1d1b18"
SHORT = 5  # letters of a name that fits above a column without being turned
SEEN = 25  # mistakes are a few in a thousand: their scale is stretched so far, or none would be seen


def confusion_svg(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """Rows are shares of what was drawn; mistakes stand out in amber."""
    longest = max(map(len, names))
    left = top = round(2 * GAP + max(longest, SHORT) * LETTER)
    if longest <= SHORT:
        top = 3 * GAP
    width, height = left + len(names) * CELL + GAP, top + len(names) * CELL + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11" text-anchor="middle" fill="{INK}">',
        "<title>Confusion matrix: rows are what was drawn, columns what was answered</title>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        *(_names(name, place, left, top, longest > SHORT) for place, name in enumerate(names)),
    ]
    for i, row in enumerate(matrix):
        parts += [_cell(left + j * CELL, top + i * CELL, count, sum(row), i == j) for j, count in enumerate(row)]
    return "\n".join([*parts, "</svg>\n"])


def _names(name: str, place: int, left: int, top: int, turned: bool) -> str:
    """A label beside its row and above its column."""
    text, middle = escape(name), (place + 0.5) * CELL
    x, y = left + middle, top - GAP
    above = f'text-anchor="start" transform="rotate(-90 {x + 4} {y})" x="{x + 4}"' if turned else f'x="{x}"'
    return (
        f'<text {above} y="{y}">{text}</text>\n'
        f'<text x="{left - GAP}" y="{top + middle + 4}" text-anchor="end">{text}</text>'
    )


def _cell(x: float, y: float, count: int, total: int, right: bool) -> str:
    share = count / total if total else 0.0
    strength = share if right else min(1.0, (share * SEEN) ** 0.5)
    ink = "#fff" if right and strength > 0.6 else INK
    text = f'<text x="{x + CELL / 2 - 0.5}" y="{y + CELL / 2 + 4}" fill="{ink}">{count}</text>'
    return (
        f'<rect x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" fill="{RIGHT if right else WRONG}" '
        f'fill-opacity="{max(strength, 0.04):.3f}"/>{text if count else ""}'
    )
