"""How all reports write figures: percentages, the names of labels, and the overall figures of a test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ml.evaluation.metrics import EvaluationReport
from ml.statistics import wilson_interval

SHARES = {
    "accuracy": "accuracy",
    "top3": "top-3 accuracy",
    "unsure": "not sure",
    "accuracy_when_sure": "accuracy when sure",
    "ece": "calibration error (ECE)",
}
"""The overall shares of an EvaluationReport, and what they are called."""
MOST_LABELS = 60
"""With more labels, a matrix or a plot of all of them says nothing: only the worst are shown."""
NEGATIVES_UNSURE = "negative examples: not sure"


def percent(share: float | None) -> str:
    """Return a share from 0 to 1 as text; a dash if there was nothing to measure."""
    return "–" if share is None or math.isnan(share) else f"{share:.2%}"


def share_with_interval(share: float, count: int, what: str) -> str:
    """Return the share of `count` drawings that are `what`, with its 95 % confidence interval, as text."""
    low, high = wilson_interval(share, count)
    return f"{percent(share)} of {count:,} {what} (95 % confidence interval: {low:.1%} to {high:.1%})"


def label_name(label: Mapping[str, Any]) -> str:
    """Return the glyph of a label, or its name if it has no glyph."""
    return str(label["glyph"] or label["name"])


def label_text(label: Mapping[str, Any]) -> str:
    """Return the name of a label, with its slug where not everybody can read the script: ৭ (7), 7, alarm clock."""
    name = label_name(label)
    return name if name.isascii() else f"{name} ({label['slug']})"


def overall_figures(report: EvaluationReport) -> list[tuple[str, str]]:
    """Return the overall figures of a test as (name, text)."""
    figures = [("drawings", f"{report.count:,}")]
    figures += [(name, percent(getattr(report, key))) for key, name in SHARES.items()]
    if report.junk_count:
        figures.append(("negative examples", f"{report.junk_count:,}"))
        figures.append((NEGATIVES_UNSURE, percent(report.junk_unsure)))
    return figures
