"""The section of a report that compares two versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml.reporting.figures import NEGATIVES_UNSURE, SHARES, percent
from ml.reporting.html import contact_sheets, plots
from ml.reporting.html.page import Illustration, Section, folded, table, text
from ml.reporting.html.results import VersionComparison
from ml.reporting.html.sections import mistake_captions, plot_names, table_names
from ml.reporting.html.theme import draw

SIGNIFICANT = 0.05  # a p-value below it


def version_section(versions: VersionComparison, other: Mapping[str, Any]) -> Section:
    """Return which version is right where the other is not: overall, by label, in pictures.

    `other` is the manifest of the other version.
    """
    names = plot_names(versions.this)
    rows = _label_rows(versions, names)
    full_names = table_names(versions.this)
    lines = [
        (full_names[row["index"]], f"{row['count']:,}", percent(row["after"]), percent(row["before"]),
         f"{row['after'] - row['before']:+.2%}")
        for row in rows
    ]  # fmt: skip
    picture = draw(lambda theme: plots.plot_versions(rows, theme))
    both = versions.this.figures, versions.other.figures
    shares = [*SHARES.items(), *([("junk_unsure", NEGATIVES_UNSURE)] if both[0].junk_count else [])]
    overall = [(name, *(percent(getattr(figures, key)) for figures in both)) for key, name in shares]
    parts: list[str | Illustration] = [
        text(_summary(versions, other)),
        table(("", "this version", "the other"), overall),
        Illustration("versions", picture, "Accuracy of both versions by label"),
        folded("All figures", table(("label", "drawings", "this version", "the other", "difference"), lines)),
        *_sheet(versions, names, "won", "Only this version is right: answers of the other version."),
        *_sheet(versions, names, "lost", "Only the other version is right: answers of this version."),
    ]
    return Section("versions", "Two versions", parts)


def _summary(versions: VersionComparison, other: Mapping[str, Any]) -> str:
    won, lost = len(versions.won), len(versions.lost)
    counts = (
        f"Compared with the version of {other['created'][:10]} ({other['sha256']['tflite'][:8]}) on the same drawings: "
        f"{won:,} are right only in this version, {lost:,} only in the other. "
    )
    if not won + lost:
        return f"{counts}Both versions are right about the same drawings."
    verdict = "is probably not chance" if versions.chance < SIGNIFICANT else "may be chance"
    return (
        f"{counts}The difference {verdict}: if neither version were better, {versions.chance:.1%} of such tests would "
        "differ as much (McNemar's exact test)."
    )


def _label_rows(versions: VersionComparison, names: Sequence[str]) -> list[dict[str, Any]]:
    """Of each label that was drawn: its index, name, count and both accuracies; the greatest loss first."""
    lines = zip(names, versions.this.figures.labels, versions.other.figures.labels, strict=True)
    rows = [
        {"index": index, "name": name, "count": this.count, "before": other.accuracy, "after": this.accuracy}
        for index, (name, this, other) in enumerate(lines)
        if this.count
    ]
    return sorted(rows, key=lambda row: row["after"] - row["before"])


def _sheet(versions: VersionComparison, names: Sequence[str], name: str, caption: str) -> list[Illustration]:
    """Drawings that one of the versions answers wrongly, with its answers."""
    rows, wrong = (versions.won, versions.other) if name == "won" else (versions.lost, versions.this)
    if not len(rows):
        return []
    shown = rows[np.argsort(-wrong.confidence[rows], kind="stable")][: contact_sheets.SHOWN]
    captions = mistake_captions(wrong, shown, names)
    picture = draw(lambda theme: contact_sheets.captioned_sheet(versions.this.rasters[shown], captions, theme))
    return [Illustration(name, picture, caption, caption)]
