"""The worst mistakes of a version, with the licence and the origin of each drawing."""

from __future__ import annotations

from typing import Any, NamedTuple

from ml.data.sources import SOURCES, Source
from recognizer.models import Label, WorstMistakes


class ShownMistake(NamedTuple):
    """A drawing that was answered wrongly. `source_number` counts the sources from 1."""

    src: str
    """A data URI."""
    drawn: Label
    answered: Label
    probability: float
    source_number: int


class ShownMistakes(NamedTuple):
    """The worst mistakes, the counts of the test, and the sources of the drawings that are shown."""

    counts: WorstMistakes
    mistakes: list[ShownMistake]
    sources: list[Source]


def worst_mistakes(version: Any, labels: dict[str, Label]) -> ShownMistakes | None:
    """Those of a version, the most confident first; None before it has answered a base test. One query."""
    row = WorstMistakes.objects.filter(version=version.pk, drawings__gt=0).first()
    if row is None:
        return None
    known = [each for each in row.found if each["source"] in SOURCES and {each["label"], each["answer"]} <= {*labels}]
    names = sorted({each["source"] for each in known})
    mistakes = [
        ShownMistake(
            f"data:image/png;base64,{each['raster']}",
            labels[each["label"]],
            labels[each["answer"]],
            each["probability"],
            names.index(each["source"]) + 1,
        )
        for each in known
    ]
    return ShownMistakes(row, mistakes, [SOURCES[name] for name in names])
