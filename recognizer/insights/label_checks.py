"""Label checks: the current label of each drawing, beside the predictions of versions that were not trained on it.

The insight pages must be fast with a million drawings. So the background reads new corrections, reviews and
predictions, writes one row for each drawing, and counts these rows now and then. Reading a row twice does no harm.
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
from recognizer.models import Bookmark, Correction, Label, LabelCheck, Prediction, Review, SnapshotItem
from recognizer.review import decisions

logger = logging.getLogger(__name__)

BATCH_SIZE = 500  # rows in one transaction
LATE_COMMITS = timedelta(minutes=2)  # how long the last rows are read again: a lower id may be committed later
LATE_IDS = 200
SOURCES: dict[str, tuple[Any, str]] = {
    "corrections": (Correction, "drawing"),
    "reviews": (Review, "correction__drawing"),
    "predictions": (Prediction, "drawing"),
}
CHECKED = [field.attname for field in LabelCheck._meta.concrete_fields if not field.primary_key]


class CurrentLabel(NamedTuple):
    """The current label of a drawing: the reviewer's, otherwise the author's."""

    correction_id: int
    recognizer_id: int
    label_id: int
    approved: bool


class VersionAnswer(NamedTuple):
    """The prediction of a version for a drawing."""

    version: int
    number: int
    label: int
    guesses: list[tuple[str, float]]


def refresh_label_checks(*, max_seconds: float = 2.0) -> tuple[int, bool]:
    """Read new rows, and count if that is due. Returns how many rows were read, and whether there may be more."""
    end = time.monotonic() + max_seconds
    read, more = 0, True
    while more and time.monotonic() < end:
        done, more = read_new_rows()
        read += done
    if is_recount_due():
        recount()
    return read, more


def read_new_rows() -> tuple[int, bool]:
    """Read some new rows of each table. Returns how many, and whether there may be more."""
    # The first time: start with the first correction, and with the newest review and prediction, because a correction
    # is checked with both.
    for name in SOURCES.keys() - set(Bookmark.objects.values_list("of", flat=True)):
        newest = 0 if name == "corrections" else SOURCES[name][0].objects.aggregate(newest=Max("id"))["newest"] or 0
        Bookmark.objects.get_or_create(of=name, defaults={"at": newest})
    try:
        found = [_read_table(name) for name in SOURCES]
        more = any(number >= BATCH_SIZE for number in found)
        if not more:
            # Other rows may have been committed between the last rows of tables with recent changes.
            for mark in Bookmark.objects.filter(of__in=SOURCES, moved__gte=timezone.now() - LATE_COMMITS):
                last = _rows(mark.of).filter(id__gt=mark.at - LATE_IDS, id__lte=mark.at)
                update_checks(drawing for _id, drawing in last)
    except IntegrityError:
        logger.info("a drawing was deleted while its label was checked; the next run reads the rows again")
        return 0, False
    return sum(found), more


def rebuild_label_checks() -> int:
    """Read all rows from the first one, and count. Returns how many. Takes minutes for a million."""
    Bookmark.objects.all().delete()
    read, more = 0, True
    while more:
        done, more = read_new_rows()
        read += done
    recount()
    return read


def is_behind() -> bool:
    """Whether many corrections have not been read yet."""
    newest = Correction.objects.aggregate(newest=Max("id"))["newest"] or 0
    at = Bookmark.objects.filter(of="corrections").values_list("at", flat=True).first() or 0
    return newest - at > BATCH_SIZE


@transaction.atomic
def _read_table(name: str) -> int:
    """Read the next rows of one table. Returns how many."""
    mark = Bookmark.objects.get(of=name)
    new = list(_rows(name).filter(id__gt=mark.at)[:BATCH_SIZE])
    if new:
        update_checks(drawing for _id, drawing in new)
        Bookmark.objects.filter(of=name, at__lt=new[-1][0]).update(at=new[-1][0], moved=timezone.now())
    return len(new)


def _rows(name: str) -> QuerySet[Any, tuple[int, int]]:
    model, drawing = SOURCES[name]
    return model.objects.order_by("id").values_list("id", drawing)


@transaction.atomic
def update_checks(drawings: Iterable[int]) -> None:
    """Write the rows of these drawings. Drawings without a current label have none. At most seven queries."""
    ids = set(drawings)
    current = _current_labels(ids)
    answers, trained = _answers(current), _trained_versions(current)
    labels: dict[int, dict[str, int]] = defaultdict(dict)  # ids by recognizer and slug
    for recognizer, slug, pk in Label.objects.order_by().values_list("recognizer", "slug", "pk"):
        labels[recognizer][slug] = pk
    rows = []
    for drawing in sorted(current):
        given = answers[drawing]
        independent = [answer for answer in given if answer.version not in trained[drawing]]
        row = LabelCheck(drawing_id=drawing, **current[drawing]._asdict())
        if given:
            row.version_id, row.answered_id = given[0].version, given[0].label
        if independent:
            _judge(row, max(independent, key=lambda each: each.number), labels[row.recognizer_id])
        rows.append(row)
    LabelCheck.objects.filter(drawing__in=ids - set(current)).delete()
    LabelCheck.objects.bulk_create(rows, update_conflicts=True, unique_fields=["drawing"], update_fields=CHECKED)


def _current_labels(drawings: set[int]) -> dict[int, CurrentLabel]:
    """By drawing id. Withdrawn and rejected drawings have no label."""
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
    """By drawing id, the live prediction first."""
    found = Prediction.objects.filter(drawing__in=set(drawings)).order_by("id")
    answers = defaultdict(list)
    for drawing, *answer in found.values_list("drawing", "model_version", "model_version__number", "label", "guesses"):
        answers[drawing].append(VersionAnswer(*answer))
    return answers


def _trained_versions(drawings: Iterable[int]) -> dict[int, set[int]]:
    """By drawing id, the ids of the versions that were trained on it."""
    items = SnapshotItem.objects.filter(drawing__in=set(drawings), part=SnapshotItem.Part.STUDY)
    versions = defaultdict(set)
    for drawing, version in items.filter(run__version__isnull=False).values_list("drawing", "run__version"):
        versions[drawing].add(version)
    return versions


def _judge(row: LabelCheck, answer: VersionAnswer, labels: dict[str, int]) -> None:
    """Fill in the figures of an independent version. The remainder to 1 is its probability for no label at all.

    Of many labels only the likeliest are saved. A label that is not among them has 0 here, and the rest of them, less
    than 1 % of a usual answer, counts as no label.
    """
    shares: dict[int | None, float] = {labels[slug]: share for slug, share in answer.guesses if slug in labels}
    shares[None] = 1 - sum(shares.values())
    row.judge_id, row.share = answer.version, shares.pop(row.label_id, 0.0)
    row.rival_id = max(shares, key=lambda label: shares[label])
    row.rival_share = shares[row.rival_id]
    row.margin = row.share - row.rival_share
