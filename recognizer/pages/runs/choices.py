"""How a run chose its settings: the gain and the loss of each candidate, from the records of `ml.training.choice`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.models import TrainingRun
from recognizer.pages import svg_plot
from recognizer.templatetags.percent import percentage

HEIGHT = 200  # pixels
LAYERS = {"last layer": gettext_lazy("Last layer"), "all layers": gettext_lazy("All layers")}
SETTINGS = {  # a name that is missing here is shown as it is
    "weight": gettext_lazy("Weight of the new drawings"),
    "soft": gettext_lazy("Share of the base version's answers in the targets"),
    "share": gettext_lazy("Share of the new weights"),
}
SHARES = ("soft", "share")  # shown in per cent


class ChoiceRow(NamedTuple):
    """A row of the table: the base, or one candidate. Texts."""

    settings: list[str]
    correct: str
    log_loss: str
    drop: str
    chosen: bool
    too_much: bool


class ChoiceDot(NamedTuple):
    """A candidate in the plot."""

    x: str
    y: float
    row: ChoiceRow


@dataclass(frozen=True)
class ChoicePlot:
    """Gain (up) against loss (to the right). x in per cent of the width, y in pixels."""

    ticks: list[tuple[float, str]]  # y and its text
    names: list[tuple[str, str]]  # x and its text
    start: ChoiceDot  # the base
    curves: list[list[ChoiceDot]]  # the candidates; in each curve one setting grows
    allowed: str  # x of the largest loss that is allowed
    height: int = HEIGHT

    @property
    def lines(self) -> list[tuple[ChoiceDot, ChoiceDot]]:
        """Lines from the base through the dots of each curve."""
        return [pair for curve in self.curves for pair in zip([self.start, *curve], curve, strict=False)]

    @property
    def beyond(self) -> str:
        """The width right of `allowed`, as an SVG percentage."""
        return f"{100 - float(self.allowed.rstrip('%')):.2f}%"


@dataclass(frozen=True)
class ShownChoice:
    """One choice of a run. `settings` are the names of the columns, `rows` are empty if nothing was compared."""

    layers: str
    why: str
    chosen: list[tuple[str, str]]  # names and values
    settings: list[str]
    rows: list[ChoiceRow]
    allowed: str
    plot: ChoicePlot | None


def choices_of(run: TrainingRun) -> list[ShownChoice]:
    """The choices of a run, in the order in which they were made. Runs of earlier releases have none."""
    return [_show(record) for record in run.verdict.get("choices", [])]


def _show(record: Mapping[str, Any]) -> ShownChoice:
    # In the order of the names here: PostgreSQL returns the keys of JSON in an order of its own.
    known = [key for key in SETTINGS if key in record["settings"]]
    keys = known + sorted(record["settings"].keys() - SETTINGS)
    candidates = record["candidates"]
    names = [str(SETTINGS.get(key, key)) for key in keys]
    values = [_setting(key, record["settings"][key]) for key in keys]
    plot = _plot(record, keys) if candidates else None
    dots = [plot.start, *(dot for curve in plot.curves for dot in curve)] if plot else []
    return ShownChoice(
        layers=str(LAYERS.get(record["layers"], record["layers"])),
        why=record["why"],
        chosen=list(zip(names, values, strict=True)),
        settings=names,
        rows=[dot.row for dot in dots],
        allowed=_points(record["allowed"]) if candidates else "",
        plot=plot,
    )


def _plot(record: Mapping[str, Any], keys: list[str]) -> ChoicePlot:
    candidates, before, allowed = record["candidates"], record["before"], record["allowed"]
    gains = svg_plot.Scale.around([before, *(each["accuracy"] for each in candidates)])
    losses = svg_plot.Scale.around([0.0, allowed, *(each["drop"] for each in candidates)])

    def dot(accuracy: float, drop: float, row: ChoiceRow) -> ChoiceDot:
        return ChoiceDot(losses.across(drop), gains.down(accuracy, HEIGHT), row)

    names = [_("Base version"), *["–"] * (len(keys) - 1)]
    start = ChoiceRow(names, percentage(before, 1), "–", _points(0.0), chosen=False, too_much=False)
    curves = [
        [dot(each["accuracy"], each["drop"], _row(each, keys)) for each in curve] for curve in _curves(candidates, keys)
    ]
    return ChoicePlot(
        ticks=[(gains.down(share, HEIGHT), percentage(share, 0 if gains.step >= 0.01 else 1)) for share in gains.ticks],
        names=[(losses.across(drop), _points(drop, 1)) for drop in reversed(losses.ticks)],
        start=dot(before, 0.0, start),
        curves=curves,
        allowed=losses.across(allowed),
    )


def _curves(candidates: list[dict[str, Any]], keys: list[str]) -> Iterable[list[dict[str, Any]]]:
    """The candidates that differ in the first setting only, in its order."""

    def others(candidate: dict[str, Any]) -> list[float]:
        return [candidate[key] for key in keys[1:]]

    ordered = sorted(candidates, key=lambda each: (others(each), each[keys[0]]))
    return [list(curve) for _others, curve in groupby(ordered, key=others)]


def _row(candidate: Mapping[str, Any], keys: list[str]) -> ChoiceRow:
    return ChoiceRow(
        settings=[_setting(key, candidate[key]) for key in keys],
        correct=percentage(candidate["accuracy"], 1),
        log_loss=number_format(candidate["log_loss"], 4),
        drop=_points(candidate["drop"]),
        chosen=candidate["chosen"],
        too_much=not candidate["fits"],
    )


def _setting(key: str, value: float) -> str:
    return percentage(value, 0) if key in SHARES else number_format(value, 0 if value == int(value) else 2)


def _points(drop: float, decimals: int = 2) -> str:
    """A drop of a share in percentage points."""
    return number_format(round(100 * drop, decimals) + 0.0, decimals)  # + 0.0: not "-0.00"
