"""A model card as Markdown, for the repository: made of the bundle's manifest alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ml.bundles.bundle import Bundle, BundleError
from ml.reporting.text_tables import percent

Json = Mapping[str, Any]


def card_markdown(bundle: Bundle, picture: str = "confusion.svg") -> str:
    """The card of a bundle; `picture` is the file of its confusion matrix. Raises BundleError if it has no card."""
    manifest = bundle.manifest
    if "card" not in manifest:
        name = manifest["recognizer"]
        raise BundleError(f"The bundle of {name!r} has no model card. Make one: python -m ml card {name}.")
    return "\n".join(_lines(bundle, manifest["card"], picture)).rstrip() + "\n"


def _lines(bundle: Bundle, card: Json, picture: str) -> Iterator[str]:
    manifest = bundle.manifest
    names = {label["slug"]: label_text(label) for label in manifest["labels"]}
    yield from (f"# Model card: {manifest['recognizer']}", "", card["summary"], "", *_sizes(bundle), "")
    yield from _data(card)
    yield from _list("Recipe", card["recipe"])
    yield from _results(card)
    yield from _by_label(card, names)
    yield from _confusions(card, names, picture)
    yield from _list("What it must not be used for", card["limits"])
    if card["notes"]:
        yield from _list("Tried, and what it gave", card["notes"])


def label_text(label: Mapping[str, str]) -> str:
    """What a label is called in a text that everybody can read: ৭ (7), 7, alarm clock."""
    shown = label["glyph"] or label["name"]
    return shown if shown.isascii() else f"{shown} ({label['slug']})"


def _sizes(bundle: Bundle) -> Iterator[str]:
    manifest = bundle.manifest
    yield (
        f"Made {manifest['created'][:10]}. `model.tflite`, which answers, has {len(bundle.tflite):,} bytes, "
        f"`model.keras` {len(bundle.keras):,}, and `rehearsal.npz`, from which a last layer can be taught anew, "
        f"{len(bundle.rehearsal):,}. Each answer comes with an embedding of {manifest['embedding_size']} numbers."
    )


def _list(title: str, sentences: list[str]) -> Iterator[str]:
    yield from (f"## {title}", "", *(f"- {sentence}" for sentence in sentences), "")


def _table(*header: str) -> Iterator[str]:
    yield from (f"| {' | '.join(header)} |", "|---" * len(header) + "|")


def _data(card: Json) -> Iterator[str]:
    yield from ("## Data", "", *_table("data set", "from", "licence", "drawings"))
    for source in card["data"]:
        drawings = "" if source["drawings"] is None else f"{source['drawings']:,}"
        yield f"| {source['title']} | {source['origin']} | {source['licence']} | {drawings} |"
    yield ""


def _results(card: Json) -> Iterator[str]:
    yield from ("## Results", "", "Measured on `model.tflite` through the code that serves.", "")
    yield from _table("test", "drawings", "right", "among the first 3", "of those it is sure of", "not sure", "ECE")
    for line in card["results"]:
        if line["count"]:
            shares = [percent(line[key]) for key in ("accuracy", "top3", "sure_accuracy", "unsure", "ece")]
            yield f"| {line['test']} | {line['count']:,} | {' | '.join(shares)} |"
        if line["junk_count"]:
            yield f"| {line['test']} | {line['junk_count']:,} | | | | {percent(line['junk_unsure'])} | |"
    yield ""


def _by_label(card: Json, names: Mapping[str, str]) -> Iterator[str]:
    tests = card["by_label"]
    yield from ("Right, by label, beside the different drawings of it that there were to learn from:", "")
    yield from _table("label", "learned from", *(test["test"] for test in tests))
    figures = [{line["slug"]: line for line in test["labels"]} for test in tests]
    for slug, name in names.items():
        cells = [_share_of(lines[slug]) for lines in figures]
        yield f"| {' | '.join([name, format(card['trained_on'].get(slug, 0), ','), *cells])} |"
    yield ""


def _share_of(line: Json) -> str:
    return f"{percent(line['accuracy'])} of {line['count']:,}" if line["count"] else "–"


def _confusions(card: Json, names: Mapping[str, str], picture: str) -> Iterator[str]:
    if not card["confusion"]:
        return
    shown = [f"{names[line['drawn']]} as {names[line['answered']]} ({line['count']})" for line in card["confusions"]]
    yield from (
        "## Known confusions",
        "",
        f"![Confusion matrix: rows are what was drawn, columns what was answered]({picture})",
        "",
        f"Of {sum(map(sum, card['confusion'])):,} test drawings, most often: {', '.join(shown) or 'none'}.",
        "",
    )
