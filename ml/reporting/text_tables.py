"""Figures as plain text: what `python -m ml` prints when nobody asked for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ml.evaluation.metrics import EvaluationReport, LabelFigures


def percent(share: float | None) -> str:
    """A share from 0 to 1 as text; a dash if there was nothing to measure."""
    return "–" if share is None or math.isnan(share) else f"{share:.2%}"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns under their header: the first to the left, the others to the right."""
    lines = [list(map(str, row)) for row in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in cells).rstrip()
        for cells in (enumerate(zip(line, widths, strict=True)) for line in lines)
    )


def report_text(report: EvaluationReport, *, by_writer: bool = False) -> str:
    """An evaluation as tables: overall, by label, the confusion matrix, and by writer if asked for."""
    slugs = [label.slug for label in report.labels]
    parts = [
        table(("overall", ""), _overall(report)),
        _figures_table("label", report.labels),
        table(("true \\ answer", *slugs), [(slug, *row) for slug, row in zip(slugs, report.confusion, strict=True)]),
    ]
    if by_writer:
        parts.append(_figures_table("writer", report.writers) if report.writers else "The files name no writers.")
    return "\n\n".join(parts)


def tests_text(reports: Mapping[str, EvaluationReport]) -> str:
    """Several evaluations, one a line."""
    header = ("test", "drawings", "accuracy", "first 3", "not sure", "when sure", "ECE", "junk", "not sure")
    rows = [
        (
            name,
            f"{report.count:,}",
            *map(percent, (report.accuracy, report.top3, report.unsure, report.accuracy_when_sure, report.ece)),
            f"{report.junk_count:,}",
            percent(report.junk_unsure),
        )
        for name, report in reports.items()
    ]
    return table(header, rows)


def _overall(report: EvaluationReport) -> list[tuple[str, str]]:
    rows = [
        ("drawings", f"{report.count:,}"),
        ("accuracy", percent(report.accuracy)),
        ("right label among the first 3", percent(report.top3)),
        ("answered 'not sure'", percent(report.unsure)),
        ("accuracy of the others", percent(report.accuracy_when_sure)),
        ("calibration error (ECE, 15 equal bins)", percent(report.ece)),
    ]
    if report.junk_count:
        rows += [("junk", f"{report.junk_count:,}"), ("junk answered 'not sure'", percent(report.junk_unsure))]
    return rows


def _figures_table(name: str, figures: Sequence[LabelFigures]) -> str:
    rows = [(line.slug, f"{line.count:,}", percent(line.accuracy), percent(line.unsure)) for line in figures]
    return table((name, "drawings", "accuracy", "not sure"), rows)


def shares_text(title: str, shares: Mapping[str, Mapping[str, Any]]) -> str:
    """Figures by name, each with a count and shares: `{"name": {"count": 3, "share": 0.5}}`."""
    columns = [key for key in next(iter(shares.values())) if key != "count"]
    rows = [
        (name, f"{line['count']:,}", *(percent(line[column]) for column in columns)) for name, line in shares.items()
    ]
    return table((title, "drawings", *columns), rows)
