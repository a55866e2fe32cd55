"""What a share that was measured on few drawings is worth."""

from __future__ import annotations

Z = 1.96  # standard deviations on either side, which hold 95 of 100 cases


def chance(count: int) -> float:
    """By how much a share of `count` drawings may be off, at most, in 95 of 100 cases."""
    return min(1.0, Z / 2 / count**0.5)


def between(share: float, count: int) -> tuple[float, float]:
    """What a share measured on `count` drawings may really be, in 95 of 100 cases (Wilson's interval)."""
    spread = Z * Z / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z * ((share * (1 - share) + spread / 4) / count) ** 0.5 / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
