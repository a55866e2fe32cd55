"""The model card: what a bundle was made of, how good it is, and what it must not be used for.

Written beside the bundle as `card.md` with a confusion matrix as a picture, from what was measured;
nothing in it is typed by hand but the recipe's notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from ml.artifact import Bundle
from ml.datasets import SOURCES
from ml.evaluate import Report
from ml.recipes import Recipe

CARD = "card.md"
CONFUSION = "confusion.svg"
CONFUSIONS_SHOWN = 8

_CELL, _MARGIN = 34, 46  # pixels of the picture


def write_card(bundle: Bundle, reports: Mapping[str, Report], recipe: Recipe, folder: Path) -> None:
    """Write `card.md` and `confusion.svg` of a bundle; `reports` are its figures by the name of the test."""
    folder.mkdir(parents=True, exist_ok=True)
    real = [report for report in reports.values() if report.count]
    if real:
        names = [label["name"] for label in bundle.manifest["labels"]]
        (folder / CONFUSION).write_text(confusion_svg(add_up(real), names), "utf-8")
    (folder / CARD).write_text("\n".join(_lines(bundle, reports, recipe)) + "\n", "utf-8")


def _lines(bundle: Bundle, reports: Mapping[str, Report], recipe: Recipe) -> Iterator[str]:
    manifest = bundle.manifest
    labels = ", ".join(label["glyph"] or label["name"] for label in manifest["labels"])
    yield from (
        f"# Model card: {manifest['recognizer']}",
        "",
        f"A small CNN that tells apart {labels}, and says when a drawing is none of them. Made {manifest['created']}.",
        "",
        f"It reads rasters of preprocessing version {manifest['preprocess_version']} (28 x 28, white on black) and "
        f"gives calibrated probabilities and an embedding of {manifest['embedding_size']} numbers. An answer under "
        f"{manifest['unsure_below']:.3f} is given as 'not sure'.",
        f"`model.tflite` has {len(bundle.tflite):,} bytes, `model.keras` {len(bundle.keras):,}, and "
        f"`rehearsal.npz`, from which a last layer can be taught anew, {len(bundle.rehearsal):,}.",
        "",
    )
    yield from _data(recipe)
    yield from _recipe(manifest["training"], manifest["recognizer"])
    yield from _results(reports)
    yield from _confusions(reports, [label["name"] for label in manifest["labels"]])
    yield from _limits()
    if recipe.notes:
        yield from ("", "## Tried, and what it gave", "", *(f"- {note}" for note in recipe.notes))


def _data(recipe: Recipe) -> Iterator[str]:
    yield from ("## Data", "", "| data set | from | licence |", "|---|---|---|")
    for name in recipe.sources:
        source = SOURCES[name]
        yield f"| {source.title} | {source.origin} | {source.licence} |"
    yield from (
        "",
        "People are either studied or examined, never both: validation and test writers, and the test's alphabets, are "
        "those whose sha256 sorts first. The temperature and the limit of 'not sure' come from the validation "
        "writers. The test sets train and calibrate nothing.",
        "",
    )


def _recipe(training: Mapping[str, object], recognizer: str) -> Iterator[str]:
    yield from (
        "## Recipe",
        "",
        f"`INKLING_DATA=<folder> python -m ml train {recognizer}` repeats it. The seed is fixed; the order in which "
        "CPU threads add up numbers may change the last digits of a figure.",
        "",
        f"{training['epochs']} epochs (learning, refining, and being taught by the mean of both ends: "
        f"`ml/learning.py`) of {training['pictures']:,} pictures, {training['tracks']:,} pen tracks, "
        f"{training['prototypes']:,} written prototypes and {training['junk']:,} junk drawings, new variations each "
        f"time; batches of {training['batch']}, Adam with a peak rate of {training['learning_rate']} and cosine decay, "
        f"seed {training['seed']}. Temperature {training['temperature']}, folded into the last layer.",
        "",
    )


def _results(reports: Mapping[str, Report]) -> Iterator[str]:
    yield from (
        "## Results",
        "",
        "Measured on `model.tflite` through the code that serves.",
        "",
        "| test | drawings | right | of those it is sure of | not sure | ECE |",
        "|---|---|---|---|---|---|",
    )
    for name, report in reports.items():
        if report.count:
            yield (
                f"| {name} | {report.count:,} | {report.accuracy:.2%} | {report.accuracy_when_sure:.2%} "
                f"| {report.unsure:.2%} | {report.ece:.2%} |"
            )
        if report.junk_count:
            yield f"| {name} | {report.junk_count:,} | | | {report.junk_unsure:.2%} | |"
    yield ""
    tests = {name: report for name, report in reports.items() if report.count}
    if tests:
        yield from _by_label(tests)


def _by_label(tests: Mapping[str, Report]) -> Iterator[str]:
    yield from (
        "Right, by label:",
        "",
        "| label | " + " | ".join(tests) + " |",
        "|---|" + "---|" * len(tests),
    )
    for rows in zip(*(report.labels for report in tests.values()), strict=True):
        yield f"| {rows[0].slug} | " + " | ".join(f"{row.accuracy:.2%} of {row.count:,}" for row in rows) + " |"
    yield ""


def _confusions(reports: Mapping[str, Report], names: Sequence[str]) -> Iterator[str]:
    real = [report for report in reports.values() if report.count]
    if not real:
        return
    matrix = add_up(real)
    wrong = [(matrix[i][j], names[i], names[j]) for i in range(len(names)) for j in range(len(names)) if i != j]
    shown = [f"{true} as {guess} ({count})" for count, true, guess in sorted(wrong, reverse=True) if count]
    yield from (
        "## Known confusions",
        "",
        f"![Confusion matrix: rows are what was drawn, columns what was answered]({CONFUSION})",
        "",
        f"Of {sum(map(sum, matrix)):,} test drawings, most often: {', '.join(shown[:CONFUSIONS_SHOWN]) or 'none'}.",
        "",
    )


def _limits() -> Iterator[str]:
    yield from (
        "## What it must not be used for",
        "",
        "- Reading amounts, codes or marks where a mistake costs somebody something, without a person who looks.",
        "- Telling who wrote something, or anything about a person.",
        "- Whole numbers or lines of text: it reads one symbol, and should answer 'not sure' to several.",
        "- Print, seven-segment displays and other scripts: it has learned handwriting only.",
    )


def add_up(reports: Sequence[Report]) -> list[list[int]]:
    """One confusion matrix of several tests: rows what was drawn, columns the first guess."""
    size = range(len(reports[0].confusion))
    return [[sum(report.confusion[i][j] for report in reports) for j in size] for i in size]


def confusion_svg(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    """A confusion matrix as an SVG: rows are shares of what was drawn, mistakes stand out in amber."""
    side = _MARGIN + len(names) * _CELL + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {side} {side}" '
        'font-family="sans-serif" font-size="10" text-anchor="middle">',
        "<title>Confusion matrix: rows are what was drawn, columns what was answered</title>",
        f'<rect width="{side}" height="{side}" fill="#fff"/>',
    ]
    for place, name in enumerate(names):
        middle = _MARGIN + (place + 0.5) * _CELL
        parts.append(f'<text x="{middle}" y="{_MARGIN - 8}">{escape(name)}</text>')
        parts.append(f'<text x="{_MARGIN - 6}" y="{middle + 3}" text-anchor="end">{escape(name)}</text>')
    for i, row in enumerate(matrix):
        parts += [_cell(i, j, count, sum(row)) for j, count in enumerate(row)]
    return "\n".join([*parts, "</svg>\n"])


def _cell(row: int, column: int, count: int, total: int) -> str:
    share = count / total if total else 0.0
    # Mistakes are a few in a thousand: their scale is stretched, or none would be seen.
    colour, strength = ("#1f4fa3", share) if row == column else ("#c77700", min(1.0, (share * 25) ** 0.5))
    x, y = _MARGIN + column * _CELL, _MARGIN + row * _CELL
    ink = "#fff" if strength > 0.6 else "#222"
    text = f'<text x="{x + _CELL / 2}" y="{y + _CELL / 2 + 3}" fill="{ink}">{count}</text>'
    return (
        f'<rect x="{x}" y="{y}" width="{_CELL - 1}" height="{_CELL - 1}" fill="{colour}" '
        f'fill-opacity="{strength:.3f}"/>{text if count else ""}'
    )
