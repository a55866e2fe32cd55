"""One synthetic drawing for each recognizer, to show what preprocessing and training do to a drawing.

Nobody drew them: they are written by code, so they can be shown anywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.augmentation.synthetic_digits import write_digit
from ml.preprocessing.ink import Ink

HOUSE: Ink = [
    np.array([[14.0, 14, 86, 86, 14], [98.0, 44, 44, 98, 98]]),
    np.array([[6.0, 50, 94], [46.0, 8, 46]]),
    np.array([[42.0, 42, 58, 58], [98.0, 68, 68, 98]]),
]


class ExampleDrawing(NamedTuple):
    """A synthetic drawing, and the slug of the label that it shows; empty if no label says what it is."""

    ink: Ink
    slug: str


def example_drawing(recognizer: str) -> ExampleDrawing:
    """The example of a recognizer, the same each time: a digit, or a house."""
    if recognizer == "digits":
        return ExampleDrawing(write_digit(4, np.random.default_rng(14)), "4")
    if recognizer == "bangla-digits":  # the Bangla four has the form of a Latin eight
        return ExampleDrawing(write_digit(8, np.random.default_rng(10)), "4")
    return ExampleDrawing(HOUSE, "house" if recognizer == "sketches" else "")
