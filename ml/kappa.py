"""How far two people agree beyond what chance would give: Cohen's kappa (1960), of a table of counts.

A table is k x k: row by row what the first one said, column by column what the second one said about the same.
"""

from __future__ import annotations

import numpy as np


def agreement(table: np.ndarray) -> float | None:
    """The share of the same answers; None where there are none."""
    total = table.sum()
    return float(np.trace(table) / total) if total else None


def kappa(table: np.ndarray) -> float | None:
    """1: always the same, 0: no more often than by chance, below: less often.

    None where it is not defined: without answers, or where both always say one and the same.
    """
    seen = agreement(table)
    if seen is None:
        return None
    shares = table / table.sum()
    chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    return (seen - chance) / (1 - chance) if chance < 1 else None


def one_against_rest(table: np.ndarray, at: int) -> np.ndarray:
    """The 2 x 2 table of one answer: [[both, first alone], [second alone, neither]]."""
    both, first, second = table[at, at], table[at].sum(), table[:, at].sum()
    return np.array([[both, first - both], [second - both, table.sum() - first - second + both]])


def pooled(table: np.ndarray) -> np.ndarray:
    """Where it means nothing who of a pair is the first: each answer counts in both orders."""
    return table + table.T
