"""Change the details of ink, as people differ in the care they take: fewer small strokes, smoother lines, more detail.

Training on such variations helps with drawings by people whose style is not in the data (sketchnet,
https://theanh.github.io/sketchnet/, reports it for Quick, Draw! and TU Berlin). A detail can be what makes a digit
another one, so recipes choose it (`ml.recipes.base.Recipe.details`).
"""

from __future__ import annotations

import cv2
import numpy as np

from ml.preprocessing.ink import Ink

Rng = np.random.Generator

LEFT_OUT = 0.7  # chance of a small stroke to be left out
SMALL = (0.05, 0.3)  # strokes that are smaller than a share of the drawing in this range are small
TOLERANCE = (0.01, 0.04)  # of simplified lines, as a share of the drawing
SMOOTHED = (3, 9)  # points of a smoothed line whose mean replaces each point
POINTS = 60  # along a line as long as the drawing, before it is smoothed
ADDED = (0.1, 0.3)  # size of added strokes, as a share of the drawing
MOST_ADDED = 3  # strokes


def change_details(ink: Ink, other: Ink, rng: Rng) -> Ink:
    """The ink with one to three random changes: strokes left out, lines simplified or smoothed, strokes of another
    drawing added in small. Strokes are float64 (2, n); the times are dropped."""
    changed = [stroke[:2] for stroke in ink]
    if rng.random() < 0.5:
        changed = leave_out_strokes(changed, rng)
    if rng.random() < 0.6:
        changed = simplify(changed, rng) if rng.random() < 0.4 else smooth(changed, rng)
    return add_strokes(changed, other, rng) if rng.random() < 0.35 else changed


def leave_out_strokes(ink: Ink, rng: Rng) -> Ink:
    """The ink without most of its small strokes; all of it if all are small."""
    limit = rng.uniform(*SMALL) * _extent(ink)
    kept = [stroke for stroke in ink if _extent([stroke]) >= limit or rng.random() >= LEFT_OUT]
    return kept or ink


def simplify(ink: Ink, rng: Rng) -> Ink:
    """The ink with fewer points (Douglas and Peucker 1973), as straight lines between corners."""
    tolerance = rng.uniform(*TOLERANCE) * _extent(ink)
    return [_without_points(stroke, tolerance) for stroke in ink]


def _without_points(stroke: np.ndarray, tolerance: float) -> np.ndarray:
    points = cv2.approxPolyDP(stroke.T.astype(np.float32), tolerance, False)  # (m, 1, 2)
    return points[:, 0].T.astype(np.float64)


def smooth(ink: Ink, rng: Rng) -> Ink:
    """The ink with rounded corners: each point is the mean of those around it."""
    width = 2 * int(rng.integers(SMOOTHED[0] // 2, SMOOTHED[1] // 2 + 1)) + 1
    step = max(_extent(ink) / POINTS, 1e-9)
    return [_smooth_stroke(stroke, width, step) for stroke in ink]


def _smooth_stroke(stroke: np.ndarray, width: int, step: float) -> np.ndarray:
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(stroke)))])  # length from the start to each point
    count = int(along[-1] / step) + 1
    if count < width:
        return stroke
    places = np.linspace(0, along[-1], count)
    even = np.stack([np.interp(places, along, axis) for axis in stroke])  # (2, count)
    around = np.pad(even, ((0, 0), (width // 2, width // 2)), "reflect", reflect_type="odd")  # the ends stay
    kernel = np.ones(width) / width
    return np.stack([np.convolve(axis, kernel, "valid") for axis in around])


def add_strokes(ink: Ink, other: Ink, rng: Rng) -> Ink:
    """The ink and up to three strokes of another drawing, small and somewhere inside."""
    chosen = rng.permutation(len(other))[: int(rng.integers(1, MOST_ADDED + 1))]
    added = [other[index][:2] for index in chosen]
    points, inside = np.concatenate(added, axis=1), np.concatenate(ink, axis=1)
    scale = rng.uniform(*ADDED) * _extent(ink) / max(_extent(added), 1e-9)
    low, high = inside.min(axis=1), inside.max(axis=1)
    middle = (points.min(axis=1) + points.max(axis=1)) / 2
    place = low + (high - low) * rng.uniform(0.15, 0.85, 2)
    return [*ink, *((stroke - middle[:, None]) * scale + place[:, None] for stroke in added)]


def _extent(ink: Ink) -> float:
    """The longer side of the bounding box."""
    points = np.concatenate(ink, axis=1)
    return float((points.max(axis=1) - points.min(axis=1)).max())
