"""The training history of a bundle: the loss by epoch, or why there is none.

A history is a list with one object for each epoch: `epoch` (from 1), `loss`, and, where they were measured, `accuracy`
(on the varied drawings of that epoch, a share) and `seconds`. If only the last layer was trained, an epoch is one step
on all drawings. A training whose figures are lost has `{"missing": "why, as a sentence"}` instead.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

HISTORY_FILE = "history.json"  # beside the manifest of a saved bundle
NOT_STORED = "This model was saved by a release of Inkling that did not store training histories."

Epochs = Sequence[Mapping[str, float]]


def history_problem(history: object) -> str:
    """What is wrong with a history, as a sentence; empty if nothing is wrong."""
    if isinstance(history, dict):
        if isinstance(history.get("missing"), str) and history["missing"].strip():
            return ""
        return 'A training history without epochs must say why: {"missing": "..."}.'
    if not isinstance(history, list) or not history:
        return f"The training history must be a list of epochs, not {history!r:.80}. Train again."
    wrong = next((row for number, row in enumerate(history, 1) if not _is_epoch(row, number)), None)
    return "" if wrong is None else f"An epoch of the training history is not valid: {wrong!r:.80}. Train again."


def _is_epoch(row: object, number: int) -> bool:
    if not isinstance(row, dict) or row.get("epoch") != number or "loss" not in row:
        return False
    measured = [row[key] for key in ("loss", "accuracy", "seconds") if key in row]
    is_measured = all(isinstance(value, int | float) and math.isfinite(value) and value >= 0 for value in measured)
    return is_measured and row.get("accuracy", 0) <= 1


def epochs_of(manifest: Mapping[str, Any]) -> list[dict[str, float]]:
    """The epochs in the history of a manifest; empty if they are missing."""
    history = manifest.get("history")
    return history if isinstance(history, list) else []


class HistoryRecorder:
    """Passes the progress of a training on, and makes its history: the mean loss of each epoch.

    Where a training fits several times, the history is that of the last fit.
    """

    def __init__(self, report: Callable[[dict[str, Any]], None]) -> None:
        self._report = report
        self._losses: list[list[float]] = []  # of each epoch so far
        self._seconds: list[float] = []  # when each epoch last reported
        self._began = time.monotonic()
        self._fit = ""

    def __call__(self, progress: dict[str, Any]) -> None:
        """Take what a training reports: {"step", "epoch", "loss", ...}. Raises what `report` raises."""
        self._report(progress)
        if progress.get("loss") is None:
            return
        epoch, now = int(progress["epoch"]), time.monotonic()
        if self._fit != progress["step"] or epoch < len(self._losses):
            self._losses, self._seconds, self._began, self._fit = [], [], now, progress["step"]
        if epoch > len(self._losses):
            self._losses.append([])
            self._seconds.append(now)
        self._losses[-1].append(float(progress["loss"]))
        self._seconds[-1] = now

    @property
    def epochs(self) -> list[dict[str, float]]:
        """The history so far."""
        starts = [self._began, *self._seconds]
        return [
            {"epoch": number, "loss": round(sum(losses) / len(losses), 5), "seconds": round(end - start, 5)}
            for number, (losses, start, end) in enumerate(zip(self._losses, starts, self._seconds, strict=False), 1)
        ]
