"""Contact sheets: many drawings in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ml.reporting.html.plots import WIDTH
from ml.reporting.html.results import EvaluatedDrawings
from ml.reporting.html.theme import Theme, ink_map

SAMPLES = 12  # drawings of a label
COLUMNS, FEWER_COLUMNS = 8, 6  # of a sheet with captions; the fewer for long ones
LONG = 3  # lines of a caption that counts as long
SHOWN = 24  # drawings on such a sheet
GAP = 0.14  # of a drawing's side, around it
LINE = 0.14  # inches, the height of a line below a drawing
WIDEST = 1.4  # inches of a column
SEED = 0


def sample_sheet(answered: EvaluatedDrawings, names: Sequence[str], theme: Theme) -> Figure:
    """Return randomly chosen drawings of each label, one row for each."""
    rng = np.random.default_rng(SEED)
    rows = [(name, np.flatnonzero(answered.truth == label)) for label, name in enumerate(names)]
    rows = [(name, rng.permutation(chosen)[:SAMPLES]) for name, chosen in rows if len(chosen)]
    step = answered.rasters.shape[1] + 2
    sheet = np.zeros((len(rows) * step, SAMPLES * step))
    for row, (_, chosen) in enumerate(rows):
        for column, number in enumerate(chosen):
            top, left = row * step + 1, column * step + 1
            sheet[top : top + step - 2, left : left + step - 2] = answered.rasters[number]
    figure = Figure(figsize=(WIDTH, WIDTH / (SAMPLES + 1.4) * len(rows) + 0.2))
    axes = figure.subplots()
    axes.imshow(sheet, cmap=ink_map(theme), vmin=0, vmax=255)
    axes.set_yticks([(row + 0.5) * step for row in range(len(rows))], [name for name, _ in rows], color=theme.ink)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def captioned_sheet(
    rasters: np.ndarray, captions: Sequence[Sequence[str]], theme: Theme, *, columns: int | None = None
) -> Figure:
    """Return drawings with captions of one or more short lines below, the last line muted.

    All captions have the same number of lines, which may be 0.
    """
    lines = len(captions[0])
    columns = columns or (COLUMNS if lines < LONG else FEWER_COLUMNS)
    width = min(WIDTH, columns * WIDEST)
    rows, side = -(-len(rasters) // columns), rasters.shape[1]
    wide = side * (1 + GAP)
    line = LINE * wide * columns / width
    high = wide + line * lines
    figure = Figure(figsize=(width, width / columns * rows * high / wide))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for number, (raster, caption) in enumerate(zip(rasters, captions, strict=True)):
        left, top = number % columns * wide + side * GAP / 2, number // columns * high + side * GAP / 2
        axes.imshow(raster, cmap=ink_map(theme), vmin=0, vmax=255, extent=(left, left + side, top + side, top))
        edge = [left, left + side, left + side, left, left], [top, top, top + side, top + side, top]
        axes.plot(*edge, color=theme.line, linewidth=0.8)
        for index, words in enumerate(caption):
            below = top + side * (1 + GAP / 3) + line * index
            colour = theme.muted if index == lines - 1 else theme.ink
            axes.text(left + side / 2, below, words, ha="center", va="top", size=8, color=colour)
    axes.set(xlim=(0, columns * wide), ylim=(rows * high, 0))
    return figure
