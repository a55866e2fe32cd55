"""The chapter that sets two versions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml.reporting.html import contact_sheets, plots
from ml.reporting.html.page import Illustration, Section, folded, table, text
from ml.reporting.html.results import VersionComparison
from ml.reporting.html.sections import mistake_captions, plot_names, table_names
from ml.reporting.html.theme import draw
from ml.reporting.text_tables import percent

LITTLE = 0.05  # chance below which a difference is called one


def version_section(duel: VersionComparison, other: Mapping[str, Any]) -> Section:
    """Who is right where the other is not, overall, by label, and in pictures; `other` is the other's manifest."""
    drawn = plot_names(duel.this)
    rows = _by_label(duel, drawn)
    picture = draw(lambda theme: plots.plot_versions(rows, theme))
    parts: list[str | Illustration] = [
        text(_told(duel, other)),
        table(("", "this version", "the other"), _overall(duel)),
        Illustration("versions", picture, "Accuracy of both versions by label"),
        folded("The figures", _label_table(rows, table_names(duel.this))),
        *_sheet(duel, duel.won, drawn, "won", "Only this version is right: what the other answered."),
        *_sheet(duel, duel.lost, drawn, "lost", "Only the other is right: what this version answers."),
    ]
    return Section("versions", "Two versions", parts)


def _told(duel: VersionComparison, other: Mapping[str, Any]) -> str:
    won, lost = len(duel.won), len(duel.lost)
    beside = (
        f"Beside the version of {other['created'][:10]} ({other['sha256']['tflite'][:8]}), on the same drawings: only "
        f"this one is right about {won:,}, only the other about {lost:,}. "
    )
    if not won + lost:
        return f"{beside}They are right and wrong about the same drawings."
    chance = f"were neither better, a split at least as uneven would come about in {duel.chance:.1%} of such tests"
    if duel.chance < LITTLE:
        return f"{beside}That is hardly chance: {chance} (McNemar's exact test)."
    return f"{beside}That may well be chance: {chance} (McNemar's exact test)."


def _overall(duel: VersionComparison) -> list[tuple[str, str, str]]:
    figures = duel.this.figures, duel.other.figures
    rows = [
        ("right", "accuracy"),
        ("right among the first 3", "top3"),
        ("not sure", "unsure"),
        ("right where it is sure", "accuracy_when_sure"),
        ("calibration error", "ece"),
    ]
    if figures[0].junk_count:
        rows.append(("drawings of none: not sure", "junk_unsure"))
    return [(name, *(percent(getattr(side, key)) for side in figures)) for name, key in rows]  # type: ignore[misc]


def _by_label(duel: VersionComparison, names: Sequence[str]) -> list[dict[str, Any]]:
    """Of each label that was drawn: its place and name, how many, and both shares; the greatest loss first."""
    lines = zip(names, duel.this.figures.labels, duel.other.figures.labels, strict=True)
    rows = [
        {"place": place, "name": name, "count": this.count, "before": other.accuracy, "after": this.accuracy}
        for place, (name, this, other) in enumerate(lines)
        if this.count
    ]
    return sorted(rows, key=lambda row: row["after"] - row["before"])


def _label_table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    lines = [
        (names[row["place"]], f"{row['count']:,}", percent(row["after"]), percent(row["before"]),
         f"{row['after'] - row['before']:+.2%}")
        for row in rows
    ]  # fmt: skip
    return table(("label", "drawings", "this version", "the other", "difference"), lines)


def _sheet(
    duel: VersionComparison, places: np.ndarray, names: Sequence[str], name: str, caption: str
) -> list[Illustration]:
    """Drawings that one of the two answers wrongly: what they are, and what that one answered."""
    if not len(places):
        return []
    wrong = duel.other if name == "won" else duel.this
    shown = places[np.argsort(-wrong.confidence[places], kind="stable")][: contact_sheets.SHOWN]
    captions = mistake_captions(wrong, shown, names)
    picture = draw(lambda theme: contact_sheets.captioned_sheet(duel.this.rasters[shown], captions, theme))
    return [Illustration(name, picture, caption, caption)]
