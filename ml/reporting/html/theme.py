"""How a report looks: paper and ink, slate and chalk, and pictures drawn for both."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

DPI = 180
COLOURS = 128  # of a picture
PIXELS = 96  # of a page, to an inch of a figure
FACES = ("Noto Sans", "Segoe UI", "Helvetica Neue", "Arial")  # the first that is there; DejaVu Sans always is


@dataclass(frozen=True)
class Theme:
    """The colours of a picture; those of the site."""

    sheet: str
    ink: str
    muted: str
    line: str
    accent: str
    amber: str
    on_amber: str


LIGHT = Theme("#fffefb", "#1d1b18", "#625d54", "#e0dbd0", "#2150b5", "#cf962c", on_amber="#1d1b18")
DARK = Theme("#272e33", "#eeebe2", "#a9b1b5", "#3a444b", "#93b7ff", "#efbe5d", on_amber="#272e33")


class Picture(NamedTuple):
    """One figure as two PNGs, and its size in the pixels of a page."""

    light: bytes
    dark: bytes
    width: int
    height: int

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """What a notebook shows."""
        return self.light, {"width": self.width, "height": self.height}


def draw(make: Callable[[Theme], Figure]) -> Picture:
    """Draw a figure in both themes."""
    light, dark = (_draw(make, theme) for theme in (LIGHT, DARK))
    width, height = light[1]
    return Picture(light[0], dark[0], round(width * PIXELS), round(height * PIXELS))


def _draw(make: Callable[[Theme], Figure], theme: Theme) -> tuple[bytes, tuple[float, float]]:
    """A figure as a PNG, with its size in inches."""
    with mpl.rc_context(_style(theme)):
        figure = make(theme)
        width, height = figure.get_size_inches()
        return _png(figure), (float(width), float(height))


def ink_map(theme: Theme) -> LinearSegmentedColormap:
    """From paper to ink: rasters as they were drawn."""
    return LinearSegmentedColormap.from_list("ink", [theme.sheet, theme.ink])


def _png(figure: Figure) -> bytes:
    """With a palette: a third of the bytes, and nobody sees the difference in two inks on paper."""
    drawn, file = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _style(theme: Theme) -> dict[Any, Any]:
    return {
        "font.family": _families(),
        "font.size": 9.5,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.linewidth": 0.8,
        "axes.edgecolor": theme.line,
        "axes.facecolor": theme.sheet,
        "axes.labelcolor": theme.muted,
        "axes.titlecolor": theme.ink,
        "figure.facecolor": theme.sheet,
        "figure.constrained_layout.use": True,
        "grid.color": theme.line,
        "grid.linewidth": 0.6,
        "text.color": theme.ink,
        "xtick.color": theme.line,
        "ytick.color": theme.line,
        "xtick.labelcolor": theme.muted,
        "ytick.labelcolor": theme.muted,
        "legend.frameon": False,
        "legend.labelcolor": theme.ink,
    }


@cache
def _families() -> list[str]:
    """The text face, then those with other scripts, as far as they are installed; matplotlib tries them in turn."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    text = [face for face in FACES if face in known][:1]
    return [*text, "DejaVu Sans", *sorted(name for name in known if name.startswith("Noto Sans Bengali"))]


def legible(texts: Iterable[str], instead: Iterable[str]) -> list[str]:
    """The texts, each replaced where no installed face has all of its characters."""
    return [text if _has(text) else other for text, other in zip(texts, instead, strict=True)]


@cache
def _has(text: str) -> bool:
    faces = [font_manager.get_font(font_manager.findfont(family)) for family in _families()]
    return all(any(face.get_char_index(ord(letter)) for face in faces) for letter in text)
