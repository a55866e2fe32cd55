"""The look of a report: a light and a dark theme, fonts, and pictures drawn in both themes."""

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
COLOURS = 128  # in the palette of a picture
PIXELS = 96  # CSS pixels for an inch of a figure
FONTS = ("Noto Sans", "Segoe UI", "Helvetica Neue", "Arial")  # the first installed one; DejaVu Sans always is


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, the same as on the site."""

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
    """One figure as a PNG for each theme, and its size in CSS pixels."""

    light: bytes
    dark: bytes
    width: int
    height: int

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """The picture that a notebook shows."""
        return self.light, {"width": self.width, "height": self.height}


def draw(make: Callable[[Theme], Figure]) -> Picture:
    """Return a figure drawn in both themes."""
    light, dark = (_draw(make, theme) for theme in (LIGHT, DARK))
    width, height = light[1]
    return Picture(light[0], dark[0], round(width * PIXELS), round(height * PIXELS))


def _draw(make: Callable[[Theme], Figure], theme: Theme) -> tuple[bytes, tuple[float, float]]:
    """A figure as a PNG and its size in inches."""
    with mpl.rc_context(_style(theme)):
        figure = make(theme)
        width, height = figure.get_size_inches()
        return _png(figure), (float(width), float(height))


def ink_map(theme: Theme) -> LinearSegmentedColormap:
    """Return the colour map of rasters, from paper to ink."""
    return LinearSegmentedColormap.from_list("ink", [theme.sheet, theme.ink])


def _png(figure: Figure) -> bytes:
    """A PNG with a palette: a third of the bytes, without a visible difference."""
    drawn, file = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _style(theme: Theme) -> dict[Any, Any]:
    colours = {
        theme.sheet: ("axes.facecolor", "figure.facecolor"),
        theme.ink: ("axes.titlecolor", "legend.labelcolor", "text.color"),
        theme.muted: ("axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"),
        theme.line: ("axes.edgecolor", "grid.color", "xtick.color", "ytick.color"),
    }
    return {
        **{key: colour for colour, keys in colours.items() for key in keys},
        "font.family": _families(),
        "font.size": 9.5,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.linewidth": 0.8,
        "figure.constrained_layout.use": True,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
    }


@cache
def _families() -> list[str]:
    """The installed fonts, for Latin text first; Matplotlib tries them in turn."""
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    text = [font for font in FONTS if font in known][:1]
    return [*text, "DejaVu Sans", *sorted(name for name in known if name.startswith("Noto Sans Bengali"))]


def legible(texts: Iterable[str], instead: Iterable[str]) -> list[str]:
    """Return the texts, each replaced if the installed fonts lack one of its characters."""
    return [text if _can_show(text) else other for text, other in zip(texts, instead, strict=True)]


@cache
def _can_show(text: str) -> bool:
    fonts = [font_manager.get_font(font_manager.findfont(family)) for family in _families()]
    return all(any(font.get_char_index(ord(letter)) for font in fonts) for letter in text)
