"""Positions in an SVG plot of any width: x in per cent of the width, y in pixels."""

from __future__ import annotations

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
    """A y axis from `bottom` to 1, with a line at each step."""

    bottom: float
    step: float

    @classmethod
    def of(cls, shares: Iterable[float]) -> Scale:
        """The finest scale that shows all shares with at most MAX_TICKS steps."""
        lowest = min(shares, default=1.0)
        step = next((step for step in STEPS if (1 - lowest) / step <= MAX_TICKS), STEPS[-1])
        below = max(1, -int(-(1 - lowest) / step // 1))  # whole steps down from 1, rounded up
        return cls(max(0.0, 1 - below * step), step)

    @property
    def ticks(self) -> list[float]:
        """The shares with a line, highest first."""
        count = round((1 - self.bottom) / self.step)
        return [round(1 - number * self.step, 6) for number in range(count + 1)]

    def down(self, share: float) -> float:
        """y of a share, in pixels from the top."""
        return round(TOP + (1 - share) / (1 - self.bottom) * (HEIGHT - TOP - BOTTOM), 1)


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
