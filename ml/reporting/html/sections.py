"""The sections of a report: what each shows and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ml.bundles.history import epochs_of
from ml.evaluation.metrics import LabelFigures
from ml.reporting.confusions import find_confusions
from ml.reporting.figures import MOST_LABELS, label_name, label_text, overall_figures, percent
from ml.reporting.html import contact_sheets, plots
from ml.reporting.html.page import Illustration, Section, folded, table, text, tiles
from ml.reporting.html.results import EvaluatedDrawings, reliability_bins
from ml.reporting.html.theme import draw, legible

CONFUSIONS = 12  # in the list
SHORT = 4  # letters of a name short enough for two in one line below a drawing
WRITERS = 12  # in the table, those with the most errors


def table_names(answered: EvaluatedDrawings) -> list[str]:
    """Return the names of the labels for tables."""
    return list(map(label_text, answered.labels))


def plot_names(answered: EvaluatedDrawings) -> list[str]:
    """Return the names of the labels for pictures, in letters that the installed fonts have."""
    return legible(map(label_name, answered.labels), answered.slugs)


def in_short(answered: EvaluatedDrawings) -> Section:
    shown = overall_figures(answered.figures)
    if answered.figures.writers:
        shown.append(("writers", f"{len(answered.figures.writers):,}"))
    return Section("short", "Summary", [tiles(shown)])


def samples(answered: EvaluatedDrawings) -> Section:
    names = plot_names(answered)
    picture = draw(lambda theme: contact_sheets.sample_sheet(answered, names, theme))
    intro = (
        "Randomly chosen drawings of each label, as the network sees them: fitted into a box, centred, drawn with one "
        "pen. Check them first: wrong labels in the data and rasters with missing lines are easy to see here."
    )
    illustration = Illustration("samples", picture, "A sheet of drawings, one row for each label")
    return Section("samples", "Samples", [text(intro), illustration])


def learning(manifest: Mapping[str, Any]) -> Section:
    epochs = epochs_of(manifest)
    if not epochs:
        missing = manifest.get("history", {}).get("missing", "")
        return Section("learning", "Learning", [text(f"There are no learning curves. {missing}".strip())])
    picture = draw(lambda theme: plots.plot_learning(epochs, theme))
    seconds = sum(line.get("seconds", 0) for line in epochs)
    duration = f" in {seconds / 60:.0f} minutes" if seconds >= 90 else f" in {seconds:.0f} seconds" if seconds else ""
    intro = (
        f"{len(epochs)} epochs{duration}. The drawings are varied anew in each epoch and harder than any test, so "
        "the curves show the course of the training, not the quality of the model. The loss rises where a new cycle "
        "begins."
    )
    keys = [key for key in ("loss", "accuracy", "seconds") if any(key in line for line in epochs)]
    rows = [(line["epoch"], *(_figure(line, key) for key in keys)) for line in epochs]
    figures = folded("All figures", table(("epoch", *keys), rows))
    illustration = Illustration("learning", picture, f"{' and '.join(keys[:-1] or keys)} by epoch".capitalize())
    return Section("learning", "Learning", [text(intro), illustration, figures])


def _figure(line: Mapping[str, float], key: str) -> str:
    if key not in line:
        return ""
    return percent(line[key]) if key == "accuracy" else f"{line[key]:.{4 if key == 'loss' else 0}f}"


def by_label(answered: EvaluatedDrawings) -> Section:
    labels = answered.figures.labels
    chosen = [index for index, line in enumerate(labels) if line.count]
    lines = [labels[index] for index in chosen]
    names, drawn = ([column[index] for index in chosen] for column in (table_names(answered), plot_names(answered)))
    lowest = sorted(range(len(lines)), key=lambda index: lines[index].accuracy)[:MOST_LABELS]
    picture = draw(
        lambda theme: plots.plot_labels([lines[row] for row in lowest], [drawn[row] for row in lowest], theme)
    )
    intro = "Accuracy by label, the lowest first. The bars are 95 % confidence intervals: long where drawings are few."
    if len(lines) > MOST_LABELS:
        intro += f" The lowest {MOST_LABELS} of {len(lines)} are shown."
    illustration = Illustration("labels", picture, "Accuracy by label")
    figures = folded("All figures", _figures_table("label", names, lines))
    return Section("labels", "By label", [text(intro), illustration, figures])


def _figures_table(kind: str, names: Sequence[str], lines: Sequence[LabelFigures]) -> str:
    rows = [
        (name, f"{line.count:,}", percent(line.accuracy), percent(line.unsure))
        for name, line in zip(names, lines, strict=True)
    ]
    return table((kind, "drawings", "accuracy", "not sure"), rows)


def confusions(answered: EvaluatedDrawings) -> Section:
    matrix, names, drawn = answered.figures.confusion, table_names(answered), plot_names(answered)
    intro = (
        "Rows are what was drawn, columns what was answered. Right answers are blue, by their share. Errors are amber, "
        "on a scale of their own, because one in a hundred would not be visible otherwise."
    )
    by_slug = dict(zip(answered.slugs, names, strict=True))
    counts = {line.slug: line.count for line in answered.figures.labels}
    rows = []
    for line in find_confusions(matrix, answered.slugs)[:CONFUSIONS]:
        slug, count = line["drawn"], line["count"]
        rows.append((f"{by_slug[slug]} as {by_slug[line['answered']]}", count, percent(count / counts[slug])))
    pairs = [table(("confusion", "times", "share of those drawn"), rows)] if rows else []
    if len(names) > MOST_LABELS:
        return Section("confusions", "Confusions", [text("The most frequent ones."), *pairs])
    picture = draw(lambda theme: plots.plot_confusion(matrix, drawn, theme))
    parts: list[str | Illustration] = [text(intro), Illustration("confusion", picture, "Confusion matrix"), *pairs]
    full = table(("drawn", *names), [(name, *row) for name, row in zip(names, matrix, strict=True)])
    return Section("confusions", "Confusions", [*parts, folded("The whole matrix", full)])


def mistakes(answered: EvaluatedDrawings) -> Section:
    rows = answered.mistakes()
    if not len(rows):
        return Section("mistakes", "Mistakes", [text("There are none: all first guesses are right.")])
    shown = rows[: contact_sheets.SHOWN]
    captions = mistake_captions(answered, shown, plot_names(answered))
    picture = draw(lambda theme: contact_sheets.captioned_sheet(answered.rasters[shown], captions, theme))
    sure = int((answered.confidence[rows] >= answered.unsure_below).sum())
    intro = (
        f"{len(rows):,} of {answered.figures.count:,} first guesses are wrong, {sure:,} of them in answers other than "
        "“not sure”. The most confident are shown: the label of the drawing, the answer, and its probability. Some may "
        "be errors in the data, not in the answer."
    )
    illustration = Illustration("mistakes", picture, "The most confident mistakes")
    return Section("mistakes", "Mistakes", [text(intro), illustration])


def mistake_captions(answered: EvaluatedDrawings, rows: Iterable[int], names: Sequence[str]) -> list[list[str]]:
    """Return the captions of wrong answers: what was drawn, what was answered, and the probability."""
    short = max(map(len, names)) <= SHORT
    captions = []
    for row in rows:
        drawn, guess = names[answered.truth[row]], names[answered.guesses[row]]
        words = [f"{drawn} as {guess}"] if short else [drawn, f"as {guess}"]
        captions.append([*words, f"{answered.confidence[row]:.0%}"])
    return captions


def calibrated(answered: EvaluatedDrawings) -> Section:
    bins = reliability_bins(answered)
    picture = draw(lambda theme: plots.plot_calibration(bins, answered.unsure_below, theme))
    intro = (
        "Of the answers with a probability of 90%, nine in ten should be right: points on the dashed line. Below the "
        "line the model is overconfident, above it underconfident. The mean distance to the line, weighted by the "
        f"number of drawings, is the calibration error (ECE): {percent(answered.figures.ece)}. Answers left of the "
        f"amber line, under {answered.unsure_below:.1%}, are “not sure”."
    )
    if bins[0].confidence < 1 / len(answered.labels):
        intro += " The points far to the left are drawings for which “none of the labels” was more probable."
    rows = [(f"{b.low:.0%} to {b.high:.0%}", f"{b.count:,}", percent(b.confidence), percent(b.accuracy)) for b in bins]
    figures = folded("All figures", table(("probability", "drawings", "on average", "accuracy"), rows))
    illustration = Illustration("calibration", picture, "Reliability diagram")
    return Section("calibration", "Calibration", [text(intro), illustration, figures])


def by_writer(answered: EvaluatedDrawings) -> Section:
    lines = answered.figures.writers
    if not lines:
        return Section("writers", "By writer", [text("The drawings do not name their writers.")])
    picture = draw(lambda theme: plots.plot_writers(lines, theme))
    perfect = sum(line.accuracy == 1 for line in lines)
    intro = (
        f"The share of wrong answers by writer. {perfect:,} of {len(lines):,} writers have none. A model with a good "
        "average can be bad for single writers."
    )
    worst = lines[:WRITERS]
    figures = _figures_table("writer", [line.slug for line in worst], worst)
    illustration = Illustration("writers", picture, "Wrong answers by writer")
    return Section("writers", "By writer", [text(intro), illustration, figures])


def junk(answered: EvaluatedDrawings) -> Section:
    rows, count = answered.sure_of_junk(), answered.figures.junk_count
    parts: list[str | Illustration] = [
        text(f"{len(rows):,} of {count:,} negative examples (drawings of no label) were not answered “not sure”.")
    ]
    if len(rows):
        shown, names = rows[: contact_sheets.SHOWN], plot_names(answered)
        captions = [(f"as {names[answered.guesses[row]]}", f"{answered.confidence[row]:.0%}") for row in shown]
        picture = draw(lambda theme: contact_sheets.captioned_sheet(answered.rasters[shown], captions, theme))
        parts.append(Illustration("junk", picture, "The negative examples with the most confident answers"))
    return Section("junk", "Negative examples", parts)


def all_sections(answered: EvaluatedDrawings, manifest: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the sections about the version with this manifest."""
    yield in_short(answered)
    yield samples(answered)
    yield learning(manifest)
    yield by_label(answered)
    yield confusions(answered)
    yield mistakes(answered)
    yield calibrated(answered)
    yield by_writer(answered)
    if answered.figures.junk_count:
        yield junk(answered)


def about(manifest: Mapping[str, Any], count: int) -> str:
    """Return which version the report is about, in one sentence."""
    training = manifest["training"]
    trained = f", trained on {training['drawings']:,} approved drawings" if "drawings" in training else ""
    return (
        f"The version of {manifest['created'][:10]} ({manifest['sha256']['tflite'][:8]}){trained}, measured on "
        f"{count:,} drawings through the code that serves."
    )
