"""Positions in an SVG plot of any width: x in per cent of the width, y in pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

HEIGHT = 240  # pixels
TOP, BOTTOM = 12, 12  # pixels of margin
MARGIN = 4.0  # per cent of margin on both sides
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
MAX_TICKS = 5
MAX_NAMES = 10  # version numbers below the plot


@dataclass(frozen=True)
class Scale:
    """An axis from `bottom` to `top`, with a line at each step."""

    bottom: float
    step: float
    top: float = 1.0

    @classmethod
    def of(cls, shares: Iterable[float]) -> Scale:
        """The finest scale that shows all shares with at most MAX_TICKS steps."""
        lowest = min(shares, default=1.0)
        step = next((step for step in STEPS if (1 - lowest) / step <= MAX_TICKS), STEPS[-1])
        below = max(1, -int(-(1 - lowest) / step // 1))  # whole steps down from 1, rounded up
        return cls(max(0.0, 1 - below * step), step)

    @classmethod
    def around(cls, values: Iterable[float]) -> Scale:
        """The finest scale that shows all values with at most MAX_TICKS steps, from just below to just above them."""
        found = sorted(values)
        for step in STEPS:
            # Whole steps from 0; a value that differs from one by a rounding error is on it.
            first, last = math.floor(found[0] / step + 1e-9), math.ceil(found[-1] / step - 1e-9)
            if last - first <= MAX_TICKS or step == STEPS[-1]:
                break
        return cls(first * step, step, max(last, first + 1) * step)

    @property
    def ticks(self) -> list[float]:
        """The values with a line, highest first."""
        count = round((self.top - self.bottom) / self.step)
        return [round(self.top - number * self.step, 6) for number in range(count + 1)]

    def down(self, value: float, height: int = HEIGHT) -> float:
        """y of a value, in pixels from the top."""
        return round(TOP + (1 - self._part(value)) * (height - TOP - BOTTOM), 1)

    def across(self, value: float) -> str:
        """x of a value, as an SVG percentage."""
        return position_of_share(self._part(value))

    def _part(self, value: float) -> float:
        """Where a value is between the ends, 0 to 1."""
        return (value - self.bottom) / (self.top - self.bottom)


def position_of_index(index: int, count: int) -> str:
    """x of the index-th of `count` items, as an SVG percentage."""
    if count == 1:
        return "50%"
    return f"{MARGIN + index * (100 - 2 * MARGIN) / (count - 1):.2f}%"


def position_of_share(share: float) -> str:
    """x of a share of the width between the margins, as an SVG percentage."""
    return f"{MARGIN + min(max(share, 0.0), 1.0) * (100 - 2 * MARGIN):.2f}%"


def labelled_indexes(count: int) -> list[int]:
    """The indexes whose names are shown: the last one and others at even distances."""
    every = -(-count // MAX_NAMES)
    return [number for number in range(count) if (count - 1 - number) % every == 0]
