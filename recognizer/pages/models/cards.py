"""Model cards for the pages Models: training data, accuracy, mistakes and limits of a version.

The card is in the manifest of a bundle (see ml.reporting.model_card). Missing parts are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from recognizer.models import Label, ModelVersion, Promotion, Recognizer, TrainingRun
from recognizer.models.model_version import heavy_fields
from recognizer.pages import svg_plot
from recognizer.pages.label_choice import MOST_SHOWN
from recognizer.registry import version_facts

Json = dict[str, Any]
MIN_OPACITY = 0.12  # of a cell that is not zero
MAX_NUMBERED = 12  # labels; with more there is no room for numbers in the cells
CELL_SIZE = 24  # SVG units
LETTER_WIDTH = 7  # SVG units
MOST_OF_MANY = 24  # lines of a chart of very many labels


@dataclass(frozen=True)
class ChartLine:
    """One label in a chart. `x` is the position of its dot, in per cent of the width."""

    label: Label
    x: str
    count: int
    share: float | None = None


@dataclass(frozen=True)
class LabelChart:
    """Accuracy by label in one test. The left edge is `bottom`, the right edge is 1."""

    test: str
    bottom: float
    lines: list[ChartLine]


@dataclass(frozen=True)
class MatrixCell:
    """How often one label was recognized as another, or as itself."""

    drawn: Label
    answered: Label
    x: int
    y: int
    count: int
    opacity: str
    right: bool


@dataclass(frozen=True)
class MatrixPicture:
    """A confusion matrix as SVG: rows are drawn labels, columns the first guesses."""

    labels: list[Label]
    counts: list[list[int]]

    @property
    def numbered(self) -> bool:
        """Whether there is room for the counts."""
        return len(self.labels) <= MAX_NUMBERED

    @property
    def rows(self) -> list[tuple[Label, list[tuple[Label, int]]]]:
        """The rows of the table with the same numbers."""
        columns = self.labels
        return [(label, list(zip(columns, row, strict=True))) for label, row in zip(columns, self.counts, strict=True)]

    @property
    def margin(self) -> int:
        """SVG units left of and above the cells, for the names."""
        longest = max(len(str(label)) for label in self.labels)
        return CELL_SIZE if longest <= 2 else longest * LETTER_WIDTH + 8

    @property
    def side(self) -> int:
        """Width and height in SVG units."""
        return self.margin + len(self.labels) * CELL_SIZE

    @property
    def names(self) -> list[tuple[Label, int]]:
        """Each label with the centre of its row and column."""
        return [(label, self.margin + at * CELL_SIZE + CELL_SIZE // 2) for at, label in enumerate(self.labels)]

    @property
    def cells(self) -> list[MatrixCell]:
        """The cells that are not zero."""
        starts = [(label, self.margin + index * CELL_SIZE) for index, label in enumerate(self.labels)]
        found = []
        for (drawn, y), counts in zip(starts, self.counts, strict=True):
            for (answered, x), count in zip(starts, counts, strict=True):
                if count:
                    share, right = count / sum(counts), drawn == answered
                    # The square root makes small shares of mistakes visible.
                    opacity = f"{MIN_OPACITY + (1 - MIN_OPACITY) * (share if right else share**0.5):.2f}"
                    found.append(MatrixCell(drawn, answered, x, y, count, opacity, right))
        return found


@dataclass(frozen=True)
class ModelCard:
    """The model card of one version."""

    version: ModelVersion
    active: bool
    labels: dict[str, Label]  # by slug, in output order
    card: Json  # the card in the manifest; empty if there is none
    run: TrainingRun | None  # that trained this version, starting from the model that the card describes
    further_labels: int  # beside those that pages show at once

    @cached_property
    def charts(self) -> list[LabelChart]:
        """Accuracy by label, for each test; of very many labels those with the lowest accuracy."""
        tests = [(each["test"], each["labels"]) for each in self.card.get("by_label", [])]
        shares = [line["accuracy"] for _test, lines in tests for line in lines if line["accuracy"] is not None]
        bottom = svg_plot.Scale.of(shares).bottom
        return [LabelChart(test, bottom, _fewest(list(self._lines(lines, bottom)))) for test, lines in tests]

    def _lines(self, lines: list[Json], bottom: float) -> Any:
        for line in lines:
            if line["slug"] in self.labels and line["accuracy"] is not None:
                place = svg_plot.position_of_share((line["accuracy"] - bottom) / (1 - bottom))
                yield ChartLine(self.labels[line["slug"]], place, line["count"], line["accuracy"])

    @cached_property
    def trained_on(self) -> list[ChartLine]:
        """Number of training drawings of each label; of very many labels those with the fewest."""
        counts = self.card.get("trained_on", {})
        most = max(counts.values(), default=1) or 1
        known = [(self.labels[slug], count) for slug, count in counts.items() if slug in self.labels]
        return _fewest([ChartLine(label, svg_plot.position_of_share(count / most), count) for label, count in known])

    @property
    def confusions(self) -> list[tuple[Label, Label, int]]:
        """Mistakes as (drawn, answered, count), most frequent first."""
        found = self.card.get("confusions", [])
        known = [each for each in found if each["drawn"] in self.labels and each["answered"] in self.labels]
        return [(self.labels[each["drawn"]], self.labels[each["answered"]], each["count"]) for each in known]

    @cached_property
    def matrix(self) -> MatrixPicture | None:
        """The confusion matrix; None if it does not match the labels, or if they are very many."""
        counts = self.card.get("confusion") or []
        if len(self.labels) > MOST_SHOWN:
            return None
        return MatrixPicture(list(self.labels.values()), counts) if len(counts) == len(self.labels) else None

    @property
    def results(self) -> list[Json]:
        """Results of tests with labelled drawings."""
        return [each for each in self.card.get("results", []) if each.get("count")]

    @property
    def junk(self) -> list[Json]:
        """Results of tests with negative examples."""
        return [each for each in self.card.get("results", []) if each.get("junk_count")]


def _fewest(lines: list[ChartLine]) -> list[ChartLine]:
    """All lines in the order of the labels, or the worst of very many."""
    if len(lines) <= MOST_SHOWN:
        return lines
    return sorted(lines, key=lambda line: line.count if line.share is None else line.share)[:MOST_OF_MANY]


def versions_with_card(recognizer: Recognizer) -> QuerySet[ModelVersion]:
    """Versions without weights, newest first, with the parts of the manifest that a card needs."""
    found = recognizer.versions.light()
    return found.annotate(card=F("manifest__card"), labels=F("manifest__labels")).order_by("-number")


def versions_with_details(recognizer: Recognizer) -> QuerySet[ModelVersion]:
    """The same, with what the page of one version shows besides its card."""
    parts = {"history": "history", "training": "training", "raster": "raster", "checksums": "sha256"}
    return versions_with_card(recognizer).annotate(**{name: F(f"manifest__{key}") for name, key in parts.items()})


def live_cards(recognizers: QuerySet[Recognizer]) -> list[ModelCard]:
    """The cards of the live versions, in the order of their recognizers: results, and the labels that a list shows."""
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-pk").values("model_version")[:1]
    found: list[Any] = list(recognizers.annotate(answers=Subquery(newest)))
    facts = version_facts.facts_of(each.answers for each in found)
    return [_short_card(each, each.answers, facts[each.answers].labels) for each in found]


def _short_card(recognizer: Recognizer, version: int, slugs: Sequence[str]) -> ModelCard:
    found: Any = recognizer.versions.light().annotate(results=F("manifest__card__results")).get(pk=version)
    found.recognizer = recognizer
    shown = slugs[:MOST_SHOWN]
    few = recognizer.labels.filter(slug__in=shown).defer("names", "looks_like", "codes")
    labels = {label.slug: label for label in few}
    card = {} if found.results is None else {"results": found.results}
    return ModelCard(found, True, labels, card, None, len(slugs) - len(shown))


def model_card(version: Any, recognizer: Recognizer, *, active: bool) -> ModelCard:
    """The card of one of `versions_with_card`; prefetched labels of the recognizer save a query."""
    known = {label.slug: label for label in recognizer.labels.all()}
    labels = {
        each["slug"]: known.get(each["slug"]) or Label(slug=each["slug"], glyph=each["glyph"], name=each["name"])
        for each in version.labels
    }
    version.recognizer = recognizer
    runs = TrainingRun.objects.filter(version=version).select_related("base")
    run = runs.defer("log", "progress", *heavy_fields("base")).first()
    return ModelCard(version, active, labels, version.card or {}, run, max(0, len(labels) - MOST_SHOWN))
