"""A plot as SVG that fits any width: places across in per cent, places down in pixels. Pure: numbers in, places out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEIGHT = 240  # pixels
TOP, BOTTOM = 12, 12  # pixels left free for dots at the rim
SIDE = 4.0  # per cent left free at both sides
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
MOST_TICKS = 5
MOST_NAMES = 10  # version numbers under the plot


@dataclass(frozen=True)
class Scale:
    """From a share at the bottom up to 1 at the top, with a line at each step."""

    bottom: float
    step: float

    @classmethod
    def of(cls, shares: Iterable[float]) -> Scale:
        """The finest one that shows all shares with at most so many lines above the lowest."""
        lowest = min(shares, default=1.0)
        step = next((step for step in STEPS if (1 - lowest) / step <= MOST_TICKS), STEPS[-1])
        below = max(1, -int(-(1 - lowest) / step // 1))  # whole steps down from 1, rounded up
        return cls(max(0.0, 1 - below * step), step)

    @property
    def ticks(self) -> list[float]:
        """The shares that have a line, the highest first."""
        count = round((1 - self.bottom) / self.step)
        return [round(1 - number * self.step, 6) for number in range(count + 1)]

    def down(self, share: float) -> float:
        """How many pixels from the top."""
        return round(TOP + (1 - share) / (1 - self.bottom) * (HEIGHT - TOP - BOTTOM), 1)


def across(number: int, count: int) -> str:
    """Where the numberth of so many stands: per cent from the left, as SVG understands it in any language."""
    if count == 1:
        return "50%"
    return f"{SIDE + number * (100 - 2 * SIDE) / (count - 1):.2f}%"


def along(share: float) -> str:
    """The same for a share of the width between the free sides."""
    return f"{SIDE + min(max(share, 0.0), 1.0) * (100 - 2 * SIDE):.2f}%"


def named(count: int) -> list[int]:
    """Which of so many get their name written under the plot: the last one always, the others evenly."""
    every = -(-count // MOST_NAMES)
    return [number for number in range(count) if (count - 1 - number) % every == 0]
