"""Write synthetic digits in styles that the data sets rarely contain.

Most of MNIST was written in the USA. Many Europeans begin a seven with a tick or a wave and give it a bar, write a one
with a hook as long as its stem, a nine that ends in a curl, an open four. Each prototype below is one such drawing in a
box of 100 x 100 with y pointing down: points `x,y` joined by a smooth line, `!` after a point that is a corner, and `|`
between strokes. `write_digit` moves the points a little each time; `ml.augmentation.augment` varies the result further.
"""

from __future__ import annotations

import numpy as np

from ml.preprocessing.ink import Ink

Rng = np.random.Generator

POINT_DEVIATION = 3.5  # standard deviation by which each point is moved, in the box of 100
POINTS_PER_SEGMENT = 10  # drawn between two points of a prototype

PROTOTYPES: dict[int, tuple[str, ...]] = {
    0: (
        "50,0 20,15 5,50 20,88 50,100 80,86 95,50 80,14 50,0",
        "50,0 28,15 18,50 28,85 50,100 72,85 82,50 72,15 50,0",
        "62,6 35,2 10,30 8,68 35,98 70,94 92,60 85,22 55,0 40,8",
        "70,12 45,0 15,20 5,60 25,95 60,98 90,70 88,30 62,8 40,14 30,26",
        "45,8 20,20 6,55 25,92 55,99 85,80 95,45 78,12 48,4 62,20 80,22",
        "50,0 20,15 5,50 20,88 50,100 80,86 95,50 80,14 50,0 | 82,10 18,90",
    ),
    1: (
        "10,45 50,0! 50,100",
        "0,62 45,0! 45,100",
        "5,55 30,28 50,0! 52,50 50,100",
        "20,25 50,0! 50,100 | 20,100 80,100",
        "5,50 48,2! 46,100 | 15,99 85,99",
        "30,20 55,0! 40,100",
    ),
    2: (
        "8,25 25,3 60,0 85,18 80,45 45,75 5,100! 95,100",
        "5,30 30,2 70,5 85,30 60,62 20,92 10,98 25,85 45,92 95,96",
        "10,20 40,0 80,12 75,45 35,80 5,98 15,80 35,85 60,100 95,90",
        "15,35 10,12 40,0 75,8 80,38 50,68 8,100! 50,94 98,100",
        "5,12 40,2 85,8! 10,98! 95,98",
    ),
    3: (
        "10,12 40,0 80,10 80,35 45,48! 85,60 90,85 50,100 8,88",
        "8,5! 85,5! 40,42! 80,55 88,80 55,100 8,90",
        "10,10 45,0 80,15 70,40 40,48 70,50 90,72 70,98 30,100 5,85",
        "10,15 45,0 78,15 65,40 45,50 38,44 50,42 85,60 85,90 45,100 5,88",
        "5,15 50,2 80,8! 45,45 70,40 85,55 70,80 30,98 0,95",
    ),
    4: (
        "60,0! 5,65! 95,65 | 65,0 65,100",
        "60,0! 5,65! 95,65 | 62,32 60,100",
        "15,0 8,55! 90,55 | 75,0 72,100",
        "20,0 15,45 30,55 85,50 | 85,0 75,100",
        "75,100! 75,0! 5,70! 95,70",
        "15,0 10,45 40,55 75,45! 80,0! 72,50 65,100",
        "10,10 20,50 50,55 80,40 | 88,0 60,100",
    ),
    5: (
        "85,2! 20,2! 15,45 50,38 88,60 80,92 40,100 5,90",
        "20,3! 15,45! 55,35 90,60 80,92 40,100 5,88 | 20,3 90,0",
        "90,0 30,5! 10,45! 50,38 85,55 85,85 50,100 5,92",
        "80,5! 30,5 20,45 60,45 85,70 65,95 10,100",
        "25,8 20,42! 60,40 85,65 70,95 30,100 5,90 | 28,6 60,12 95,0",
    ),
    6: (
        "75,2 35,20 10,60 20,95 60,100 85,75 65,52 30,58 12,75",
        "65,0 30,35 15,75 40,100 75,90 75,62 45,55 20,75",
        "85,10 55,0 20,25 8,65 30,98 70,98 88,70 65,48 30,55 15,80",
        "40,0 20,40 18,80 45,100 75,85 65,58 35,62 20,82",
        "80,5 40,10 10,50 15,90 55,100 85,80 75,50 40,48 15,65 5,75",
        "75,0 40,15 15,55 20,90 55,98 80,78 60,55 30,62 35,80",
    ),
    7: (
        "5,5! 90,5! 40,100",
        "5,8 45,3 85,8 70,45 40,100",
        "5,5! 90,5! 45,100 | 25,52 80,48",
        "5,5! 90,5! 60,50 50,100 | 35,50 85,50",
        "10,20 10,5! 85,5! 55,45 45,100",
        "8,28 12,5! 45,10 90,3! 50,60 40,100 | 20,55 80,52",
        "0,40 15,8 30,12 45,25 65,18 85,0! 60,50 50,100 | 20,62 85,58",
        "5,35 20,5! 35,22 60,20 90,0! 62,50 50,100 | 25,60 85,55",
        "0,30 18,5 38,22 60,15 80,2! 55,60 45,100",
    ),
    8: (
        "75,12 45,0 18,18 35,42 70,60 85,85 50,100 15,85 30,58 65,42 80,20 60,2",
        "50,48 20,35 20,8 50,0 80,10 78,38 50,48 18,65 15,90 50,100 85,90 82,65 50,48",
        "50,0 25,10 25,38 50,48 75,38 75,10 50,0 | 50,48 18,60 15,88 50,100 85,88 82,60 50,48",
        "85,5 50,0 20,20 45,48 80,75 55,100 20,85 40,55 90,8",
    ),
    9: (
        "80,20 50,0 15,15 15,45 50,55 80,40 82,10! 82,60 75,100",
        "80,15 50,0 15,18 18,48 55,52 82,25! 80,70 55,98 15,92",
        "75,20 45,5 15,25 25,50 60,45 75,20 70,60 45,95 20,100 5,85 20,75",
        "70,10 35,5 20,30 40,48 70,35 75,10 78,45 65,85 30,100 5,90 15,78 35,85",
        "60,5 30,8 20,35 50,45 70,25 55,5 75,20 80,55 60,92 20,100 0,85",
        "75,10 40,0 15,25 35,48 70,30 78,8! 60,100",
        "62,30 70,12 45,0 20,18 30,42 60,42 78,15 82,50 60,90 25,98 8,82",
        "55,25 75,20 65,3 30,5 18,30 45,45 75,25 80,60 55,95 15,95 5,80",
        "80,15 50,0 15,18 18,48 55,52 82,25 75,65 40,100 5,88 25,72 60,88",
    ),
}


def write_digit(label: int, rng: Rng) -> Ink:
    """The ink of a digit after a random prototype, a little different each time: strokes float64 (2, n)."""
    prototypes = PROTOTYPES[label]
    prototype = prototypes[int(rng.integers(len(prototypes)))]
    return [
        np.concatenate([_smooth_line(segment) for segment in _parse_stroke(stroke, rng)], axis=1)
        for stroke in prototype.split("|")
    ]


def _parse_stroke(stroke: str, rng: Rng) -> list[np.ndarray]:
    """The points (2, n) of each piece between two corners, moved at random. Neighbouring pieces share their corner."""
    pieces: list[list[np.ndarray]] = [[]]
    for word in stroke.split():
        point = np.array([float(number) for number in word.rstrip("!").split(",")]) + rng.normal(0, POINT_DEVIATION, 2)
        pieces[-1].append(point)
        if word.endswith("!"):
            pieces.append([point])
    return [np.array(piece).T for piece in pieces if len(piece) > 1]


def _smooth_line(points: np.ndarray) -> np.ndarray:
    """A Catmull-Rom spline (Catmull and Rom 1974) through points (2, n): (2, (n - 1) * POINTS_PER_SEGMENT + 1)."""
    padded = np.concatenate([points[:, :1], points, points[:, -1:]], axis=1)  # (2, n + 2): the ends twice
    # Each segment runs from `start` to `end`; the points `before` and `after` give its direction at the ends.
    before, start, end, after = (padded[:, i : i + points.shape[1] - 1, None] for i in range(4))  # (2, n - 1, 1) each
    t = np.arange(POINTS_PER_SEGMENT) / POINTS_PER_SEGMENT  # along a segment, 0 to 1
    curve = start + 0.5 * t * (
        end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )  # (2, n - 1, POINTS_PER_SEGMENT)
    return np.concatenate([curve.reshape(2, -1), points[:, -1:]], axis=1)
