"""Model cards as pages show them: what a version was made of, how good it is, and what it must not be used for.

A card travels in the manifest of a bundle (see ml.reporting.model_card). What it does not hold is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from recognizer.models import Label, ModelVersion, Promotion, Recognizer, TrainingRun
from recognizer.models.model_version import heavy_fields
from recognizer.pages import svg_plot

Json = dict[str, Any]
FAINTEST = 0.12  # of a cell in which there is something
NUMBERED = 12  # labels; in a matrix of more there is no room for numbers
CELL = 24  # units of the picture; a cell is as wide as it is high
LETTER = 7  # units that a letter of a word takes


@dataclass(frozen=True)
class Line:
    """One label in a chart: where its dot stands, in per cent across as SVG understands it in any language."""

    label: Label
    x: str
    count: int
    share: float | None = None


@dataclass(frozen=True)
class Chart:
    """Shares of right answers by label in one test; the left edge is `bottom`, the right one 1."""

    test: str
    bottom: float
    lines: list[Line]


@dataclass(frozen=True)
class Cell:
    """How often one label was taken for another, or for itself."""

    drawn: Label
    answered: Label
    x: int
    y: int
    count: int
    opacity: str
    right: bool


@dataclass(frozen=True)
class Matrix:
    """Rows what was drawn, columns what was answered first."""

    labels: list[Label]
    counts: list[list[int]]

    @property
    def numbered(self) -> bool:
        """There is room for the counts themselves."""
        return len(self.labels) <= NUMBERED

    @property
    def rows(self) -> list[tuple[Label, list[tuple[Label, int]]]]:
        """For the table behind the picture."""
        columns = self.labels
        return [(label, list(zip(columns, row, strict=True))) for label, row in zip(columns, self.counts, strict=True)]

    @property
    def margin(self) -> int:
        """Units left of the cells and above them, for the names."""
        longest = max(len(str(label)) for label in self.labels)
        return CELL if longest <= 2 else longest * LETTER + 8

    @property
    def side(self) -> int:
        """Units across and down."""
        return self.margin + len(self.labels) * CELL

    @property
    def names(self) -> list[tuple[Label, int]]:
        """Where the middle of each row and column is."""
        return [(label, self.margin + at * CELL + CELL // 2) for at, label in enumerate(self.labels)]

    @property
    def cells(self) -> list[Cell]:
        """Those in which there is something."""
        return [
            self._cell(row, column, count)
            for row, counts in enumerate(self.counts)
            for column, count in enumerate(counts)
            if count
        ]

    def _cell(self, row: int, column: int, count: int) -> Cell:
        right = row == column
        place = (self.margin + column * CELL, self.margin + row * CELL)
        opacity = _opacity(count / sum(self.counts[row]), right)
        return Cell(self.labels[row], self.labels[column], *place, count, opacity, right)


def _opacity(share: float, right: bool) -> str:
    """Mistakes are few: by the root of their share they can be told apart."""
    return f"{FAINTEST + (1 - FAINTEST) * (share if right else share**0.5):.2f}"


@dataclass(frozen=True)
class ModelCard:
    """What a page tells of one version."""

    version: ModelVersion
    active: bool
    labels: dict[str, Label]  # by slug, in the order of the outputs
    told: Json  # the card of the bundle; empty where there is none
    run: TrainingRun | None  # that made this version of the one that the card is about

    @cached_property
    def charts(self) -> list[Chart]:
        """Right answers by label, of each test."""
        tests = [(each["test"], each["labels"]) for each in self.told.get("by_label", [])]
        shares = [line["accuracy"] for _test, lines in tests for line in lines if line["accuracy"] is not None]
        bottom = svg_plot.Scale.of(shares).bottom
        return [Chart(test, bottom, list(self._lines(lines, bottom))) for test, lines in tests]

    def _lines(self, lines: list[Json], bottom: float) -> Any:
        for line in lines:
            if line["slug"] in self.labels and line["accuracy"] is not None:
                place = svg_plot.along((line["accuracy"] - bottom) / (1 - bottom))
                yield Line(self.labels[line["slug"]], place, line["count"], line["accuracy"])

    @cached_property
    def trained_on(self) -> list[Line]:
        """How many drawings of each label it learned from."""
        counts = self.told.get("trained_on", {})
        most = max(counts.values(), default=1) or 1
        known = [(self.labels[slug], count) for slug, count in counts.items() if slug in self.labels]
        return [Line(label, svg_plot.along(count / most), count) for label, count in known]

    @property
    def confusions(self) -> list[tuple[Label, Label, int]]:
        """What is taken for something else, the most frequent first."""
        found = self.told.get("confusions", [])
        known = [each for each in found if each["drawn"] in self.labels and each["answered"] in self.labels]
        return [(self.labels[each["drawn"]], self.labels[each["answered"]], each["count"]) for each in known]

    @cached_property
    def matrix(self) -> Matrix | None:
        """All answers; None where they do not fit the labels."""
        counts = self.told.get("confusion") or []
        return Matrix(list(self.labels.values()), counts) if len(counts) == len(self.labels) else None

    @property
    def results(self) -> list[Json]:
        """The tests with right and wrong answers."""
        return [each for each in self.told.get("results", []) if each.get("count")]

    @property
    def junk(self) -> list[Json]:
        """The tests with what is none of the labels."""
        return [each for each in self.told.get("results", []) if each.get("junk_count")]


def versions(recognizer: Recognizer) -> QuerySet[ModelVersion]:
    """Without their weights, the newest first, with what a card is made of."""
    found = recognizer.versions.light()
    return found.annotate(card=F("manifest__card"), labels=F("manifest__labels")).order_by("-number")


def answering(recognizers: QuerySet[Recognizer]) -> list[ModelCard]:
    """The cards of the versions that answer, in the order of their recognizers."""
    newest = Promotion.objects.filter(recognizer=OuterRef("pk")).order_by("-pk").values("model_version")[:1]
    found = recognizers.annotate(answers=Subquery(newest)).prefetch_related("labels")
    return [card(versions(each).get(pk=each.answers), each, active=True) for each in found]


def card(version: Any, recognizer: Recognizer, *, active: bool) -> ModelCard:
    """The card of one of `versions`; a recognizer that comes with its labels saves a query."""
    known = {label.slug: label for label in recognizer.labels.all()}
    labels = {each["slug"]: known.get(each["slug"]) or Label(**_bare(each)) for each in version.labels}
    version.recognizer = recognizer
    return ModelCard(version, active, labels, version.card or {}, _run_of(version))


def _run_of(version: ModelVersion) -> TrainingRun | None:
    found = TrainingRun.objects.filter(version=version).select_related("base")
    return found.defer("log", "progress", *heavy_fields("base")).first()


def _bare(label: Json) -> Json:
    return {name: label[name] for name in ("slug", "glyph", "name")}
