"""The learning curves of a version: loss and accuracy by epoch, from the history in its bundle."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

import ml
from ml.bundles.bundle import MANIFEST_FILE
from ml.bundles.history import HISTORY_FILE, epochs_of
from recognizer.pages import svg_plot
from recognizer.templatetags.percent import percentage

HEIGHT = 160  # pixels
MAX_TICKS = 5
SHIPPED = Path(ml.__file__).parent / "models"

Epoch = Mapping[str, float]


@dataclass(frozen=True)
class Curve:
    """One figure by epoch. `points` are those of an SVG polyline in a box of 100 x HEIGHT; ticks are y and a text."""

    key: str
    name: str
    ticks: list[tuple[float, str]]
    points: str
    first: float
    last: float
    height: int = HEIGHT


@dataclass(frozen=True)
class LearningCurves:
    """The curves of a training. With `steps`, an epoch is one step of training the last layer."""

    epochs: list[dict[str, float]]
    curves: list[Curve]
    names: list[tuple[str, int]]  # x, and the number of the epoch
    steps: bool

    @property
    def seconds(self) -> float:
        """How long all epochs took; 0 if it is not known."""
        return sum(epoch.get("seconds", 0.0) for epoch in self.epochs)

    @property
    def minutes(self) -> int:
        """The same in minutes, rounded up."""
        return math.ceil(self.seconds / 60)


def history_of(version: Any) -> Any:
    """The history of one of `cards.versions_with_details`: epochs, why there are none, or None."""
    return version.history or _shipped_history(version.checksums.get("keras", ""))


def learning_curves(version: Any) -> LearningCurves | None:
    """The curves of one of `cards.versions_with_details`; None if it has no epochs."""
    epochs = epochs_of({"history": history_of(version)})
    if not epochs:
        return None
    across = [svg_plot.position_of_index(index, len(epochs)) for index in range(len(epochs))]
    measured = [key for key in ("loss", "accuracy") if all(key in epoch for epoch in epochs)]
    return LearningCurves(
        epochs=epochs,
        curves=[_curve(key, [epoch[key] for epoch in epochs], across) for key in measured],
        names=[(across[index], int(epochs[index]["epoch"])) for index in svg_plot.labelled_indexes(len(epochs))],
        steps=(version.training or {}).get("mode") == "head",
    )


def _curve(key: str, values: list[float], across: list[str]) -> Curve:
    if key == "accuracy":
        scale = svg_plot.Scale.of(values)
        low, high = scale.bottom, 1.0
        ticks = [(share, percentage(share, 0 if scale.step >= 0.01 else 1)) for share in scale.ticks]
    else:
        step = _round_step(max(values))
        low, high = 0.0, step * max(1, math.ceil(max(values) / step))
        decimals = max(0, -math.floor(math.log10(step)))
        ticks = [(step * count, number_format(step * count, decimals)) for count in range(round(high / step) + 1)]

    def down(value: float) -> float:
        top, bottom = svg_plot.TOP, HEIGHT - svg_plot.BOTTOM
        return round(bottom - (value - low) / (high - low) * (bottom - top), 1)

    points = " ".join(f"{x.rstrip('%')},{down(value)}" for x, value in zip(across, values, strict=True))
    name = {"loss": _("Loss"), "accuracy": _("Accuracy")}[key]
    return Curve(key, name, [(down(value), text) for value, text in ticks], points, values[0], values[-1])


def _round_step(highest: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten of which MAX_TICKS reach the highest value."""
    least = max(highest, 1e-6) / MAX_TICKS
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)


@lru_cache
def _shipped_history(keras_sha256: str) -> Any:
    """The history of the shipped bundle with this Keras file: versions of earlier releases were installed without."""
    for path in SHIPPED.glob(f"*/{MANIFEST_FILE}"):
        if json.loads(path.read_text("utf-8"))["sha256"]["keras"] == keras_sha256:
            return json.loads((path.parent / HISTORY_FILE).read_text("utf-8"))
    return None
