"""The plots of a report. Each function takes figures and a theme and returns a Matplotlib figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ml.evaluation.metrics import LabelFigures
from ml.reporting.confusions import cell_strengths
from ml.reporting.html.results import ReliabilityBin
from ml.reporting.html.theme import Theme
from ml.statistics import wilson_interval

WIDTH = 6.4  # inches of a figure
ROW = 0.26  # inches of a line of a bar plot
NAMED = 40  # writers are named below their bars up to so many

PERCENT = FuncFormatter(lambda share, _: f"{round(share * 100, 4):g}%")
COUNT = FuncFormatter(lambda count, _: f"{count:,.0f}")


def plot_learning(history: Sequence[Mapping[str, float]], theme: Theme) -> Figure:
    """Plot the loss, and the accuracy on the training data if it was measured, by epoch."""
    figure = Figure(figsize=(WIDTH, 2.4))
    epochs = [line["epoch"] for line in history]
    keys = [key for key in ("loss", "accuracy") if all(key in line for line in history)]
    panels = zip(figure.subplots(1, len(keys), squeeze=False)[0], keys, (theme.amber, theme.accent), strict=False)
    for axes, key, colour in panels:
        axes.plot(epochs, [line[key] for line in history], color=colour, marker="o", markersize=2.5, linewidth=1.5)
        axes.set_title(key.capitalize())
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        if key == "accuracy":
            axes.yaxis.set_major_formatter(PERCENT)
    return figure


def plot_labels(lines: Sequence[LabelFigures], names: Sequence[str], theme: Theme) -> Figure:
    """Plot the accuracy by label with its 95 % confidence interval, the lowest first."""
    order = sorted(range(len(lines)), key=lambda index: lines[index].accuracy)
    shares = np.array([lines[index].accuracy for index in order])
    bounds = np.array([wilson_interval(lines[index].accuracy, lines[index].count) for index in order])
    figure = Figure(figsize=(WIDTH, 0.9 + ROW * len(order)))
    axes = figure.subplots()
    rows = np.arange(len(order))
    low = max(0.0, np.floor(float(bounds.min()) * 20 - 0.2) / 20)  # a step of 5 %, a little below the lowest
    axes.hlines(rows, low, shares, color=theme.line, linewidth=1)
    axes.hlines(rows, *bounds.T, color=theme.accent, linewidth=5, alpha=0.3)
    axes.plot(shares, rows, "o", color=theme.accent, markersize=5)
    axes.set_yticks(rows, [names[index] for index in order], color=theme.ink)
    axes.set_xlim(low, 1 + (1 - low) * 0.02)
    axes.invert_yaxis()
    _format_shares(axes)
    return figure


def _format_shares(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(PERCENT)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)


def plot_writers(lines: Sequence[LabelFigures], theme: Theme) -> Figure:
    """Plot the share of wrong answers by writer, the highest first."""
    wrong = [1 - line.accuracy for line in lines]
    figure = Figure(figsize=(WIDTH, 2.6))
    axes = figure.subplots()
    axes.bar(range(len(lines)), wrong, color=theme.amber, width=0.8)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.grid(axis="y")
    axes.tick_params(length=0)
    axes.margins(x=0.01)
    axes.set_ylim(0, max(*wrong, 0.01) * 1.08)
    axes.set_ylabel("wrong")
    if len(lines) <= NAMED:
        axes.set_xticks(range(len(lines)), [line.slug for line in lines], rotation=90 if len(lines) > 16 else 0)
    else:
        axes.set_xticks([])
        axes.set_xlabel(f"{len(lines)} writers")
    return figure


def plot_confusion(matrix: Sequence[Sequence[int]], names: Sequence[str], theme: Theme) -> Figure:
    """Plot a confusion matrix: rows are what was drawn, columns what was answered."""
    counts = np.array(matrix)
    size = min(8.6, max(4.0, 1.2 + 0.36 * len(names)))
    figure = Figure(figsize=(size, size))
    axes = figure.subplots()
    _name_both(axes, names, theme)
    small = 8 if len(names) <= 12 else 6
    cells = _cell_colours(matrix, theme)
    axes.imshow(cells)
    for row, column in zip(*np.nonzero(counts), strict=True):
        on = theme.sheet if row == column else theme.on_amber
        colour = on if cells[row, column, 3] > 0.5 else theme.ink
        axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", size=small, color=colour)
    return figure


def _cell_colours(matrix: Sequence[Sequence[int]], theme: Theme) -> np.ndarray:
    """RGBA (n, n, 4): right answers blue, errors amber."""
    right = np.eye(len(matrix), dtype=bool)
    strength = cell_strengths(matrix) * np.where(right, 1, 0.85)
    colours = np.where(right[..., None], to_rgba(theme.accent), to_rgba(theme.amber))
    return np.concatenate([colours[..., :3], np.maximum(strength, 0.03)[..., None]], axis=2)


def _name_both(axes: Axes, names: Sequence[str], theme: Theme) -> None:
    positions = range(len(names))
    turned = max(map(len, names)) > 3
    axes.set_xticks(positions, names, rotation=90 if turned else 0, color=theme.ink)
    axes.set_yticks(positions, names, color=theme.ink)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("answered")
    axes.set_ylabel("drawn")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def plot_calibration(bins: Sequence[ReliabilityBin], below: float, theme: Theme) -> Figure:
    """Plot accuracy by confidence (a reliability diagram) above the number of answers."""
    figure = Figure(figsize=(4.8, 5.2))
    above, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot([0, 1], [0, 1], color=theme.muted, linewidth=1, linestyle=(0, (4, 3)))
    for found in bins:
        low, high = wilson_interval(found.accuracy, found.count)
        above.vlines(found.confidence, low, high, color=theme.accent, linewidth=4, alpha=0.3)
    above.plot([b.confidence for b in bins], [b.accuracy for b in bins], "o-", color=theme.accent, markersize=4)
    above.set_ylabel("accuracy")
    above.set_ylim(-0.02, 1.02)
    counts.bar([b.low for b in bins], [b.count for b in bins], [b.high - b.low for b in bins], align="edge",
               color=theme.accent, alpha=0.5, edgecolor=theme.sheet)  # fmt: skip
    counts.set_yscale("log")
    counts.yaxis.set_major_formatter(COUNT)
    counts.set_ylabel("drawings")
    counts.set_xlabel("probability of the first guess")
    for axes in (above, counts):
        axes.axvline(below, color=theme.amber, linewidth=1.2)
        axes.grid(axis="y")
        axes.tick_params(length=0)
        axes.xaxis.set_major_formatter(PERCENT)
    above.yaxis.set_major_formatter(PERCENT)
    counts.set_xlim(0, 1)
    return figure


def plot_versions(rows: Sequence[Mapping[str, Any]], theme: Theme) -> Figure:
    """Plot the accuracy of both versions by label. Each of `rows` has name, before (the other) and after (this one)."""
    figure = Figure(figsize=(WIDTH, 1.2 + ROW * len(rows)))
    axes = figure.subplots()
    positions = np.arange(len(rows))
    before, after = (np.array([row[key] for row in rows]) for key in ("before", "after"))
    axes.hlines(positions, before, after, color=np.where(after < before, theme.amber, theme.accent), linewidth=2)
    axes.plot(before, positions, "o", markersize=5, markerfacecolor=theme.sheet, color=theme.muted, label="the other")
    axes.plot(after, positions, "o", markersize=5, color=theme.accent, label="this version")
    axes.set_yticks(positions, [row["name"] for row in rows], color=theme.ink)
    axes.invert_yaxis()
    axes.margins(x=0.03)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    _format_shares(axes)
    return figure
