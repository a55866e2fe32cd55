"""Confidence intervals and exact tests of proportions, and the agreement of two raters."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import product
from math import comb, exp, floor, lgamma

import numpy as np

Z = 1.96  # 95 % of a normal distribution lie within so many standard deviations of its mean


# Proportions


def floor_percent(share: float, decimals: int = 1) -> float:
    """A share from 0 to 1 in percent, rounded down: 0.9996 is 99.9 with one decimal, and not 100."""
    scale = 10**decimals
    return floor(share * 100 * scale + 1e-6) / scale


def margin_of_error(count: int) -> float:
    """The largest half width of a 95 % confidence interval for a proportion of `count` items, at most 1.

    The normal approximation at a proportion of one half, where it is widest.
    """
    return min(1.0, Z / 2 / count**0.5)


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a proportion `share` measured on `count` items.

    Method: the score interval of Wilson (1927). Unlike the normal approximation it stays within 0 and 1
    and is usable for small counts.
    """
    spread = Z * Z / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z * ((share * (1 - share) + spread / 4) / count) ** 0.5 / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def fisher_exact(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The one-sided p-value of Fisher's exact test: is the rate of `first` higher than that of `second`?

    Each argument is (trials, events). Returns the probability of at least as many of all events falling
    on `first` if both had the same rate: the upper tail of the hypergeometric distribution.
    """
    events, total = first[1] + second[1], first[0] + second[0]
    ways = _log_choose(total, events)
    most = min(events, first[0])
    # The logarithms of the probabilities that k of all events fall on `first`.
    logs = (_log_choose(first[0], k) + _log_choose(second[0], events - k) - ways for k in range(first[1], most + 1))
    return min(1.0, sum(exp(log) for log in logs))


def _log_choose(n: int, k: int) -> float:
    """The logarithm of the binomial coefficient, which itself would overflow for large n."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def mcnemar_exact(wins: int, losses: int) -> float:
    """The one-sided p-value of the exact McNemar test (1947) for two models asked about the same items.

    `wins` counts items that only the new model got right, `losses` those that only the old one did. If neither
    were better, each of these items would be a fair coin toss. Returns the probability of `wins` or more heads.
    """
    total = wins + losses
    return sum(comb(total, count) for count in range(wins, total + 1)) / 2**total


FEW_UNITS = 12  # so many can be tried with all combinations of signs
FLIPS = 4_000  # random combinations otherwise
PART = 256  # units whose random signs are made at once


def sign_flip_test(differences: np.ndarray) -> float:
    """The one-sided p-value of the paired randomisation test (Fisher 1935): is the sum of `differences` above 0?

    `differences`, float (n,), are of independent units, such as people: new model minus old model. If neither were
    better, each difference would have the other sign as often. Returns the share of sign combinations whose sum is at
    least as large: all of them for up to 12 units, else 4,000 random ones, always the same.
    """
    moved = differences[differences != 0].astype(np.float64)
    if not len(moved):
        return 1.0
    reached = moved.sum() - 1e-9 * np.abs(moved).sum()
    if len(moved) <= FEW_UNITS:
        return float((_all_signs(len(moved)) @ moved >= reached).mean())
    positive = np.zeros(FLIPS)  # the sum of those whose sign is 1
    for start in range(0, len(moved), PART):
        part = moved[start : start + PART]
        positive += part @ _random_signs(start // PART)[: len(part)]
    found = int((2 * positive - moved.sum() >= reached).sum())
    return (found + 1) / (FLIPS + 1)


@cache
def _all_signs(count: int) -> np.ndarray:
    """All combinations of signs, float (2^count, count) of 1 and -1."""
    return np.array(list(product((1.0, -1.0), repeat=count)))


@lru_cache(maxsize=4)
def _random_signs(part: int) -> np.ndarray:
    """Random signs of the units of a part, int8 (256, 4000): 1 for positive, 0 for negative. Always the same."""
    return np.random.default_rng(part).integers(0, 2, (PART, FLIPS), np.int8)


# Agreement of two raters. A table is int (k, k): rows are the answers of the first rater, columns those of the second.


def observed_agreement(table: np.ndarray) -> float | None:
    """The proportion of equal answers; None for an empty table."""
    total = table.sum()
    return float(np.trace(table) / total) if total else None


def cohens_kappa(table: np.ndarray) -> float | None:
    """Agreement beyond chance (Cohen 1960): 1 always equal, 0 as often as by chance, below 0 less often.

    None where it is undefined: for an empty table, or where both raters always give one and the same answer.
    """
    observed = observed_agreement(table)
    if observed is None:
        return None
    shares = table / table.sum()
    expected = float(shares.sum(axis=1) @ shares.sum(axis=0))  # the agreement of two independent raters
    return (observed - expected) / (1 - expected) if expected < 1 else None


def one_against_rest(table: np.ndarray, index: int) -> np.ndarray:
    """The (2, 2) table of one answer against all others: [[both, first only], [second only, neither]]."""
    both, first, second = table[index, index], table[index].sum(), table[:, index].sum()
    return np.array([[both, first - both], [second - both, table.sum() - first - second + both]])


def symmetric_table(table: np.ndarray) -> np.ndarray:
    """The sum of a table and its transpose, for pairs of raters without an order."""
    return table + table.T


# Mixtures


RESAMPLES = 2_000


def total_variation(first: np.ndarray, second: np.ndarray) -> float:
    """The distance of two mixtures, from 0 (the same) to 1: half the sum of the absolute differences of their shares.

    Each is counts, (classes,), with a sum above 0. It is the share that would have to move to other classes.
    """
    return float(np.abs(first / first.sum() - second / second.sum()).sum() / 2)


def total_variation_by_chance(first: np.ndarray, second: np.ndarray, *, p_value: float) -> float:
    """The distance that two samples of one mixture exceed with the probability `p_value`.

    Both counts are pooled, 2,000 pairs of samples of the same sizes are drawn from the pooled mixture, always the same
    ones, and the quantile of their distances is returned.
    """
    pooled = (first + second) / (first.sum() + second.sum())
    rng = np.random.default_rng(0)
    one = rng.multinomial(int(first.sum()), pooled, RESAMPLES) / first.sum()
    other = rng.multinomial(int(second.sum()), pooled, RESAMPLES) / second.sum()
    return float(np.quantile(np.abs(one - other).sum(axis=1) / 2, 1 - p_value))


def differs_in_mean(first: tuple[float, float, int], second: tuple[float, float, int], *, z: float) -> bool:
    """Whether the means of two samples differ by more than `z` standard errors of their difference (Welch).

    Each is (mean, standard deviation, count), with a count above 0.
    """
    error = (first[1] ** 2 / first[2] + second[1] ** 2 / second[2]) ** 0.5
    return abs(first[0] - second[0]) > z * error
