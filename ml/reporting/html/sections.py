"""The chapters of a report: what each shows, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ml.evaluation.metrics import LabelFigures
from ml.reporting.html import contact_sheets, plots
from ml.reporting.html.page import Illustration, Section, folded, table, text, tiles
from ml.reporting.html.results import EvaluatedDrawings, label_name, reliability_bins
from ml.reporting.html.theme import draw, legible
from ml.reporting.model_card import find_confusions
from ml.reporting.text_tables import percent

CONFUSIONS = 12  # that are listed
WRITERS = 12  # in the table, those with the most mistakes

Epochs = Sequence[Mapping[str, float]]
Parts = list[str | Illustration]


def table_names(answered: EvaluatedDrawings) -> list[str]:
    """What the labels are called in a table: the glyph or name, and the slug where not everybody can read that."""
    shown = [(label_name(label), label["slug"]) for label in answered.labels]
    return [name if name.isascii() else f"{name} ({slug})" for name, slug in shown]


def plot_names(answered: EvaluatedDrawings) -> list[str]:
    """The same for pictures, in letters that are installed here."""
    return legible(map(label_name, answered.labels), [label["slug"] for label in answered.labels])


def in_short(answered: EvaluatedDrawings) -> Section:
    figures = answered.figures
    shown = [
        ("drawings", f"{figures.count:,}"),
        ("answered rightly", percent(figures.accuracy)),
        ("right among the first 3", percent(figures.top3)),
        ("answered “not sure”", percent(figures.unsure)),
        ("right where it is sure", percent(figures.accuracy_when_sure)),
        ("calibration error", percent(figures.ece)),
    ]
    if figures.writers:
        shown.append(("writers", f"{len(figures.writers):,}"))
    if figures.junk_count:
        shown += [("drawings of none", f"{figures.junk_count:,}"), ("of them “not sure”", percent(figures.junk_unsure))]
    return Section("short", "In short", [tiles(shown)])


def samples(answered: EvaluatedDrawings) -> Section:
    names = plot_names(answered)
    picture = draw(lambda theme: contact_sheets.sample_sheet(answered, names, theme))
    told = (
        "Some of the drawings, by label and by lot, exactly as the network sees them: fitted into a box, centred, "
        "drawn with one pen. Look here first: a label that is wrong in the data, or a raster that lost its lines, "
        "shows at once."
    )
    return Section(
        "samples", "Samples", [text(told), Illustration("samples", picture, "A sheet of drawings, a row a label")]
    )


def learning(history: Epochs | None) -> Section:
    if not history:
        told = "No record of the training lies beside this bundle (history.json), so there are no curves to show."
        return Section("learning", "Learning", [text(told)])
    picture = draw(lambda theme: plots.plot_learning(history, theme))
    told = (
        f"{len(history)} epochs in {_duration(history)}. The drawings are varied anew in each, and harder than any "
        "test, so the curves show how the learning went, not how good the model is. A step up in the loss is where a "
        "new cycle of learning begins."
    )
    rows = [
        (line["epoch"], f"{line['loss']:.4f}", percent(line["accuracy"]), f"{line['seconds']:.0f}") for line in history
    ]
    behind = folded("The figures", table(("epoch", "loss", "right", "seconds"), rows))
    return Section(
        "learning", "Learning", [text(told), Illustration("learning", picture, "Loss and accuracy by epoch"), behind]
    )


def _duration(history: Epochs) -> str:
    seconds = sum(line["seconds"] for line in history)
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def by_label(answered: EvaluatedDrawings) -> Section:
    chosen = [place for place, line in enumerate(answered.figures.labels) if line.count]
    lines = [answered.figures.labels[place] for place in chosen]
    names, drawn = ([column[place] for place in chosen] for column in (table_names(answered), plot_names(answered)))
    picture = draw(lambda theme: plots.plot_labels(lines, drawn, theme))
    told = (
        "The share of right answers, the weakest label first. Where few drawings were asked about, the bar around a "
        "point is long: the true share lies within it in 95 of 100 cases."
    )
    behind = folded("The figures", _figures_table("label", names, lines))
    return Section("labels", "By label", [text(told), Illustration("labels", picture, "Accuracy by label"), behind])


def _figures_table(kind: str, names: Sequence[str], lines: Sequence[LabelFigures]) -> str:
    rows = [
        (name, f"{line.count:,}", percent(line.accuracy), percent(line.unsure))
        for name, line in zip(names, lines, strict=True)
    ]
    return table((kind, "drawings", "right", "not sure"), rows)


def confusions(answered: EvaluatedDrawings) -> Section:
    matrix, names = answered.figures.confusion, table_names(answered)
    drawn = plot_names(answered)
    picture = draw(lambda theme: plots.plot_confusion(matrix, drawn, theme))
    told = (
        "Rows are what was drawn, columns what was answered. Right answers are blue by their share; mistakes are amber "
        "on a scale of their own, or nobody would see one in a hundred."
    )
    behind = folded(
        "The whole matrix", table(("drawn", *names), [(name, *row) for name, row in zip(names, matrix, strict=True)])
    )
    parts: Parts = [
        text(told),
        Illustration("confusion", picture, "Confusion matrix"),
        *_most_frequent(answered),
        behind,
    ]
    return Section("confusions", "Confusions", parts)


def _most_frequent(answered: EvaluatedDrawings) -> Iterator[str]:
    names = dict(zip((label["slug"] for label in answered.labels), table_names(answered), strict=True))
    found = find_confusions(answered.figures.confusion, list(names))
    counts = {line.slug: line.count for line in answered.figures.labels}
    if found:
        rows = [
            (
                f"{names[line['drawn']]} as {names[line['answered']]}",
                line["count"],
                percent(line["count"] / counts[line["drawn"]]),
            )
            for line in found[:CONFUSIONS]
        ]
        yield table(("taken for another", "times", "of those drawn"), rows)


def mistakes(answered: EvaluatedDrawings) -> Section:
    places = answered.mistakes()
    if not len(places):
        return Section("mistakes", "Mistakes", [text("There are none: every drawing was answered rightly.")])
    shown = places[: contact_sheets.SHOWN]
    names = plot_names(answered)
    captions = mistake_captions(answered, shown, names)
    picture = draw(lambda theme: contact_sheets.captioned_sheet(answered.rasters[shown], captions, theme))
    sure = int((answered.confidence[places] >= answered.unsure_below).sum())
    told = (
        f"{len(places):,} of {answered.figures.count:,} first guesses are wrong, {sure:,} of them in answers that it "
        "was sure of. These are the most confident: first what the drawing is said to be, then what was answered, and "
        "how probable that seemed. Some may be wrong in the data, not in the answer."
    )
    return Section(
        "mistakes", "Mistakes", [text(told), Illustration("mistakes", picture, "The most confident mistakes")]
    )


def mistake_captions(answered: EvaluatedDrawings, places: Iterable[int], names: Sequence[str]) -> list[list[str]]:
    """The captions of wrong answers: what was drawn, what was answered, and how surely."""
    short, truth, guesses = contact_sheets.are_short(names), answered.truth, answered.guesses
    return [
        contact_sheets.mistake_caption(
            names[truth[place]], names[guesses[place]], answered.confidence[place], short=short
        )
        for place in places
    ]


def calibrated(answered: EvaluatedDrawings) -> Section:
    bins = reliability_bins(answered)
    picture = draw(lambda theme: plots.plot_calibration(bins, answered.unsure_below, theme))
    told = (
        "Of the answers that call themselves 90% probable, nine in ten should be right: points on the dashed line. "
        "Below it the model believes too much in itself, above it too little. The mean distance, weighted by the "
        f"drawings, is the calibration error: {percent(answered.figures.ece)}. What lies left of the amber line, under "
        f"{answered.unsure_below:.1%}, is answered “not sure”."
    )
    if bins[0].confidence < 1 / len(answered.labels):
        told += " The points far to the left are drawings of which it thought rather that they are none of its labels."
    rows = [(f"{b.low:.0%} to {b.high:.0%}", f"{b.count:,}", percent(b.confidence), percent(b.accuracy)) for b in bins]
    behind = folded("The figures", table(("probability", "drawings", "on average", "right"), rows))
    return Section(
        "calibration", "Calibration", [text(told), Illustration("calibration", picture, "Reliability diagram"), behind]
    )


def by_writer(answered: EvaluatedDrawings) -> Section:
    lines = answered.figures.writers
    if not lines:
        told = "The drawings do not say who made them, so nothing can be said by writer."
        return Section("writers", "By writer", [text(told)])
    picture = draw(lambda theme: plots.plot_writers(lines, theme))
    perfect = sum(line.accuracy == 1 for line in lines)
    told = (
        f"The share of wrong answers, writer by writer: {perfect:,} of {len(lines):,} people see none. A model that is "
        "good on average can be bad for somebody, and that somebody does not care for the average."
    )
    worst = lines[:WRITERS]
    parts: Parts = [text(told), Illustration("writers", picture, "Wrong answers by writer")]
    return Section("writers", "By writer", [*parts, _figures_table("writer", [line.slug for line in worst], worst)])


def junk(answered: EvaluatedDrawings) -> Section:
    places = answered.sure_of_junk()
    count = answered.figures.junk_count
    if not len(places):
        return Section(
            "junk",
            "None of the labels",
            [text(f"All {count:,} drawings of none of the labels were answered “not sure”.")],
        )
    shown, names = places[: contact_sheets.SHOWN], plot_names(answered)
    captions = [(f"as {names[answered.guesses[p]]}", f"{answered.confidence[p]:.0%}") for p in shown]
    picture = draw(lambda theme: contact_sheets.captioned_sheet(answered.rasters[shown], captions, theme))
    told = (
        f"{len(places):,} of {count:,} drawings of none of the labels were given one all the same. The most confident:"
    )
    return Section(
        "junk", "None of the labels", [text(told), Illustration("junk", picture, "Junk that was given a label")]
    )


def all_sections(answered: EvaluatedDrawings, history: Epochs | None) -> Iterator[Section]:
    """All that can be said of one version."""
    yield in_short(answered)
    yield samples(answered)
    yield learning(history)
    yield by_label(answered)
    yield confusions(answered)
    yield mistakes(answered)
    yield calibrated(answered)
    yield by_writer(answered)
    if answered.figures.junk_count:
        yield junk(answered)


def about(manifest: Mapping[str, Any], count: int) -> str:
    """Which version this is, in a sentence or two."""
    training = manifest["training"]
    taught = f", taught {training['drawings']:,} approved drawings" if "drawings" in training else ""
    return (
        f"The version of {manifest['created'][:10]} ({manifest['sha256']['tflite'][:8]}){taught}, asked about "
        f"{count:,} drawings through the code that serves."
    )
