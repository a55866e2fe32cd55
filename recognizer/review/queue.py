"""The queue of the review room: which corrections wait, and what makes looking at each useful.

One row per correction (`QueueEntry`), written in the same transaction: by `follow` for a correction, by `settle` for
a decision. What writes corrections in bulk calls `put`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import people
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

if TYPE_CHECKING:
    from accounts.models import User

DECIDED = [Review.Decision.ACCEPTED, Review.Decision.RELABELLED, Review.Decision.REJECTED]
AT_ONCE = 500  # drawings in memory
LOOKED_AT = 100  # decided corrections of a label: with fewer it is scarce
KNOWN = 10  # decided corrections of a label that say how many points are usual
FAR = 4  # times more or fewer points than usual are suspicious
RECENT = 50  # drawings of one author and label among which a twin is looked for
CELLS = 7  # of a shape, along each side
ALIKE = 2  # cells in which twins may differ


@dataclass(frozen=True)
class QueueFilter:
    """What a reviewer wants to be shown."""

    recognizer: Recognizer | None = None
    label: Label | None = None
    version: ModelVersion | None = None
    author: int | None = None
    oldest: bool = False  # first, instead of the most useful


NO_FILTER = QueueFilter()


def waiting_corrections(*, reviewer: User, own: bool, wanted: QueueFilter = NO_FILTER) -> QuerySet[Correction]:
    """What this reviewer could decide now, in the order in which they want it; `own`: their own drawings, too.

    Undecided corrections of people who may teach, of which this reviewer has said nothing yet, and that nobody else
    is looking at.
    """
    found = available_to(Correction.objects.filter(queue_entry__waits=True), reviewer=reviewer, own=own, wanted=wanted)
    order = ["pk"] if wanted.oldest else ["-queue_entry__usefulness", "pk"]
    return found.order_by(*order)


def available_to(
    found: QuerySet[Correction], *, reviewer: User, own: bool, wanted: QueueFilter = NO_FILTER
) -> QuerySet[Correction]:
    """Those of these corrections that this reviewer wants and could say something about now."""
    found = found.filter(people.may_train("queue_entry__author"))
    found = found.exclude(Q(claim__until__gt=timezone.now()) & ~Q(claim__by=reviewer))
    found = found.filter(~Exists(Opinion.objects.current().filter(correction=OuterRef("pk"), by=reviewer)))
    if not own:
        found = found.exclude(queue_entry__author=reviewer)
    asked = {"recognizer": wanted.recognizer, "label": wanted.label, "version": wanted.version, "author": wanted.author}
    found = found.filter(**{f"queue_entry__{name}": value for name, value in asked.items() if value is not None})
    return found.select_related("label", "queue_entry")


def update_entries(drawing: Drawing) -> None:
    """Let a drawing have the entry that goes with what its author says now and what was decided about that."""
    QueueEntry.objects.filter(correction__drawing=drawing).delete()
    create_entries(Correction.objects.current().filter(drawing=drawing, label__isnull=False))


def add_entry(correction: Correction, *, oddness: float | None) -> None:
    """The same for what its author has just said, so that nobody has decided it yet: three queries, or one to go.

    `oddness` as in `QueueEntry`. The drawing that the correction holds may have its answers with it.
    """
    if correction.replaces_id:
        QueueEntry.objects.filter(correction=correction.replaces_id).delete()
    if correction.label_id is None:
        return
    entry = _entry(correction, waits=True)
    entry.oddness = oddness
    _put_together([entry], {correction.drawing_id: min(correction.drawing.predictions.all(), key=_age, default=None)})
    entry.save(force_insert=True)


def _age(prediction: Prediction) -> int:
    return prediction.pk


def save_oddness(entries: Sequence[QueueEntry]) -> None:
    """Save the oddness that was measured, and update the order. Oddness as in `QueueEntry`."""
    usual = _points_of_labels({entry.label_id for entry in entries})
    for entry in entries:
        suspicious = _is_suspicious(entry, usual[entry.label_id])
        entry.usefulness = entry.uses | Use.SUSPICIOUS if suspicious else entry.uses & ~Use.SUSPICIOUS
    QueueEntry.objects.bulk_update(entries, ["oddness", "usefulness"])


def set_waiting(corrections: Iterable[int], *, waits: bool) -> None:
    """Somebody has decided these corrections, or taken their decisions back."""
    rows = list(corrections)
    for start in range(0, len(rows), AT_ONCE):
        QueueEntry.objects.filter(correction__in=rows[start : start + AT_ONCE]).update(waits=waits, disputed=False)


def mark_disputed(corrections: Collection[int]) -> None:
    """Reviewers do not agree on these: they wait for who settles disputes, and are shown to nobody else."""
    if corrections:
        QueueEntry.objects.filter(correction__in=corrections).update(waits=False, disputed=True)


def lock_entry(correction: int) -> QueueEntry | None:
    """Before anything else that concerns its review is changed: whoever claims many locks their entries first, too."""
    return QueueEntry.objects.select_for_update(no_key=True).filter(pk=correction).first()


def create_entries(corrections: Iterable[Correction]) -> None:
    """Give standing corrections that name a label their entries; one that has a entry keeps it.

    For any number: a handful of queries for each five hundred, and one for each label among them.
    """
    rows = sorted({each.pk for each in corrections if each.label_id})
    for start in range(0, len(rows), AT_ONCE):
        _put(rows[start : start + AT_ONCE])


def _put(ids: Sequence[int]) -> None:
    found = list(Correction.objects.filter(pk__in=ids).select_related("drawing").defer("drawing__image").order_by("pk"))
    decided = set(Review.objects.current().filter(correction__in=ids, decision__in=DECIDED).values_list("correction"))
    entries = [_entry(each, waits=(each.pk,) not in decided) for each in found]
    _put_together(entries, _first_answers(found))
    QueueEntry.objects.bulk_create(entries, ignore_conflicts=True)


def _put_together(entries: Sequence[QueueEntry], answers: Mapping[int, Prediction | None]) -> None:
    """What orders and filters them; `answers` by the id of the drawing."""
    usual, twins = _points_of_labels({entry.label_id for entry in entries}), _twins(entries)
    for entry in entries:
        answer = answers.get(entry.correction.drawing_id)
        entry.version_id = answer.model_version_id if answer else None
        entry.usefulness = _use(entry, answer, usual[entry.label_id], twin=entry.correction_id in twins)


def _entry(correction: Correction, *, waits: bool) -> QueueEntry:
    drawing, ink = correction.drawing, correction.drawing.ink
    assert correction.label_id is not None  # noqa: S101 - those that name none were left out
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
    """A coarse picture of the ink, a bit for each of 7x7 cells: those that hold more ink than the average one."""
    raster = rasterise([np.array(stroke[:2], dtype=float) for stroke in ink])
    cells = cv2.resize(raster, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return int("".join("1" if cell else "0" for cell in (cells > cells.mean()).flat), 2)


def _first_answers(corrections: Collection[Correction]) -> dict[int, Prediction]:
    """By a drawing's id: what a model said first."""
    drawings = [each.drawing_id for each in corrections]
    found = Prediction.objects.filter(drawing__in=drawings).only("drawing", "label", "unsure", "model_version")
    return {drawing: next(answers) for drawing, answers in groupby(found.order_by("drawing", "id"), _drawing_of)}


def _drawing_of(prediction: Prediction) -> int:
    return prediction.drawing_id


def _points_of_labels(labels: Iterable[int]) -> dict[int, list[int | None]]:
    """By a label's id: how many points the drawings had that were decided last."""
    return {label: list(_points_of(label)) for label in labels}


def _points_of(label: int) -> QuerySet[QueueEntry, int | None]:
    decided = QueueEntry.objects.filter(waits=False, label=label).order_by("-correction")
    return decided.values_list("points", flat=True)[:LOOKED_AT]


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
    """Unlike others of its label, or of far fewer or more points than those that were decided."""
    usual = [points for points in decided if points]
    if entry.is_odd or entry.points is None or len(usual) < KNOWN:
        return entry.is_odd
    middle = median(usual)
    return entry.points * FAR < middle or entry.points > middle * FAR


def _twins(entries: Sequence[QueueEntry]) -> set[int]:
    """The corrections of which an older drawing of the same author and label is nearly the same."""
    older = _shapes_before(entries)
    return {entry.correction_id for entry in entries if _has_twin(entry, older[entry.author_id, entry.label_id])}


def _has_twin(entry: QueueEntry, seen: list[int]) -> bool:
    """Looks among what was seen before, and is seen itself from then on."""
    if entry.shape is None:
        return False
    alike = any((entry.shape ^ each).bit_count() <= ALIKE for each in seen[-RECENT:])
    seen.append(entry.shape)
    return alike


def _shapes_before(entries: Sequence[QueueEntry]) -> Mapping[tuple[int, int], list[int]]:
    """By author and label: the shapes of older drawings, the newest last."""
    found: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for author, label, known in _recent_shapes(entries):
        if known is not None:
            found[author, label].insert(0, known)
    return found


def _recent_shapes(entries: Sequence[QueueEntry]) -> Iterator[tuple[int, int, int | None]]:
    older = QueueEntry.objects.filter(
        author__in={entry.author_id for entry in entries},
        label__in={entry.label_id for entry in entries},
        correction__lt=min((entry.correction_id for entry in entries), default=0),
        shape__isnull=False,
    )
    yield from older.order_by("-correction").values_list("author", "label", "shape")[: RECENT * len(entries)]
