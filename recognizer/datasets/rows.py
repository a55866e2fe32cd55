"""Reads drawings with their history, page by page, with a fixed number of queries for each page.

Ink and guesses are taken from the database as JSON text. They are most of what an export writes, and parsing them only
to write them again would take most of the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Max, Q, QuerySet, TextField
from django.db.models.functions import Cast

from ml.bundles.labels import first_codes
from recognizer.datasets.filters import DECIDED, UNDECIDED, UNNAMED, DrawingFilter
from recognizer.datasets.pseudonyms import Pseudonyms
from recognizer.datasets.records import CorrectionRecord, ReviewRecord
from recognizer.models import Correction, Drawing, ImportedDrawing, Label, ModelVersion, Prediction, Recognizer, Review

PAGE_SIZE = 250  # drawings in memory at a time; one that was drawn here has at most 256 KB
PICTURES_PAGE_SIZE = 25  # of them whose pictures are in memory at a time
UNSTATED = "not stated"


class ExportedPrediction(NamedTuple):
    """What a version answered. `guesses` is JSON."""

    number: int
    sha256: str
    label: str
    probability: float
    unsure: bool
    guesses: str
    created: datetime


@dataclass(slots=True)
class DrawingRow:
    """One drawing with its history. `ink` is JSON, `image` a PNG; one of the two is set."""

    pk: int
    uuid: str
    recognizer: str
    author: str
    created: datetime
    licence: str
    ink: str | None
    image: bytes | None = None
    predictions: list[ExportedPrediction] = field(default_factory=list)
    corrections: list[CorrectionRecord[str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)  # names of the labels of the recognizer, by slug
    codes: dict[str, dict[str, str]] = field(default_factory=dict)  # those of them that have any, as `first_codes`

    @property
    def decision(self) -> ReviewRecord[str] | None:
        """The current review of what the author says now."""
        last = self.corrections[-1].reviews[-1:] if self.corrections and self.corrections[-1].label else []
        return last[0] if last and last[0].decision in DECIDED else None

    @property
    def status(self) -> str:
        """One of `filters.STATUSES`."""
        if not self.corrections or self.corrections[-1].label is None:
            return UNNAMED
        return self.decision.decision if self.decision else UNDECIDED

    @property
    def label(self) -> str | None:
        """The label of the reviewer, otherwise that of the author."""
        if not self.corrections:
            return None
        return (self.decision.label if self.decision else None) or self.corrections[-1].label

    @property
    def first(self) -> ExportedPrediction | None:
        """The prediction that the author saw."""
        return self.predictions[0] if self.predictions else None


class _Names:
    """Slugs, names and pseudonyms by database id, looked up once."""

    def __init__(self, licence: str) -> None:
        self.licence = licence or UNSTATED
        self.people = Pseudonyms()
        self.recognizers = dict(Recognizer.objects.values_list("pk", "slug"))
        self.load_versions()
        self.labels: dict[int, str] = {}
        self.label_names: dict[int, dict[str, str]] = defaultdict(dict)
        self.label_codes: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
        fields = ("pk", "recognizer", "slug", "name", "codes")
        for pk, recognizer, slug, name, codes in Label.objects.values_list(*fields):
            self.labels[pk] = slug
            self.label_names[recognizer][slug] = name
            if first := first_codes(codes):
                self.label_codes[recognizer][slug] = first

    def load_versions(self) -> None:
        found = ModelVersion.objects.values_list("pk", "number", "sha256")
        self.versions = {pk: (number, sha256) for pk, number, sha256 in found}

    def label(self, pk: int | None) -> str | None:
        return self.labels[pk] if pk is not None else None


def read_pages(chosen: DrawingFilter, *, licence: str = "") -> Iterator[list[DrawingRow]]:
    """The chosen drawings in the order of their ids. `licence` is that of drawings that were not imported.

    No database cursor stays open, so a slow reader blocks nothing. Drawings that are added meanwhile are left out.
    """
    names = _Names(licence)
    newest = Drawing.objects.aggregate(newest=Max("pk"))["newest"] or 0
    drawings = chosen.drawings().filter(pk__lte=newest).order_by("pk").annotate(text=Cast("ink", TextField()))
    fields = ("pk", "uuid", "recognizer", "author", "created", "text")
    last = 0
    while found := list(drawings.filter(pk__gt=last).values_list(*fields)[:PAGE_SIZE]):
        yield from _add_pictures(_rows(found, names))
        last = found[-1][0]


def _rows(found: Sequence[tuple[Any, ...]], names: _Names) -> list[DrawingRow]:
    ids = [pk for pk, *_rest in found]
    corrections, reviewers = _read_corrections(ids)
    names.people.load([*(author for _pk, _uuid, _recognizer, author, *_rest in found), *reviewers])
    predictions, licences = _read_predictions(ids, names), dict(_read_licences(ids))
    return [
        DrawingRow(
            pk=pk,
            uuid=str(uuid),
            recognizer=names.recognizers[recognizer],
            author=names.people.get(author) or "",
            created=created,
            licence=licences.get(pk, names.licence),
            ink=ink,
            predictions=predictions.get(pk, []),
            corrections=[_correction(names, *each) for each in corrections.get(pk, [])],
            labels=names.label_names[recognizer],
            codes=names.label_codes[recognizer],
        )
        for pk, uuid, recognizer, author, created, ink in found
    ]


def _add_pictures(rows: list[DrawingRow]) -> Iterator[list[DrawingRow]]:
    """Read pictures, a few at a time. A page without pictures stays whole."""
    if all(row.ink is not None for row in rows):
        yield rows
        return
    for start in range(0, len(rows), PICTURES_PAGE_SIZE):
        some = rows[start : start + PICTURES_PAGE_SIZE]
        without_ink = [row.pk for row in some if row.ink is None]
        images: dict[int, Any] = dict(Drawing.objects.filter(pk__in=without_ink).values_list("pk", "image"))
        for row in some:
            row.image = bytes(images[row.pk]) if row.ink is None and images.get(row.pk) else None
        yield [row for row in some if row.ink is not None or row.image is not None]  # not those deleted meanwhile


def _of_drawings(path: str, ids: list[int]) -> Q:
    """Rows of these drawings: as a range of ids if there are few others in it, because that is three times as fast.

    The caller ignores rows of other drawings.
    """
    if ids[-1] - ids[0] < 2 * len(ids):
        return Q(**{f"{path}__gte": ids[0], f"{path}__lte": ids[-1]})
    return Q(**{f"{path}__in": ids})


def _read_predictions(ids: list[int], names: _Names) -> dict[int, list[ExportedPrediction]]:
    found: dict[int, list[ExportedPrediction]] = defaultdict(list)
    predictions = Prediction.objects.filter(_of_drawings("drawing", ids)).order_by("pk")
    rows: Any = predictions.annotate(text=Cast("guesses", TextField()))
    fields = ("drawing", "model_version", "label", "probability", "unsure", "text", "created")
    for drawing, version, label, *rest in rows.values_list(*fields):
        if version not in names.versions:  # registered after this export started
            names.load_versions()
        found[drawing].append(ExportedPrediction(*names.versions[version], names.labels[label], *rest))
    return found


def _read_corrections(ids: list[int]) -> tuple[dict[int, list[Any]], set[int | None]]:
    """By drawing id: (label, none of these, origin, time, reviews) of each correction. And the ids of the reviewers."""
    corrections: dict[int, list[Any]] = defaultdict(list)
    reviews: dict[int, list[Any]] = {}
    rows = Correction.objects.filter(_of_drawings("drawing", ids)).order_by("pk")
    for pk, drawing, *said in rows.values_list("pk", "drawing", "label", "none_of_these", "origin", "created"):
        reviews[pk] = []
        corrections[drawing].append((*said, reviews[pk]))
    reviewers: set[int | None] = set()
    made = Review.objects.filter(_of_drawings("correction__drawing", ids)).order_by("pk")
    fields = ("correction", "decision", "label", "reason", "by", "automatic", "created")
    for correction, *review in made.values_list(*fields):
        if correction in reviews:
            reviews[correction].append(review)
            reviewers.add(review[3])
    return corrections, reviewers


def _correction(
    names: _Names, label: int | None, none_of_these: bool, origin: str, created: datetime, reviews: list[Any]
) -> CorrectionRecord[str]:
    records = [
        ReviewRecord(decision, names.label(relabelled), reason, names.people.get(by), automatic, when)
        for decision, relabelled, reason, by, automatic, when in reviews
    ]
    return CorrectionRecord(names.label(label), created, records, none_of_these, origin)


def _read_licences(ids: list[int]) -> QuerySet[ImportedDrawing, Any]:
    return ImportedDrawing.objects.filter(_of_drawings("drawing", ids)).values_list("drawing", "licence")
