"""Change the writing style of a digit: the bar of a seven, the hook or the base line of a one.

These styles are usual in half of the world, and rare in most data sets. Ink of people who write without them is given
them here, so that a network sees both.
"""

from __future__ import annotations

import numpy as np

from ml.preprocessing.ink import Ink

Rng = np.random.Generator

# Shares of drawings that are changed
ADD_BAR = 0.25  # of the sevens without a bar
REMOVE_BAR = 0.35  # of the sevens with a bar
ADD_HOOK = 0.3  # of the plain ones
ADD_BASE = 0.2  # of the plain ones

# What counts as what
MAX_BAR_LENGTH = 0.6  # of the longer stroke of a seven; a longer stroke is no bar
MIN_SEVEN_WIDTH = 0.5  # of its height; a narrower seven without a bar could be read as a one
MAX_PLAIN_WIDTH = 0.25  # of the height of a one; a wider one already has a hook or a base


def restyle_digit(ink: Ink, label: int, rng: Rng) -> Ink:
    """The ink of a digit, sometimes in another writing style; `label` is the digit. Most often unchanged."""
    if label == 7 and len(ink) == 1 and rng.random() < ADD_BAR:
        return bar_seven(ink, rng)
    if label == 7 and len(ink) == 2 and rng.random() < REMOVE_BAR:
        return unbar_seven(ink)
    if label == 1 and len(ink) == 1 and np.ptp(ink[0][0]) < MAX_PLAIN_WIDTH * np.ptp(ink[0][1]):
        hooked = hook_one(ink, rng) if rng.random() < ADD_HOOK else ink
        return stand_one(hooked, rng) if rng.random() < ADD_BASE else hooked
    return ink


def bar_seven(ink: Ink, rng: Rng) -> Ink:
    """The seven with a bar across its stem, a little below the middle."""
    x, y = ink[0][0], ink[0][1]
    height = float(np.ptp(y))
    level = float(y.min()) + rng.uniform(0.42, 0.62) * height
    crossings = np.flatnonzero((y[:-1] < level) != (y[1:] < level))  # the segments that pass this level
    middle = float(x[crossings[-1]]) if crossings.size else float(x.mean())
    half = rng.uniform(0.15, 0.32) * height
    tilt = rng.normal(0, 0.05) * height
    return [*ink, np.array([[middle - half, middle + half * rng.uniform(0.6, 1.2)], [level + tilt, level - tilt]])]


def unbar_seven(ink: Ink) -> Ink:
    """The seven without its shorter stroke, if that is a bar and the rest is wide enough not to be a one."""
    short, long = sorted(ink, key=_length)
    is_bar = _length(short) < MAX_BAR_LENGTH * _length(long)
    return [long] if is_bar and np.ptp(long[0]) > MIN_SEVEN_WIDTH * np.ptp(long[1]) else ink


def _length(stroke: np.ndarray) -> float:
    return float(np.hypot(*np.diff(stroke[:2], axis=1)).sum())


def hook_one(ink: Ink, rng: Rng) -> Ink:
    """The one with an upstroke from the left at its beginning."""
    stroke = ink[0][:2]
    down = stroke if stroke[1, 0] < stroke[1, -1] else stroke[:, ::-1]  # from top to bottom
    height = float(np.ptp(stroke[1]))
    start = down[:, :1] + np.array([[-rng.uniform(0.15, 0.45)], [rng.uniform(0.08, 0.4)]]) * height
    return [np.concatenate([start, down], axis=1), *ink[1:]]


def stand_one(ink: Ink, rng: Rng) -> Ink:
    """The one with a base line below it."""
    stroke = ink[0]
    foot = stroke[:2, int(np.argmax(stroke[1]))]  # (2,): its lowest point
    height = float(np.ptp(stroke[1]))
    left, right = rng.uniform(0.12, 0.36, 2) * height
    tilt = rng.normal(0, 0.02) * height
    return [*ink, np.array([[foot[0] - left, foot[0] + right], [foot[1] + tilt, foot[1] - tilt]])]
