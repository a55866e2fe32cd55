"""How near fitted figures are to the ink of both generators, and what a fit costs.

    python -m tests.benchmarks.figures [20]

Prints for each shape the median and the largest error (root mean square distance of the ink from the figure, as a share
of the ink's longer side) of so many drawings by each generator, and the median processor time of a fit.
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np

from ml.augmentation.shapes_for_tests import draw_test_shape
from ml.augmentation.synthetic_shapes import draw_shape
from ml.figures.figure import FITS, fit_figure


def measure(label: str, drawings: int) -> tuple[float, float, float]:
    """Median error, largest error, and median milliseconds of processor time."""
    errors, times = [], []
    for draw in (draw_shape, draw_test_shape):
        rng = np.random.default_rng(21)
        for _ in range(drawings):
            ink = draw(label, rng)
            start = process_time()
            figure = fit_figure(label, ink)
            times.append(1000 * (process_time() - start))
            assert figure is not None
            errors.append(figure.error)
    return float(np.median(errors)), max(errors), float(np.median(times))


def report(count: int) -> str:
    """The table."""
    lines = ["shape       median error  largest   ms"]
    for shape in FITS:
        middle, worst, milliseconds = measure(shape, count)
        lines.append(f"{shape:12}{100 * middle:10.1f} %{100 * worst:8.1f} %{milliseconds:6.1f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(report(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
