"""Minimise a sum of squares by Levenberg and Marquardt's method (Levenberg 1944, Marquardt 1963)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

STEP = 1e-5  # for derivatives
ENOUGH = 1e-6  # relative gain below which it stops


def minimise(off: Callable[[np.ndarray], np.ndarray], start: np.ndarray, *, rounds: int = 20) -> np.ndarray:
    """The values (k,) near `start` where the squares of `off(values)`, (n,), add up to a minimum.

    Derivatives are differences. Values for which `off` is not finite are not taken.
    """
    values = np.asarray(start, np.float64).copy()
    errors = off(values)
    best, damping = float(errors @ errors), 1e-2
    for _ in range(rounds):
        slopes = np.stack([(off(values + step) - errors) / STEP for step in STEP * np.eye(len(values))], axis=1)
        square, gradient = slopes.T @ slopes, slopes.T @ errors
        for _ in range(4):
            scaled = square + damping * np.diag(np.maximum(np.diag(square), 1e-9))
            moved = values - np.linalg.solve(scaled, gradient)
            tried = off(moved)
            now = float(tried @ tried)
            if np.isfinite(now) and now < best:
                break
            damping *= 5
        else:
            return values
        gain, best = best - now, now
        values, errors, damping = moved, tried, damping / 5
        if gain < ENOUGH * best:
            break
    return values
