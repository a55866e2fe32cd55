"""Habits of hand that change which strokes a digit has: the barred seven, the hooked or standing one.

Half of the world writes them, most data sets hardly hold them. They are added to tracks of people
who write without.
"""

from __future__ import annotations

import numpy as np

from ml.preprocessing.ink import Ink

Rng = np.random.Generator

BARRED = 0.25  # of the plain sevens get a bar
UNBARRED = 0.35  # of the barred ones lose it
BAR = 0.6  # of the length of a seven is its bar, at most
BROAD = 0.5  # of its height is the width of a seven that needs no bar, at least
HOOKED = 0.3  # of the plain ones get a hook
STANDING = 0.2  # of the ones get a base line
PLAIN = 0.25  # of its height is the width of a one without hook and base, at most


def restyle_digit(ink: Ink, label: int, rng: Rng) -> Ink:
    """The digit as somebody with another habit writes it; most often as it is."""
    if label == 7 and len(ink) == 1 and rng.random() < BARRED:
        return bar_seven(ink, rng)
    if label == 7 and len(ink) == 2 and rng.random() < UNBARRED:
        return unbar_seven(ink)
    if label == 1 and len(ink) == 1 and _is_plain(ink[0]):
        hooked = hook_one(ink, rng) if rng.random() < HOOKED else ink
        return stand_one(hooked, rng) if rng.random() < STANDING else hooked
    return ink


def bar_seven(ink: Ink, rng: Rng) -> Ink:
    """Cross the stem, where the track last passes a little below its middle."""
    x, y = ink[0][0], ink[0][1]
    height = float(np.ptp(y))
    level = float(y.min()) + rng.uniform(0.42, 0.62) * height
    passed = np.flatnonzero((y[:-1] < level) != (y[1:] < level))
    middle = float(x[passed[-1]]) if passed.size else float(x.mean())
    half = rng.uniform(0.15, 0.32) * height
    tilt = rng.normal(0, 0.05) * height
    return [*ink, np.array([[middle - half, middle + half * rng.uniform(0.6, 1.2)], [level + tilt, level - tilt]])]


def unbar_seven(ink: Ink) -> Ink:
    """Leave out the shorter of two strokes, if it was a bar and what is left is no hooked one."""
    short, long = sorted(ink, key=_length)
    barred = _length(short) < BAR * _length(long)
    return [long] if barred and float(np.ptp(long[0])) > BROAD * float(np.ptp(long[1])) else ink


def _length(stroke: np.ndarray) -> float:
    return float(np.hypot(*np.diff(stroke[:2], axis=1)).sum())


def _is_plain(stroke: np.ndarray) -> bool:
    return float(np.ptp(stroke[0])) < PLAIN * float(np.ptp(stroke[1]))


def hook_one(ink: Ink, rng: Rng) -> Ink:
    """Begin the one with an upstroke from the left."""
    stroke = ink[0][:2]
    down = stroke if stroke[1, 0] < stroke[1, -1] else stroke[:, ::-1]
    height = float(np.ptp(stroke[1]))
    start = down[:, :1] + np.array([[-rng.uniform(0.15, 0.45)], [rng.uniform(0.08, 0.4)]]) * height
    return [np.concatenate([start, down], axis=1), *ink[1:]]


def stand_one(ink: Ink, rng: Rng) -> Ink:
    """Put the one on a base line."""
    stroke = ink[0]
    foot = stroke[:2, int(np.argmax(stroke[1]))]
    height = float(np.ptp(stroke[1]))
    left, right = rng.uniform(0.12, 0.36, 2) * height
    tilt = rng.normal(0, 0.02) * height
    return [*ink, np.array([[foot[0] - left, foot[0] + right], [foot[1] + tilt, foot[1] - tilt]])]
