"""Render a model card as Markdown, from the bundle's manifest only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ml.bundles.bundle import Bundle, BundleError
from ml.bundles.history import NOT_STORED, epochs_of
from ml.reporting.confusions import confusion_text
from ml.reporting.figures import label_text, percent

CONFUSION_FILE = "confusion.svg"
HISTORY_STEP = 5  # epochs between two lines of the training history

Json = Mapping[str, Any]


def card_markdown(bundle: Bundle) -> str:
    """Return the card of a bundle as Markdown. Raises BundleError if it has no card."""
    manifest = bundle.manifest
    if "card" not in manifest:
        name = manifest["recognizer"]
        raise BundleError(f"The bundle of {name!r} has no model card. Make one: python -m ml card {name}.")
    return "\n".join(_lines(bundle, manifest["card"])).rstrip() + "\n"


def _lines(bundle: Bundle, card: Json) -> Iterator[str]:
    manifest = bundle.manifest
    names = {label["slug"]: label_text(label) for label in manifest["labels"]}
    yield from (f"# Model card: {manifest['recognizer']}", "", card["summary"], "")
    yield (
        f"Made on {manifest['created'][:10]}. `model.tflite`, which serves, has {len(bundle.tflite):,} bytes, "
        f"`model.keras` {len(bundle.keras):,}, and `rehearsal.npz`, the replay pack from which a new last layer can be "
        f"trained, {len(bundle.rehearsal):,}. Each answer has an embedding of {manifest['embedding_size']} numbers."
    )
    yield ""
    yield from _data(card)
    yield from _list("Recipe", card["recipe"])
    yield from _history(manifest)
    yield from _results(card)
    yield from _by_label(card, names)
    yield from _confusions(card, names)
    yield from _list("What it must not be used for", card["limits"])
    if card["notes"]:
        yield from _list("Notes", card["notes"])


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


def _history(manifest: Json) -> Iterator[str]:
    """The course of the training, every fifth epoch; or why it is not known."""
    yield from ("## Training history", "")
    epochs = epochs_of(manifest)
    if not epochs:
        yield from (manifest.get("history", {}).get("missing", NOT_STORED), "")
        return
    yield from ("On the varied drawings of each epoch, which are harder than any test.", "")
    yield from _table("epoch", "loss", "accuracy")
    for line in epochs:
        if line["epoch"] in (1, len(epochs)) or line["epoch"] % HISTORY_STEP == 0:
            accuracy = percent(line["accuracy"]) if "accuracy" in line else ""
            yield f"| {line['epoch']} | {line['loss']:.4f} | {accuracy} |"
    yield ""


def _results(card: Json) -> Iterator[str]:
    yield from ("## Results", "", "Measured on `model.tflite` through the code that serves.", "")
    yield from _table("test", "drawings", "accuracy", "top-3 accuracy", "accuracy when sure", "not sure", "ECE")
    for line in card["results"]:
        if line["count"]:
            shares = [percent(line[key]) for key in ("accuracy", "top3", "sure_accuracy", "unsure", "ece")]
            yield f"| {line['test']} | {line['count']:,} | {' | '.join(shares)} |"
        if line["junk_count"]:
            yield f"| {line['test']} | {line['junk_count']:,} | | | | {percent(line['junk_unsure'])} | |"
    yield ""


def _by_label(card: Json, names: Mapping[str, str]) -> Iterator[str]:
    tests = card["by_label"]
    yield from ("Accuracy by label, with the number of different drawings of it in the training data:", "")
    yield from _table("label", "trained on", *(test["test"] for test in tests))
    figures = [{line["slug"]: line for line in test["labels"]} for test in tests]
    for slug, name in names.items():
        shown = [lines.get(slug) for lines in figures]  # None: the label is newer than the measurement
        cells = [
            f"{percent(line['accuracy'])} of {line['count']:,}" if line and line["count"] else "–" for line in shown
        ]
        yield f"| {' | '.join([name, format(card['trained_on'].get(slug, 0), ','), *cells])} |"
    yield ""


def _confusions(card: Json, names: Mapping[str, str]) -> Iterator[str]:
    if not card["confusion"] and not card["confusions"]:
        return
    about = "Confusion matrix: rows are what was drawn, columns what was answered"
    if not card["confusion"]:
        about = "The most frequent confusions: what was drawn as what was answered"
    count = sum(line["count"] for line in card["results"])
    shown = [f"{confusion_text(line, names)} ({line['count']})" for line in card["confusions"]]
    yield from (
        "## Known confusions",
        "",
        f"![{about}]({CONFUSION_FILE})",
        "",
        f"The most frequent in {count:,} test drawings: {', '.join(shown) or 'none'}.",
        "",
    )
