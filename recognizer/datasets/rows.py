"""Drawings with all that was said about them, page by page, with a fixed number of queries a page.

Strokes and guesses are taken from the database as the JSON text that they are kept as: they are most of what is
written, and reading them only to write them again would take most of the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Max, Q, QuerySet, TextField
from django.db.models.functions import Cast

from recognizer.datasets.filters import DECIDED, UNDECIDED, UNNAMED, DrawingFilter
from recognizer.datasets.pseudonyms import Pseudonyms
from recognizer.models import Correction, Drawing, ImportedDrawing, Label, ModelVersion, Prediction, Recognizer, Review

PAGE = 250  # drawings in memory at a time; one that was drawn here has at most 256 KB
PICTURES = 25  # of them whose pictures are in memory at a time
UNSTATED = "not stated"


class Decided(NamedTuple):
    """A review, or its being undone."""

    decision: str
    label: str | None
    reason: str
    by: str | None
    automatic: bool
    created: datetime


class Said(NamedTuple):
    """What its author said, and what reviewers made of that, in the order in which it happened."""

    label: str | None
    created: datetime
    reviews: list[Decided]


class Answered(NamedTuple):
    """What a version said; `guesses` as JSON."""

    number: int
    sha256: str
    label: str
    probability: float
    unsure: bool
    guesses: str
    created: datetime


@dataclass(slots=True)
class DrawingRow:
    """One drawing; `ink` as JSON, or `image` as PNG."""

    pk: int
    uuid: str
    recognizer: str
    author: str
    created: datetime
    licence: str
    ink: str | None
    image: bytes | None = None
    answers: list[Answered] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    """The names of the recognizer's labels by their slugs."""

    @property
    def decided(self) -> Decided | None:
        """The decision that stands about what the author says now."""
        last = self.said[-1].reviews[-1:] if self.said and self.said[-1].label else []
        return last[0] if last and last[0].decision in DECIDED else None

    @property
    def status(self) -> str:
        """One of `wanted.STATUSES`."""
        if not self.said or self.said[-1].label is None:
            return UNNAMED
        return self.decided.decision if self.decided else UNDECIDED

    @property
    def label(self) -> str | None:
        """What counts: the reviewer's word, else the author's."""
        if not self.said:
            return None
        return (self.decided.label if self.decided else None) or self.said[-1].label

    @property
    def first(self) -> Answered | None:
        """The answer that its author saw."""
        return self.answers[0] if self.answers else None


class _Names:
    """What rows are called, looked up once."""

    def __init__(self, licence: str) -> None:
        self.licence = licence or UNSTATED
        self.people = Pseudonyms()
        self.recognizers = dict(Recognizer.objects.values_list("pk", "slug"))
        self.versions: dict[int, tuple[int, str]] = {}
        self.learn_versions()
        self.labels: dict[int, str] = {}
        self.words: dict[int, dict[str, str]] = defaultdict(dict)
        for pk, recognizer, slug, name in Label.objects.values_list("pk", "recognizer", "slug", "name"):
            self.labels[pk] = slug
            self.words[recognizer][slug] = name

    def learn_versions(self) -> None:
        for pk, number, sha256 in ModelVersion.objects.values_list("pk", "number", "sha256"):
            self.versions[pk] = (number, sha256)

    def label(self, pk: int | None) -> str | None:
        return self.labels[pk] if pk is not None else None


def read_pages(wanted: DrawingFilter, *, licence: str = "") -> Iterator[list[DrawingRow]]:
    """What is wanted, in the order in which it came; `licence` is that of what was drawn here.

    No cursor stays open, so a slow reader holds nothing up; what is drawn from now on is not in it.
    """
    names = _Names(licence)
    newest = Drawing.objects.aggregate(newest=Max("pk"))["newest"] or 0
    last = 0
    while found := list(_page(wanted, after=last, newest=newest)):
        yield from _with_pictures(_rows(found, names))
        last = found[-1][0]


def _page(wanted: DrawingFilter, *, after: int, newest: int) -> QuerySet[Drawing, Any]:
    return (
        wanted.drawings()
        .filter(pk__gt=after, pk__lte=newest)
        .order_by("pk")
        .annotate(text=Cast("ink", TextField()))
        .values_list("pk", "uuid", "recognizer", "author", "created", "text")[:PAGE]
    )


def _rows(found: Sequence[tuple[Any, ...]], names: _Names) -> list[DrawingRow]:
    ids = [pk for pk, *_rest in found]
    said, by = _corrections(ids, names)
    names.people.learn([*(author for _pk, _uuid, _recognizer, author, *_rest in found), *by])
    answers, licences = _answers(ids, names), dict(_licences(ids))
    return [
        DrawingRow(
            pk=pk,
            uuid=str(uuid),
            recognizer=names.recognizers[recognizer],
            author=names.people.of(author) or "",
            created=created,
            licence=licences.get(pk, names.licence),
            ink=ink,
            answers=answers.get(pk, []),
            said=[_said(label, when, reviews, names) for label, when, reviews in said.get(pk, [])],
            labels=names.words[recognizer],
        )
        for pk, uuid, recognizer, author, created, ink in found
    ]


def _with_pictures(rows: list[DrawingRow]) -> Iterator[list[DrawingRow]]:
    """Pictures a few at a time; without any the page stays whole."""
    if all(row.ink is not None for row in rows):
        yield rows
        return
    for start in range(0, len(rows), PICTURES):
        some = rows[start : start + PICTURES]
        wanted = [row.pk for row in some if row.ink is None]
        images: dict[int, Any] = dict(Drawing.objects.filter(pk__in=wanted).values_list("pk", "image"))
        for row in some:
            row.image = bytes(images[row.pk]) if row.ink is None and images.get(row.pk) else None
        yield [row for row in some if row.ink is not None or row.image is not None]  # not what went meanwhile


def _of(way: str, ids: list[int]) -> Q:
    """A range where few others lie between: each id asked for costs a third of the time. What is too much is unused."""
    if ids[-1] - ids[0] < 2 * len(ids):
        return Q(**{f"{way}__gte": ids[0], f"{way}__lte": ids[-1]})
    return Q(**{f"{way}__in": ids})


def _answers(ids: list[int], names: _Names) -> dict[int, list[Answered]]:
    found: dict[int, list[Answered]] = defaultdict(list)
    rows: Any = (
        Prediction.objects.filter(_of("drawing", ids)).order_by("pk").annotate(text=Cast("guesses", TextField()))
    )
    fields = ("drawing", "model_version", "label", "probability", "unsure", "text", "created")
    for drawing, version, label, probability, unsure, guesses, created in rows.values_list(*fields):
        if version not in names.versions:  # registered since
            names.learn_versions()
        number, sha256 = names.versions[version]
        answer = Answered(number, sha256, names.labels[label], probability, unsure, guesses, created)
        found[drawing].append(answer)
    return found


def _corrections(ids: list[int], names: _Names) -> tuple[dict[int, list[Any]], set[int | None]]:
    """By drawing: what its author said and when, with the reviews of it; and who made those."""
    said: dict[int, list[Any]] = defaultdict(list)
    reviews: dict[int, list[Any]] = {}
    rows = Correction.objects.filter(_of("drawing", ids)).order_by("pk")
    for pk, drawing, label, created in rows.values_list("pk", "drawing", "label", "created"):
        reviews[pk] = []
        said[drawing].append((label, created, reviews[pk]))
    by: set[int | None] = set()
    made = Review.objects.filter(_of("correction__drawing", ids)).order_by("pk")
    fields = ("correction", "decision", "label", "reason", "by", "automatic", "created")
    for correction, *review in made.values_list(*fields):
        if correction in reviews:
            reviews[correction].append(review)
            by.add(review[3])
    return said, by


def _said(label: int | None, created: datetime, reviews: list[Any], names: _Names) -> Said:
    return Said(
        names.label(label),
        created,
        [
            Decided(decision, names.label(relabelled), reason, names.people.of(by), automatic, when)
            for decision, relabelled, reason, by, automatic, when in reviews
        ],
    )


def _licences(ids: list[int]) -> QuerySet[ImportedDrawing, Any]:
    return ImportedDrawing.objects.filter(_of("drawing", ids)).values_list("drawing", "licence")
