"""Label checks: what every drawing is held for, beside what versions said that were not taught with it.

The pages that ask where it is wrong must be quick with a million drawings. So the background reads what is new
among the facts, writes a row for each drawing, and counts the rows now and then. Reading the same twice does no harm.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet, Value
from django.utils import timezone

from recognizer.insights.counts import is_recount_due, recount
from recognizer.models import (
    Bookmark,
    Correction,
    Label,
    LabelCheck,
    Prediction,
    Review,
    SnapshotItem,
)
from recognizer.review import decisions

logger = logging.getLogger(__name__)

BATCH_SIZE = 500  # rows of facts in one transaction
MOMENT = 2.0  # seconds of a tick
LATE = timedelta(minutes=2)  # so long the last rows are read again: one with a lower id may be committed later
LATE_IDS = 200
SOURCES: dict[str, tuple[Any, str]] = {
    "corrections": (Correction, "drawing"),
    "reviews": (Review, "correction__drawing"),
    "predictions": (Prediction, "drawing"),
}
CHECKED = [field.attname for field in LabelCheck._meta.concrete_fields if not field.primary_key]


class CurrentLabel(NamedTuple):
    """What a drawing is held for: as a reviewer decided, else as its author says."""

    correction_id: int
    recognizer_id: int
    label_id: int
    approved: bool


class VersionAnswer(NamedTuple):
    """What a version said about a drawing."""

    version: int
    number: int
    label: int
    guesses: list[tuple[str, float]]


def refresh_label_checks() -> tuple[int, bool]:
    """Read what is new, and count if that is due; returns how many rows were read, and whether there are more."""
    end = time.monotonic() + MOMENT
    read, more = 0, True
    while more and time.monotonic() < end:
        done, more = read_new_rows()
        read += done
    if is_recount_due():
        recount()
    return read, more


def read_new_rows() -> tuple[int, bool]:
    """Read some of what is new in each table; returns how many rows, and whether there may be more."""
    _begin()
    try:
        found = [_read(name) for name in SOURCES]
        more = any(number >= BATCH_SIZE for number in found)
        if not more:
            _read_late()
    except IntegrityError:
        logger.info("a drawing was deleted while its label was checked; the next tick reads it again")
        return 0, False
    return sum(found), more


def rebuild_label_checks() -> int:
    """Read all facts from the first one on, and count; returns how many rows. Minutes where there are a million."""
    Bookmark.objects.all().delete()
    read, more = 0, True
    while more:
        done, more = read_new_rows()
        read += done
    recount()
    return read


def is_behind() -> bool:
    """Whether there are corrections that were not read yet, beyond what comes in while one looks."""
    newest = Correction.objects.aggregate(newest=Max("id"))["newest"] or 0
    at = Bookmark.objects.filter(of="corrections").values_list("at", flat=True).first() or 0
    return newest - at > BATCH_SIZE


def _begin() -> None:
    """Corrections are read from the first; they are checked with all that was decided and predicted until now."""
    for name, (model, _drawing) in SOURCES.items():
        if not Bookmark.objects.filter(of=name).exists():
            newest = 0 if name == "corrections" else model.objects.aggregate(newest=Max("id"))["newest"] or 0
            Bookmark.objects.get_or_create(of=name, defaults={"at": newest})


@transaction.atomic
def _read(name: str) -> int:
    """The next rows of one table; returns how many."""
    mark = Bookmark.objects.get(of=name)
    new = list(_rows(name).filter(id__gt=mark.at)[:BATCH_SIZE])
    if new:
        update_checks(drawing for _id, drawing in new)
        Bookmark.objects.filter(of=name, at__lt=new[-1][0]).update(at=new[-1][0], moved=timezone.now())
    return len(new)


def _read_late() -> None:
    """Where something was new a moment ago, read the last rows again: others may have been committed among them."""
    for mark in Bookmark.objects.filter(of__in=SOURCES, moved__gte=timezone.now() - LATE):
        last = _rows(mark.of).filter(id__gt=mark.at - LATE_IDS, id__lte=mark.at)
        update_checks(drawing for _id, drawing in last)


def _rows(name: str) -> QuerySet[Any, tuple[int, int]]:
    model, drawing = SOURCES[name]
    return model.objects.order_by("id").values_list("id", drawing)


@transaction.atomic
def update_checks(drawings: Iterable[int]) -> None:
    """Write anew what is known of these drawings; those held for nothing have no row. Seven queries at most."""
    ids = set(drawings)
    held = _held(ids)
    answers, studied, labels = _answers(held), _studied(held), _labels()
    rows = []
    for drawing in sorted(held):
        said = answers[drawing]
        fair = [answer for answer in said if answer.version not in studied[drawing]]
        own = labels[held[drawing].recognizer_id]
        row = LabelCheck(drawing_id=drawing, **held[drawing]._asdict(), **_live(said))
        rows.append(_judged(row, max(fair, key=lambda each: each.number), own) if fair else row)
    LabelCheck.objects.filter(drawing__in=ids - set(held)).delete()
    LabelCheck.objects.bulk_create(rows, update_conflicts=True, unique_fields=["drawing"], update_fields=CHECKED)


def _held(drawings: set[int]) -> dict[int, CurrentLabel]:
    """By drawing; those whose author says nothing now, or that a reviewer rejected, are held for nothing."""
    said = Correction.objects.current().filter(drawing__in=drawings, label__isnull=False)
    found = {
        pk: CurrentLabel(*held)
        for pk, *held in said.values_list("drawing", "id", "label__recognizer", "label", Value(False))
    }
    decided = Review.objects.current().filter(decision__in=decisions.DECIDED, correction__drawing__in=set(found))
    for drawing, correction, label in decided.values_list("correction__drawing", "correction", "label"):
        if found[drawing].correction_id != correction:
            continue
        if label is None:
            del found[drawing]
        else:
            found[drawing] = found[drawing]._replace(label_id=label, approved=True)
    return found


def _answers(drawings: Iterable[int]) -> dict[int, list[VersionAnswer]]:
    """By drawing, the live answer first."""
    found = Prediction.objects.filter(drawing__in=set(drawings)).order_by("id")
    answers = defaultdict(list)
    for drawing, *answer in found.values_list("drawing", "model_version", "model_version__number", "label", "guesses"):
        answers[drawing].append(VersionAnswer(*answer))
    return answers


def _studied(drawings: Iterable[int]) -> dict[int, set[int]]:
    """By drawing, the versions that were taught with it."""
    items = SnapshotItem.objects.filter(drawing__in=set(drawings), part=SnapshotItem.Part.STUDY)
    versions = defaultdict(set)
    for drawing, version in items.filter(run__version__isnull=False).values_list("drawing", "run__version"):
        versions[drawing].add(version)
    return versions


def _labels() -> dict[int, dict[str, int]]:
    """By recognizer, and there by slug."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for recognizer, slug, pk in Label.objects.order_by().values_list("recognizer", "slug", "pk"):
        found[recognizer][slug] = pk
    return found


def _live(said: list[VersionAnswer]) -> dict[str, int]:
    return {"version_id": said[0].version, "answered_id": said[0].label} if said else {}


def _judged(row: LabelCheck, answer: VersionAnswer, labels: dict[str, int]) -> LabelCheck:
    """With what a version says that was not taught with it. What is left of 1 is what it gives to no label at all."""
    shares: dict[int | None, float] = {labels[slug]: share for slug, share in answer.guesses if slug in labels}
    shares[None] = 1 - sum(shares.values())
    row.judge_id, row.share = answer.version, shares.pop(row.label_id, 0.0)
    row.rival_id = max(shares, key=lambda label: shares[label])
    row.rival_share = shares[row.rival_id]
    row.margin = row.share - row.rival_share
    return row
