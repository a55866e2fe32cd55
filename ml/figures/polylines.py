"""Fit open figures of straight lines: a line, a zigzag."""

from __future__ import annotations

import cv2
import numpy as np

from ml.figures.outline import Outline
from ml.preprocessing.ink import Ink

ZIGZAG_TOLERANCE = 0.045  # of the size of the ink: what leaves a side by less is no corner


def fit_line(strokes: Ink, points: np.ndarray) -> Outline:
    """Total least squares (Pearson 1901): the line with the smallest squared distances, as long as the ink along it."""
    centre = points.mean(axis=1, keepdims=True)
    _, sizes, axes = np.linalg.svd((points - centre).T, full_matrices=False)
    direction = axes[0]
    every = np.concatenate(strokes, axis=1)
    if direction @ (strokes[-1][:, -1] - strokes[0][:, 0]) < 0:  # from where the hand began
        direction = -direction
    along = direction @ (every - centre)
    ends = centre + np.outer(direction, [along.min(), along.max()])
    if sizes[0] < 1e-9:
        raise ValueError("the ink has no direction")
    length = float(along.max() - along.min())
    angle = float(np.rad2deg(np.arctan2(direction[1], direction[0])))
    return Outline([ends], places={"ends": ends}, lengths={"length": length}, numbers={"angle": angle})


def fit_zigzag(strokes: Ink, points: np.ndarray) -> Outline:
    """The corners of the strokes after one another (Douglas and Peucker 1973)."""
    every = np.concatenate(strokes, axis=1).T.astype(np.float32)
    few = cv2.approxPolyDP(every, ZIGZAG_TOLERANCE, False)[:, 0].T.astype(np.float64)  # (2, n)
    if few.shape[1] < 2:
        raise ValueError("the ink has no corners")
    return Outline([few], places={"corners": few})
