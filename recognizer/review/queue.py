"""The review queue: which corrections wait for a reviewer, and how useful reviewing each one is.

Each correction has one row (`QueueEntry`), written in the transaction that changes the correction or its review.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from statistics import median

import cv2
import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import people
from accounts.models import User
from ml.preprocessing.ink import rasterise
from recognizer.models import (
    Correction,
    Drawing,
    Label,
    ModelVersion,
    Opinion,
    Prediction,
    QueueEntry,
    Recognizer,
    Review,
    Use,
)

DECIDED = [Review.Decision.ACCEPTED, Review.Decision.RELABELLED, Review.Decision.REJECTED]
AT_ONCE = 500  # drawings in memory
LOOKED_AT = 100  # decided corrections of a label that are read; with fewer the label is scarce
KNOWN = 10  # decided corrections that are needed to say how many points are usual
FAR = 4  # times more or fewer points than usual are suspicious
RECENT = 50  # drawings of one author and label that a drawing is compared with
CELLS = 7  # of a shape, in each direction
ALIKE = 2  # cells in which nearly identical drawings may differ


@dataclass(frozen=True)
class QueueFilter:
    """Which corrections a reviewer wants to be shown, and in which order."""

    recognizer: Recognizer | None = None
    label: Label | None = None
    version: ModelVersion | None = None
    author: int | None = None
    oldest: bool = False  # the oldest first, instead of the most useful


NO_FILTER = QueueFilter()


def waiting_corrections(*, reviewer: User, own: bool, wanted: QueueFilter = NO_FILTER) -> QuerySet[Correction]:
    """The corrections that this reviewer could decide now, in the order that they want; `own`: their own, too.

    These are undecided, of authors whose drawings may be used for training, without an opinion of this reviewer, and
    not claimed by anybody else.
    """
    found = available_to(Correction.objects.filter(queue_entry__waits=True), reviewer=reviewer, own=own, wanted=wanted)
    order = ["pk"] if wanted.oldest else ["-queue_entry__usefulness", "pk"]
    return found.order_by(*order)


def available_to(
    found: QuerySet[Correction], *, reviewer: User, own: bool, wanted: QueueFilter = NO_FILTER
) -> QuerySet[Correction]:
    """Those of these corrections that this reviewer wants and may give an opinion about now."""
    found = found.filter(people.may_train("queue_entry__author"))
    found = found.exclude(Q(claim__until__gt=timezone.now()) & ~Q(claim__by=reviewer))
    found = found.filter(~Exists(Opinion.objects.current().filter(correction=OuterRef("pk"), by=reviewer)))
    if not own:
        found = found.exclude(queue_entry__author=reviewer)
    asked = {"recognizer": wanted.recognizer, "label": wanted.label, "version": wanted.version, "author": wanted.author}
    found = found.filter(**{f"queue_entry__{name}": value for name, value in asked.items() if value is not None})
    return found.select_related("label", "queue_entry")


def update_entries(drawing: Drawing) -> None:
    """Write the queue entry of a drawing's current correction anew."""
    QueueEntry.objects.filter(correction__drawing=drawing).delete()
    create_entries(Correction.objects.current().filter(drawing=drawing, label__isnull=False))


def add_entry(correction: Correction, *, oddness: float | None) -> None:
    """Write the queue entry of a new correction, which nobody has decided yet, in at most four queries.

    `oddness` as in `QueueEntry`. Uses the drawing's prefetched predictions if there are any.
    """
    if correction.replaces_id:
        QueueEntry.objects.filter(correction=correction.replaces_id).delete()
    if correction.label_id is None:
        return
    entry = _entry(correction, waits=True)
    entry.oddness = oddness
    _fill_in(
        [entry], {correction.drawing_id: min(correction.drawing.predictions.all(), key=attrgetter("pk"), default=None)}
    )
    entry.save(force_insert=True)


def save_oddness(entries: Sequence[QueueEntry]) -> None:
    """Save the `oddness` that was set on these entries, and the usefulness that follows from it."""
    usual = _points_of_labels({entry.label_id for entry in entries})
    for entry in entries:
        suspicious = _is_suspicious(entry, usual[entry.label_id])
        entry.usefulness = entry.uses | Use.SUSPICIOUS if suspicious else entry.uses & ~Use.SUSPICIOUS
    QueueEntry.objects.bulk_update(entries, ["oddness", "usefulness"])


def set_waiting(corrections: Iterable[int], *, waits: bool) -> None:
    """Note that these corrections wait for a reviewer, or no longer do; they are not disputed."""
    rows = list(corrections)
    for start in range(0, len(rows), AT_ONCE):
        QueueEntry.objects.filter(correction__in=rows[start : start + AT_ONCE]).update(waits=waits, disputed=False)


def mark_disputed(corrections: Collection[int]) -> None:
    """Note that reviewers disagree about these: they wait for someone who may settle disputes."""
    if corrections:
        QueueEntry.objects.filter(correction__in=corrections).update(waits=False, disputed=True)


def lock_entry(correction: int) -> QueueEntry | None:
    """Lock the entry of a correction. Everything that changes reviews locks it first, which prevents deadlocks."""
    return QueueEntry.objects.select_for_update(no_key=True).filter(pk=correction).first()


def create_entries(corrections: Iterable[Correction]) -> None:
    """Write the entries of current corrections with a label; existing entries stay as they are.

    For any number of corrections: a few queries for each AT_ONCE of them, and one for each label.
    """
    rows = sorted({each.pk for each in corrections if each.label_id})
    for start in range(0, len(rows), AT_ONCE):
        ids = rows[start : start + AT_ONCE]
        some = Correction.objects.filter(pk__in=ids).select_related("drawing").defer("drawing__image").order_by("pk")
        found = list(some)
        decisions = Review.objects.current().filter(correction__in=ids, decision__in=DECIDED)
        decided = set(decisions.values_list("correction", flat=True))
        entries = [_entry(each, waits=each.pk not in decided) for each in found]
        _fill_in(entries, _first_answers(found))
        QueueEntry.objects.bulk_create(entries, ignore_conflicts=True)


def _fill_in(entries: Sequence[QueueEntry], answers: Mapping[int, Prediction | None]) -> None:
    """Set what orders and filters the entries; `answers` has the first predictions by id of the drawing."""
    usual, twins = _points_of_labels({entry.label_id for entry in entries}), _twins(entries)
    for entry in entries:
        answer = answers.get(entry.correction.drawing_id)
        entry.version_id = answer.model_version_id if answer else None
        entry.usefulness = _use(entry, answer, usual[entry.label_id], twin=entry.correction_id in twins)


def _entry(correction: Correction, *, waits: bool) -> QueueEntry:
    drawing, ink = correction.drawing, correction.drawing.ink
    assert correction.label_id is not None  # noqa: S101 - those without a label were left out
    return QueueEntry(
        correction=correction,
        waits=waits,
        recognizer_id=drawing.recognizer_id,
        label_id=correction.label_id,
        author_id=drawing.author_id,
        points=sum(len(stroke[0]) for stroke in ink) if ink else None,
        shape=shape(ink) if ink else None,
    )


def shape(ink: Iterable[Sequence[Sequence[float]]]) -> int:
    """The ink in 49 bits, one for each of 7x7 cells: set if the cell has more ink than the mean of all cells."""
    raster = rasterise([np.array(stroke[:2], dtype=float) for stroke in ink])
    cells = cv2.resize(raster, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return int("".join("1" if cell else "0" for cell in (cells > cells.mean()).flat), 2)


def _first_answers(corrections: Collection[Correction]) -> dict[int, Prediction]:
    """By a drawing's id: its first prediction."""
    drawings = [each.drawing_id for each in corrections]
    found = Prediction.objects.filter(drawing__in=drawings).only("drawing", "label", "unsure", "model_version")
    return {
        drawing: next(answers)
        for drawing, answers in groupby(found.order_by("drawing", "id"), attrgetter("drawing_id"))
    }


def _points_of_labels(labels: Iterable[int]) -> dict[int, list[int | None]]:
    """By a label's id: how many points the drawings have that were decided last."""
    decided = QueueEntry.objects.filter(waits=False).order_by("-correction").values_list("points", flat=True)
    return {label: list(decided.filter(label=label)[:LOOKED_AT]) for label in labels}


def _use(entry: QueueEntry, answer: Prediction | None, decided: Sequence[int | None], *, twin: bool) -> Use:
    uses = {
        Use.SCARCE: len(decided) < LOOKED_AT,
        Use.UNSURE: bool(answer and answer.unsure),
        Use.DIFFERS: bool(answer and answer.label_id != entry.label_id),
        Use.SUSPICIOUS: _is_suspicious(entry, decided),
        Use.FRESH: not twin,
    }
    return sum((use for use, holds in uses.items() if holds), start=Use(0))


def _is_suspicious(entry: QueueEntry, decided: Sequence[int | None]) -> bool:
    """Whether it is odd, or has far fewer or far more points than decided drawings of its label."""
    usual = [points for points in decided if points]
    if entry.is_odd or entry.points is None or len(usual) < KNOWN:
        return entry.is_odd
    middle = median(usual)
    return entry.points * FAR < middle or entry.points > middle * FAR


def _twins(entries: Sequence[QueueEntry]) -> set[int]:
    """The corrections whose author has drawn nearly the same with the same label before."""
    older = QueueEntry.objects.filter(
        author__in={entry.author_id for entry in entries},
        label__in={entry.label_id for entry in entries},
        correction__lt=min((entry.correction_id for entry in entries), default=0),
        shape__isnull=False,
    )
    recent = older.order_by("-correction").values_list("author", "label", "shape")[: RECENT * len(entries)]
    shapes: defaultdict[tuple[int, int], list[int]] = defaultdict(list)  # by author and label, the newest last
    for author, label, known in reversed(list(recent)):
        if known is not None:
            shapes[author, label].append(known)
    twins = set()
    for entry in entries:
        seen = shapes[entry.author_id, entry.label_id]
        if entry.shape is not None:
            if any((entry.shape ^ each).bit_count() <= ALIKE for each in seen[-RECENT:]):
                twins.add(entry.correction_id)
            seen.append(entry.shape)
    return twins
