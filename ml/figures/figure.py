"""Fit the figure that a label names to ink: `fit_figure("circle", ink)` gives centre and radius, and a clean outline.

`fit_figure` never raises for ink that `ml.preprocessing.ink.parse_ink` accepts; where ink is too little for a figure, a
dot for a rectangle, it returns None. All lengths and places are in the units of the ink, y pointing down. Angles are in
degrees clockwise from the x axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.figures import curves, parametric, polylines
from ml.figures.outline import Outline, border_points, distances, sample_ink
from ml.preprocessing.ink import Ink

SMALLEST = 1e-9  # extent of ink that has a form
DIGITS = 4  # significant digits of places and lengths, relative to the size of the ink


@dataclass(frozen=True)
class Figure:
    """A fitted figure."""

    label: str
    values: dict[str, Any]
    """What the figure consists of, ready for JSON: lengths, places [x, y] and lists of them, angles."""
    path: str
    """Its outline as the data of an SVG path, in the units of the ink."""
    box: tuple[float, float, float, float]
    """The left, top, width and height of the outline."""
    error: float
    """Root mean square distance of the ink from the outline, as a share of the longer side of the ink."""


Fit = Callable[[Ink, np.ndarray], Outline]
"""From strokes and evenly spaced points (2, n), both in a box of 1 about 0, to an outline. LinAlgError or ValueError
where there is none."""

FITS: dict[str, Fit] = {
    "circle": curves.fit_circle,
    "ellipse": curves.fit_ellipse,
    "spiral": curves.fit_spiral,
    "squiggle": curves.fit_squiggle,
    "cloud": curves.fit_cloud,
    "line": polylines.fit_line,
    "zigzag": polylines.fit_zigzag,
    "triangle": parametric.fit_triangle,
    "square": parametric.fit_square,
    "rectangle": parametric.fit_rectangle,
    "diamond": parametric.fit_diamond,
    "pentagon": parametric.fit_pentagon,
    "hexagon": parametric.fit_hexagon,
    "octagon": parametric.fit_octagon,
    "star": parametric.fit_star,
    "arrow": parametric.fit_arrow,
    "cross": parametric.fit_cross,
    "heart": parametric.fit_heart,
    "moon": parametric.fit_moon,
}

# Figures whose inside people fill with hatching.
FILLED = ("circle", "ellipse", "triangle", "square", "rectangle", "diamond", "pentagon", "hexagon", "octagon", "heart")


def fit_figure(label: str, ink: Ink) -> Figure | None:
    """The figure of `label` that fits the ink best; None for a label without figure and for ink without form.

    `ink` has strokes (2 or 3, n) with finite coordinates.
    """
    if label not in FITS:
        return None
    every = np.concatenate([stroke[:2] for stroke in ink], axis=1)
    low, high = every.min(axis=1), every.max(axis=1)
    size, middle = float((high - low).max()), (low + high)[:, None] / 2
    if size < SMALLEST:
        return None
    strokes = [(stroke[:2] - middle) / size for stroke in ink]
    points = sample_ink(strokes)
    points = border_points(points) if label in FILLED else points
    try:
        outline = FITS[label](strokes, points)
    except (np.linalg.LinAlgError, ValueError):  # too few points, or all on one line
        return None
    if not outline.is_finite():
        return None
    error = float(np.sqrt((distances(points, outline.lines()) ** 2).mean()))
    outline = outline.moved(size, middle[:, 0])
    step = 10.0 ** (np.floor(np.log10(size)) - DIGITS)
    return Figure(label, outline.values(step), outline.path(step), outline.box(step), round(error, 4))
