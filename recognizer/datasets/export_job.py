"""Exports in the background: people or programs ask, a worker writes, and the database keeps them until they expire.

In the database, because web and workers may be on hosts that share no disk; in pieces of a megabyte, so that neither
side ever holds a whole file. A file says nothing about people who left: before it is given out, and at every tick, it
is asked whether all drawings in it are still here and may still teach; if not, its bytes are deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, people
from recognizer import enqueue
from recognizer.datasets import formats
from recognizer.datasets.filters import DrawingFilter, FilterError
from recognizer.models import Drawing, Export, ExportChunk

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)
State = Export.State

PIECE = 1 << 20  # bytes
MOST_BYTES = 2 << 30  # of one file; beyond it the command writes to a disk
KEPT_FOR = timedelta(days=1)
KEPT_EACH = 3  # files of one person
PULSE = timedelta(seconds=1)
SILENT_FOR = timedelta(minutes=2)  # then its worker is dead, or its message was lost
ASKED_AT_ONCE = 5_000  # ids


class OpenExportError(RuntimeError):
    """This person has an export that is not finished."""


class _StoppedError(Exception):
    """Somebody deleted the export, or it was given up, while it was written."""


class _TooLargeError(Exception):
    pass


def start_export(*, by: User, wanted: DrawingFilter, form: str, licence: str) -> Export:
    """Ask for a file. Raises WantedError and OpenExportError."""
    formats.check_export(form=form, wanted=wanted, licence=licence)
    total = wanted.drawings().count()
    if not total:
        raise FilterError(_("No drawing is like this, so there is nothing to export. Ask for more."))
    try:
        with transaction.atomic():
            export = Export.objects.create(by=by, form=form, wanted=wanted.as_json(), licence=licence, total=total)
            enqueue.send_on_commit(enqueue.Task.EXPORT, export.pk)
            detail = {"format": form, "licence": licence, "drawings": total, "which": wanted.as_json()}
            audit.note(by=by, what="export.made", subject=f"export {export.pk}", detail=detail)
    except IntegrityError as error:
        raise OpenExportError from error
    return export


def run_export(*, export_id: int) -> None:
    """Write a file that waits; a second delivery finds it taken."""
    waiting = Export.objects.filter(pk=export_id, state=State.WAITING)
    if not waiting.update(state=State.RUNNING, heartbeat=timezone.now()):
        return
    export = Export.objects.get(pk=export_id)
    try:
        _write(export)
    except _StoppedError:
        logger.info("export %d was stopped", export_id)
    except (FilterError, _TooLargeError) as error:
        _give_up(export, str(error))
    except Exception:
        logger.exception("export %d failed", export_id)
        _give_up(export, _("It could not be written; the log of the worker says why. Ask for it again."))


def _write(export: Export) -> None:
    pieces = _Pieces(export)
    written = formats.write_export(
        wanted=DrawingFilter.read(export.wanted),
        form=export.form,
        licence=export.licence,
        sink=pieces,
        told=pieces.note,
    )
    pieces.finish()
    now = timezone.now()
    done = {"done": written.drawings, "size": written.size, "sha256": written.sha256}
    if not _running(export.pk).update(state=State.READY, finished=now, heartbeat=now, **done):
        raise _StoppedError
    _keep_few(export.by_id)


class _Pieces:
    """A sink that keeps what is written as rows, each with the ids of the drawings that went by meanwhile."""

    def __init__(self, export: Export) -> None:
        self._export, self._number, self._size = export, 0, 0
        self._content, self._done = bytearray(), 0
        self._ids: list[int] = []
        self._pulse = timezone.now()

    def write(self, data: bytes) -> int:
        """More of the file."""
        self._content += data
        while len(self._content) >= PIECE:
            self._keep(PIECE)
        return len(data)

    def note(self, ids: list[int]) -> None:
        """What was just read; shows a pulse now and then."""
        self._ids += ids
        self._done += len(ids)
        if timezone.now() - self._pulse > PULSE:
            self._beat()

    def finish(self) -> None:
        """The rest."""
        self._keep(PIECE)

    @transaction.atomic
    def _keep(self, size: int) -> None:
        self._size += size
        if self._size > MOST_BYTES + PIECE:
            raise _TooLargeError(
                _("It would be larger than %(most)d GB. Ask for less, or use manage.py export_drawings.")
                % {"most": MOST_BYTES >> 30}
            )
        self._beat()
        content, ids = bytes(self._content[:size]), np.array(self._ids, np.int64).tobytes()
        ExportChunk.objects.create(export=self._export, number=self._number, content=content, drawings=ids)
        del self._content[:size]
        self._ids, self._number = [], self._number + 1

    def _beat(self) -> None:
        self._pulse = timezone.now()
        if not _running(self._export.pk).update(heartbeat=self._pulse, done=self._done):
            raise _StoppedError


def _running(pk: int) -> QuerySet[Export]:
    return Export.objects.filter(pk=pk, state=State.RUNNING)


def _give_up(export: Export, reason: str) -> None:
    _end(Export.objects.open().filter(pk=export.pk), State.FAILED, reason)


def _end(exports: QuerySet[Export], state: str, reason: str) -> int:
    """Without its bytes."""
    with transaction.atomic():
        ids = list(exports.select_for_update().values_list("pk", flat=True))
        ExportChunk.objects.filter(export__in=ids).delete()
        return Export.objects.filter(pk__in=ids).update(state=state, reason=reason[:500], finished=timezone.now())


def _keep_few(person: int) -> None:
    ready = Export.objects.filter(by=person, state=State.READY).order_by("-id").values_list("pk", flat=True)
    _end(Export.objects.filter(pk__in=list(ready[KEPT_EACH:])), State.GONE, _("A newer one took its place."))


def run_due_jobs() -> int:
    """Delete what expired or speaks of what was deleted, send lost tasks again, give dead ones up; how many moved."""
    now = timezone.now()
    ready = Export.objects.filter(state=State.READY)
    moved = _end(ready.filter(finished__lt=now - KEPT_FOR), State.GONE, _("It was kept for a day."))
    moved += sum(not check_is_current(export) for export in ready.all())
    silent = Export.objects.filter(heartbeat__lt=now - SILENT_FOR)
    moved += _end(
        silent.filter(state=State.RUNNING), State.FAILED, _("Its worker is gone. Nothing was kept; ask for it again.")
    )
    for pk in silent.filter(state=State.WAITING).values_list("pk", flat=True):
        moved += silent.filter(pk=pk, state=State.WAITING).update(heartbeat=now)
        enqueue.send_on_commit(enqueue.Task.EXPORT, pk)
    return moved


def check_is_current(export: Export) -> bool:
    """Whether all that is in it may still be given out; if not, its bytes are deleted here and now."""
    if all(_are_here(ids) for ids in _ids(export)):
        return True
    reason = _("A drawing in it was deleted, or may not teach any more. Ask for a new one.")
    _end(Export.objects.filter(pk=export.pk, state=State.READY), State.GONE, reason)
    return False


def _ids(export: Export) -> Iterator[list[int]]:
    """In portions."""
    for packed in ExportChunk.objects.filter(export=export).values_list("drawings", flat=True).iterator(chunk_size=10):
        ids = np.frombuffer(bytes(packed), np.int64).tolist()
        yield from (ids[start : start + ASKED_AT_ONCE] for start in range(0, len(ids), ASKED_AT_ONCE))


def _are_here(ids: list[int]) -> bool:
    return Drawing.objects.filter(people.may_train("author"), pk__in=ids).count() == len(ids)


def file_name_of(export: Export) -> str:
    """What the file is called where it is saved."""
    day = timezone.localdate(export.created)
    return f"inkling-{day:%Y-%m-%d}-{export.pk}{formats.FORMATS[export.form].suffix}"


def log_download(*, export: Export, by: User) -> None:
    """Somebody is given the file."""
    audit.note(by=by, what="export.downloaded", subject=f"export {export.pk}", detail={"sha256": export.sha256})


def read_chunks(export: Export) -> Iterable[bytes]:
    """The file, a piece at a time; it ends early, and so with an error, where it is deleted meanwhile."""
    number = 0
    while piece := ExportChunk.objects.filter(export=export, number=number).values_list("content", flat=True).first():
        yield bytes(piece)
        number += 1


def delete_export(*, export: Export) -> None:
    """With its bytes; a worker that is writing it stops."""
    export.delete()
