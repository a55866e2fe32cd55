"""What is no digit: scribbles, dots, shapes, several digits at once. The class "other" learns on it.

All of it is made up here, as ink, from a NumPy generator. Made-up junk must not teach that an odd
digit is junk, so nothing here comes near one on purpose: no circles, no single lines, no rings with
a tail, and digits are only ever shown several at once or lying on their side where that is no
other digit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from ml.preprocessing.ink import Ink

Rng = np.random.Generator

MIRRORED = (3, 7, 9)  # in a mirror they are no digit; a mirrored 2 is nearly a 5, and 4 and 6 stay readable
UPSIDE_DOWN = (4,)
TRIES = 100  # to find digits that suit; where there are none, it becomes a scribble
LYING = (3, 4)  # a quarter turn makes them unreadable; the others stay readable or come near another digit


def make_negative(
    rng: Rng, digits: Sequence[tuple[Ink, int]], *, hard: bool = False, skipped: Collection[str] = ()
) -> Ink:
    """One junk drawing. `digits` (ink, label) are what several-at-once and turned digits are made of.

    `hard` junk comes nearer to digits: some are shown in a mirror or upside down. `skipped` kinds (of SPARABLE) are
    not made: where a label is a star, a star is no junk.
    """
    kinds: list[Callable[[Rng], Ink]] = [scribble, scribble]
    kinds += [kind for name, kind in NEGATIVE_KINDS.items() if name not in skipped]
    of_digits = (8 if hard else 5) if digits else 0
    number = int(rng.integers(len(kinds) + of_digits))
    if number < len(kinds):
        return [_dense(stroke) for stroke in kinds[number](rng)]
    if number < len(kinds) + 3:
        return side_by_side(rng, digits)
    if number == len(kinds) + 3:
        return overlaid(rng, digits)
    return lying(rng, digits) if number == len(kinds) + 4 else turned(rng, digits)


def scribble(rng: Rng) -> Ink:
    """One long wandering line, or up to four shorter ones; a short single one might be a digit."""
    count = int(rng.integers(1, 5))
    strokes = []
    for _ in range(count):
        length = int(rng.integers(60, 140) * (2 if count == 1 else 1))
        turns = np.cumsum(rng.normal(0, rng.uniform(0.35, 0.9), length)) + rng.uniform(0, 6.3)
        path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)]), axis=1)
        strokes.append(path + rng.normal(0, 4, (2, 1)))
    return strokes


def zigzag(rng: Rng) -> Ink:
    """A line to and fro, as one blackens a place; at least seven strokes."""
    count = int(rng.integers(8, 26))
    along = np.linspace(0, rng.uniform(0.8, 3.0), count)
    across = np.where(np.arange(count) % 2, 1.0, -1.0) * rng.uniform(0.5, 1.0, count)
    return [_turn(np.stack([along, across]) + rng.normal(0, 0.05, (2, count)), rng)]


def spiral(rng: Rng) -> Ink:
    """Three to seven rounds from the inside out; a ring of several rounds would be a 0."""
    rounds = rng.uniform(2.8, 7)
    angle = np.linspace(0, rounds * 2 * np.pi, int(rounds * 24))
    radius = np.linspace(rng.uniform(0, 0.3), 1, angle.size)
    centre = np.cumsum(rng.normal(0, 0.03, (2, angle.size)), axis=1)
    stretch = np.array([[1.0], [rng.uniform(0.6, 1)]])
    return [np.stack([np.cos(angle), np.sin(angle)]) * radius * stretch + centre]


def dots(rng: Rng) -> Ink:
    """One dot, or several apart from one another."""
    return [rng.uniform(-1, 1, (2, 1)) for _ in range(int(rng.choice((1, 1, 2, 3, 4, 5, 6, 7))))]


def grid(rng: Rng) -> Ink:
    """Two to four lines one way, two to four the other way, as for noughts and crosses."""
    upright = [np.array([[x, x], [-1, 1]]) for x in np.linspace(-0.6, 0.6, int(rng.integers(2, 5)))]
    level = [np.array([[-1, 1], [y, y]]) for y in np.linspace(-0.6, 0.6, int(rng.integers(2, 5)))]
    return [_shake(line, rng) for line in upright + level]


def cross(rng: Rng) -> Ink:
    """Three to six lines through one middle: a star, an asterisk."""
    count = int(rng.integers(3, 7))
    angles = np.linspace(0, np.pi, count, endpoint=False) + rng.uniform(0, 3)
    return [_shake(np.array([[-np.cos(a), np.cos(a)], [-np.sin(a), np.sin(a)]]), rng) for a in angles]


def star(rng: Rng) -> Ink:
    """A star of five, seven or nine corners, drawn in one line across itself."""
    count = int(rng.choice((5, 7, 9)))
    order = (np.arange(count + 1) * (count // 2)) % count
    angles = order / count * 2 * np.pi + rng.uniform(0, 6.3)
    return [np.stack([np.cos(angles), np.sin(angles)]) * rng.uniform(0.8, 1.2, count + 1)]


def arrow(rng: Rng) -> Ink:
    """A shaft with heads at both ends, lying rather than standing: upright it passes for a 1."""
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


def side_by_side(rng: Rng, digits: Sequence[tuple[Ink, int]]) -> Ink:
    """Two to four digits in a row, of about one height: a number is no digit."""
    count = int(rng.choice((2, 2, 2, 3, 4)))
    strokes: Ink = []
    place = 0.0
    for number in rng.integers(len(digits), size=count):
        ink = _unit(digits[number][0], rng.uniform(0.8, 1.1))
        left = min(float(stroke[0].min()) for stroke in ink)
        width = max(float(stroke[0].max()) for stroke in ink) - left
        shift = np.array([[place - left], [rng.normal(0, 0.06)]])
        strokes += [stroke + shift for stroke in ink]
        place += width + rng.uniform(0.12, 0.5)
    return strokes


def overlaid(rng: Rng, digits: Sequence[tuple[Ink, int]]) -> Ink:
    """Two different digits on one another; never a 1, which would pass for a bar or a slash."""
    for _ in range(TRIES):
        first, second = (digits[i] for i in rng.integers(len(digits), size=2))
        if first[1] != second[1] and 1 not in (first[1], second[1]):
            shift = np.array([[rng.choice((-1, 1)) * rng.uniform(0.25, 0.5)], [rng.normal(0, 0.15)]])
            return _unit(first[0]) + [stroke + shift for stroke in _unit(second[0])]
    return scribble(rng)


def lying(rng: Rng, digits: Sequence[tuple[Ink, int]]) -> Ink:
    """A digit on its side, of those that nobody reads then."""
    for _ in range(TRIES):
        ink, label = digits[int(rng.integers(len(digits)))]
        if label in LYING:
            angle = rng.choice((-1, 1)) * np.pi / 2 + rng.normal(0, 0.1)
            return [_rotate(stroke, angle) for stroke in _unit(ink)]
    return scribble(rng)


def turned(rng: Rng, digits: Sequence[tuple[Ink, int]]) -> Ink:
    """A digit in a mirror or upside down, of those that nobody reads then."""
    for _ in range(TRIES):
        ink, label = digits[int(rng.integers(len(digits)))]
        if label in MIRRORED:
            return [stroke * np.array([[-1.0], [1.0]]) for stroke in _unit(ink)]
        if label in UPSIDE_DOWN:
            return [-stroke for stroke in _unit(ink)]
    return scribble(rng)


def _unit(ink: Ink, height: float = 1.0) -> Ink:
    """The ink with its middle at 0 and the given height (or width, if that is far more)."""
    points = np.concatenate([stroke[:2] for stroke in ink], axis=1)
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    extent = max(float(high[1, 0] - low[1, 0]), float(high[0, 0] - low[0, 0]) / 1.5, 1e-9)
    return [(stroke[:2] - (low + high) / 2) * (height / extent) for stroke in ink]


def _dense(stroke: np.ndarray, parts: int = 6) -> np.ndarray:
    """The same line with points between its corners, as a tablet would give them."""
    count = stroke.shape[1]
    places = np.linspace(0, count - 1, (count - 1) * parts + 1)
    return np.stack([np.interp(places, np.arange(count), axis) for axis in stroke])


def _rotate(stroke: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]]) @ stroke


def _turn(stroke: np.ndarray, rng: Rng) -> np.ndarray:
    return _rotate(stroke, rng.uniform(0, 2 * np.pi))


def _shake(stroke: np.ndarray, rng: Rng) -> np.ndarray:
    return stroke + rng.normal(0, 0.07, stroke.shape)
