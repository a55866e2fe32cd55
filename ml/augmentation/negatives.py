"""Make negative examples: scribbles, dots, shapes, several digits at once. A network learns to answer them "not sure".

All of it is ink, made with a NumPy generator. A negative example must not look like an unusual digit, or the network
would learn to doubt unusual digits. So there are no circles, no single lines and no rings with a tail, and digits
appear only several at once, or turned where the result is no other digit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from ml.preprocessing.ink import Ink

Rng = np.random.Generator

# Digits that nobody can read any more after a change. The others stay readable or come near another digit: a mirrored
# 2 is nearly a 5, and 4 and 6 can be read in a mirror.
UNREADABLE_MIRRORED = (3, 7, 9)
UNREADABLE_UPSIDE_DOWN = (4,)
UNREADABLE_ON_SIDE = (3, 4)
MAX_TRIES = 100  # to find suitable digits; after that, a scribble is made instead
POINTS_PER_SEGMENT = 6  # added between two corners, as a tablet would record them


def make_negative(
    rng: Rng, digits: Sequence[tuple[Ink, int]], *, hard: bool = False, skipped: Collection[str] = ()
) -> Ink:
    """One negative example as ink, strokes (2, n). Some are made from `digits` (ink, label), if there are any.

    `hard` adds some that come nearer to digits: mirrored or upside down. `skipped` names kinds (of NEGATIVE_KINDS) that
    are never made: for a recognizer with the label "star", a star is no negative example.
    """
    kinds: list[Callable[[Rng], Ink]] = [scribble, scribble]  # twice as often as the others
    kinds += [kind for name, kind in NEGATIVE_KINDS.items() if name not in skipped]
    of_digits = (8 if hard else 5) if digits else 0
    number = int(rng.integers(len(kinds) + of_digits))
    if number < len(kinds):
        return [_add_points(stroke) for stroke in kinds[number](rng)]
    # 3 chances for digits side by side, 1 for overlaid ones, 1 for one on its side, and the rest for turned ones.
    number -= len(kinds)
    if number < 3:
        return side_by_side(rng, digits)
    if number == 3:
        return overlaid(rng, digits)
    return on_its_side(rng, digits) if number == 4 else mirrored_or_upside_down(rng, digits)


# Negatives without digits


def scribble(rng: Rng) -> Ink:
    """One long wandering line, or two to four shorter ones. A single short one might be a digit."""
    count = int(rng.integers(1, 5))
    strokes = []
    for _ in range(count):
        length = int(rng.integers(60, 140) * (2 if count == 1 else 1))
        # A random walk of the direction: steps of length 1 that turn by a random angle each.
        turns = np.cumsum(rng.normal(0, rng.uniform(0.35, 0.9), length)) + rng.uniform(0, 6.3)
        path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)]), axis=1)
        strokes.append(path + rng.normal(0, 4, (2, 1)))
    return strokes


def zigzag(rng: Rng) -> Ink:
    """A line to and fro with at least seven segments, as one fills an area."""
    count = int(rng.integers(8, 26))
    along = np.linspace(0, rng.uniform(0.8, 3.0), count)
    across = np.where(np.arange(count) % 2, 1.0, -1.0) * rng.uniform(0.5, 1.0, count)
    path = np.stack([along, across]) + rng.normal(0, 0.05, (2, count))
    return [_rotate(path, rng.uniform(0, 2 * np.pi))]


def spiral(rng: Rng) -> Ink:
    """Three to seven rounds from the inside out. Several rounds of the same radius would be a 0."""
    rounds = rng.uniform(2.8, 7)
    angle = np.linspace(0, rounds * 2 * np.pi, int(rounds * 24))
    radius = np.linspace(rng.uniform(0, 0.3), 1, angle.size)
    centre = np.cumsum(rng.normal(0, 0.03, (2, angle.size)), axis=1)
    stretch = np.array([[1.0], [rng.uniform(0.6, 1)]])
    return [np.stack([np.cos(angle), np.sin(angle)]) * radius * stretch + centre]


def dots(rng: Rng) -> Ink:
    """One dot, or up to seven."""
    return [rng.uniform(-1, 1, (2, 1)) for _ in range(int(rng.choice((1, 1, 2, 3, 4, 5, 6, 7))))]


def grid(rng: Rng) -> Ink:
    """Two to four lines each way, as for noughts and crosses."""
    upright = [np.array([[x, x], [-1, 1]]) for x in np.linspace(-0.6, 0.6, int(rng.integers(2, 5)))]
    level = [np.array([[-1, 1], [y, y]]) for y in np.linspace(-0.6, 0.6, int(rng.integers(2, 5)))]
    return [_shake(line, rng) for line in upright + level]


def cross(rng: Rng) -> Ink:
    """Three to six lines through one point, like an asterisk."""
    count = int(rng.integers(3, 7))
    angles = np.linspace(0, np.pi, count, endpoint=False) + rng.uniform(0, 3)
    return [_shake(np.array([[-np.cos(a), np.cos(a)], [-np.sin(a), np.sin(a)]]), rng) for a in angles]


def star(rng: Rng) -> Ink:
    """A star of five, seven or nine points, drawn in one line that crosses itself."""
    count = int(rng.choice((5, 7, 9)))
    order = (np.arange(count + 1) * (count // 2)) % count
    angles = order / count * 2 * np.pi + rng.uniform(0, 6.3)
    return [np.stack([np.cos(angles), np.sin(angles)]) * rng.uniform(0.8, 1.2, count + 1)]


def arrow(rng: Rng) -> Ink:
    """A line with heads at both ends, more level than upright: an upright arrow could be read as a 1."""
    head = rng.uniform(0.3, 0.5)
    strokes = [
        np.array([[-1.0, 1.0], [0.0, 0.0]]),
        np.array([[1 - head, 1, 1 - head], [-head, 0, head]]),
        np.array([[head - 1, -1, head - 1], [-head, 0, head]]),
    ]
    angle = rng.uniform(-0.8, 0.8)
    return [_rotate(_shake(stroke, rng), angle) for stroke in strokes]


NEGATIVE_KINDS: dict[str, Callable[[Rng], Ink]] = {
    "zigzag": zigzag, "spiral": spiral, "dots": dots, "grid": grid, "cross": cross, "star": star, "arrow": arrow,
}  # fmt: skip


# Negatives made from digits


def side_by_side(rng: Rng, digits: Sequence[tuple[Ink, int]]) -> Ink:
    """Two to four digits of about the same height in a row: a number is no digit."""
    count = int(rng.choice((2, 2, 2, 3, 4)))
    strokes: Ink = []
    right = 0.0
    for index in rng.integers(len(digits), size=count):
        ink = _scale_to_height(digits[index][0], rng.uniform(0.8, 1.1))
        left = min(float(stroke[0].min()) for stroke in ink)
        width = max(float(stroke[0].max()) for stroke in ink) - left
        shift = np.array([[right - left], [rng.normal(0, 0.06)]])
        strokes += [stroke + shift for stroke in ink]
        right += width + rng.uniform(0.12, 0.5)
    return strokes


def overlaid(rng: Rng, digits: Sequence[tuple[Ink, int]]) -> Ink:
    """Two different digits on top of each other. Without the 1, which would look like a bar or a slash."""
    for _ in range(MAX_TRIES):
        first, second = (digits[i] for i in rng.integers(len(digits), size=2))
        if first[1] != second[1] and 1 not in (first[1], second[1]):
            shift = np.array([[rng.choice((-1, 1)) * rng.uniform(0.25, 0.5)], [rng.normal(0, 0.15)]])
            return _scale_to_height(first[0]) + [stroke + shift for stroke in _scale_to_height(second[0])]
    return scribble(rng)


def on_its_side(rng: Rng, digits: Sequence[tuple[Ink, int]]) -> Ink:
    """A digit after a quarter turn that makes it unreadable."""
    for _ in range(MAX_TRIES):
        ink, label = digits[int(rng.integers(len(digits)))]
        if label in UNREADABLE_ON_SIDE:
            angle = rng.choice((-1, 1)) * np.pi / 2 + rng.normal(0, 0.1)
            return [_rotate(stroke, angle) for stroke in _scale_to_height(ink)]
    return scribble(rng)


def mirrored_or_upside_down(rng: Rng, digits: Sequence[tuple[Ink, int]]) -> Ink:
    """A digit in a mirror or upside down that is unreadable then."""
    for _ in range(MAX_TRIES):
        ink, label = digits[int(rng.integers(len(digits)))]
        if label in UNREADABLE_MIRRORED:
            return [stroke * np.array([[-1.0], [1.0]]) for stroke in _scale_to_height(ink)]
        if label in UNREADABLE_UPSIDE_DOWN:
            return [-stroke for stroke in _scale_to_height(ink)]
    return scribble(rng)


# Strokes


def _scale_to_height(ink: Ink, height: float = 1.0) -> Ink:
    """The ink centred at 0 in the given height, or in 1.5 times that width if it is wider than high."""
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    extent = max(float(high[1, 0] - low[1, 0]), float(high[0, 0] - low[0, 0]) / 1.5, 1e-9)
    return [(stroke[:2] - (low + high) / 2) * (height / extent) for stroke in ink]


def _add_points(stroke: np.ndarray) -> np.ndarray:
    """The same line (2, n) with points between its corners."""
    count = stroke.shape[1]
    at = np.linspace(0, count - 1, (count - 1) * POINTS_PER_SEGMENT + 1)
    return np.stack([np.interp(at, np.arange(count), axis) for axis in stroke])


def _rotate(stroke: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]]) @ stroke


def _shake(stroke: np.ndarray, rng: Rng) -> np.ndarray:
    return stroke + rng.normal(0, 0.07, stroke.shape)
