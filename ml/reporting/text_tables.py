"""Reports as plain text tables, for `python -m ml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml.evaluation.metrics import EvaluationReport, LabelFigures
from ml.reporting.confusions import find_confusions
from ml.reporting.figures import MOST_LABELS, SHARES, overall_figures, percent


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table: the first column is aligned to the left, the others to the right."""
    lines = [list(map(str, row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in cells).rstrip()
        for cells in (enumerate(zip(line, widths, strict=True)) for line in lines)
    )


def report_text(report: EvaluationReport, *, by_writer: bool = False) -> str:
    """Return a report as tables: overall, by label, the confusions, and by writer if wanted."""
    slugs = [label.slug for label in report.labels]
    parts = [
        table(("overall", ""), overall_figures(report)),
        _figures_table("label", report.labels),
        _confusion_table(report.confusion, slugs),
    ]
    if by_writer:
        parts.append(_figures_table("writer", report.writers) if report.writers else "The files name no writers.")
    return "\n\n".join(parts)


def _confusion_table(matrix: Sequence[Sequence[int]], slugs: Sequence[str]) -> str:
    """The matrix or, with many labels, the most frequent confusions."""
    if len(slugs) <= MOST_LABELS:
        return table(("true \\ answer", *slugs), [(slug, *row) for slug, row in zip(slugs, matrix, strict=True)])
    found = find_confusions(matrix, slugs)[:MOST_LABELS]
    return table(("confusion", "times"), [(f"{line['drawn']} as {line['answered']}", line["count"]) for line in found])


def tests_text(reports: Mapping[str, EvaluationReport]) -> str:
    """Return several reports as one table, one line each."""
    header = ("test", "drawings", *SHARES.values(), "negatives", "not sure")
    rows = []
    for name, report in reports.items():
        shares = [percent(getattr(report, key)) for key in SHARES]
        rows.append((name, f"{report.count:,}", *shares, f"{report.junk_count:,}", percent(report.junk_unsure)))
    return table(header, rows)


def _figures_table(name: str, figures: Sequence[LabelFigures]) -> str:
    rows = [(line.slug, f"{line.count:,}", percent(line.accuracy), percent(line.unsure)) for line in figures]
    return table((name, "drawings", "accuracy", "not sure"), rows)


def shares_text(title: str, shares: Mapping[str, Mapping[str, Any]]) -> str:
    """Return figures by name, each with a count and shares: `{"name": {"count": 3, "share": 0.5}}`."""
    columns = [key for key in next(iter(shares.values())) if key != "count"]
    rows = [(name, f"{line['count']:,}", *(percent(line[key]) for key in columns)) for name, line in shares.items()]
    return table((title, "drawings", *columns), rows)
