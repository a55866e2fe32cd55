"""Draws static/icons/share.png, the picture that other sites show beside a link.

    .venv/bin/python bin/draw_share_picture.py

It shows the sheet with a hand-drawn seven and the guesses beside it, in the colours of static/css/tokens.css.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TARGET = Path(__file__).resolve().parents[1] / "static" / "icons" / "share.png"
WIDTH, HEIGHT, ZOOM = 1200, 630, 2  # drawn larger, then made smaller
PAPER, SHEET, INK, MUTED = "#faf8f3", "#fffefb", "#1d1b18", "#625d54"
EDGE, RULE, ACCENT, SHADE = "#8c8578", "#e3eaf2", "#2150b5", "#f1eee6"

Points = list[tuple[float, float]]  # in shares of the box that they are drawn in

SEVEN: Points = [(0.24, 0.27), (0.36, 0.25), (0.54, 0.25), (0.74, 0.24), (0.68, 0.36), (0.57, 0.56), (0.49, 0.84)]
BAR: Points = [(0.4, 0.55), (0.52, 0.53), (0.68, 0.53)]
# The mark of static/favicon.svg.
MARK: Points = [(8, 17), (12, 13.7), (16, 14), (15.6, 19), (14.7, 24.7), (18, 25), (23, 21)]
DOT: Points = [(18.5, 7.2), (18.5, 7.25)]
GUESSES = [("7", 0.97), ("1", 0.02), ("2", 0.01)]


def main() -> None:
    """Write the picture to the path that is given, else to its place."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    image = Image.new("RGB", (WIDTH * ZOOM, HEIGHT * ZOOM), PAPER)
    pen = ImageDraw.Draw(image)
    draw_sheet(pen)
    draw_mark(pen)
    draw_guesses(pen)
    small = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    small.quantize(64, dither=Image.Dither.NONE).save(target, optimize=True)


def draw_sheet(pen: ImageDraw.ImageDraw) -> None:
    """The drawing area with a seven of two strokes."""
    left, top, side = 64, 64, 502
    box = [value * ZOOM for value in (left, top, left + side, top + side)]
    pen.rounded_rectangle(box, radius=16 * ZOOM, fill=SHEET, outline=EDGE, width=2 * ZOOM)
    for line in range(1, 8):
        y = (top + side * line / 8) * ZOOM
        pen.line([box[0] + 2 * ZOOM, y, box[2] - 2 * ZOOM, y], fill=RULE, width=2 * ZOOM)
    for stroke in (SEVEN, BAR):
        draw_stroke(pen, [(left + x * side, top + y * side) for x, y in stroke], INK, 20)


def draw_mark(pen: ImageDraw.ImageDraw) -> None:
    """The mark and the name of the site."""
    for stroke, width in ((MARK, 8), (DOT, 13)):
        draw_stroke(pen, [(610 + x * 2.9, 56 + y * 2.9) for x, y in stroke], ACCENT, width)
    pen.text((712 * ZOOM, 74 * ZOOM), "Inkling", font=ImageFont.load_default(64 * ZOOM), fill=INK)


def draw_guesses(pen: ImageDraw.ImageDraw) -> None:
    """The answer, and its three best guesses with bars."""
    pen.text((640 * ZOOM, 222 * ZOOM), "Looks like 7", font=ImageFont.load_default(44 * ZOOM), fill=INK)
    for row, (glyph, share) in enumerate(GUESSES):
        y = 322 + row * 78
        pen.text((640 * ZOOM, y * ZOOM), glyph, font=ImageFont.load_default(48 * ZOOM), fill=MUTED if row else INK)
        bar = [value * ZOOM for value in (708, y + 28, 708 + 420, y + 38)]
        pen.rounded_rectangle(bar, radius=5 * ZOOM, fill=SHADE)
        pen.rounded_rectangle([bar[0], bar[1], bar[0] + max(0.03, share) * 420 * ZOOM, bar[3]], 5 * ZOOM, ACCENT)


def draw_stroke(pen: ImageDraw.ImageDraw, points: Points, colour: str, width: float) -> None:
    """A smooth line through the points with round ends."""
    radius = width * ZOOM / 2
    for x, y in smooth(np.array(points) * ZOOM):
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def smooth(points: np.ndarray) -> np.ndarray:
    """Points of a Catmull-Rom curve through these points: (n, 2) -> (m, 2)."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, 200)[:, None]
    parts = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        bend, turn = 2 * before - 5 * start + 4 * end - after, 3 * start - before - 3 * end + after
        parts.append((2 * start + (end - before) * t + bend * t**2 + turn * t**3) / 2)
    return np.vstack(parts)


if __name__ == "__main__":
    main()
