"""Exports in the background: a worker writes the file, and the database stores it until it expires.

The file is in the database because the web server and the workers may share no disk, and in chunks of a megabyte so
that nobody holds a whole file in memory. It contains nothing about people who left: before each download, and
regularly in the background, the site checks that all its drawings exist and may still be trained on. If not, the bytes
are deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, people
from accounts.models import User
from recognizer import enqueue, webhooks
from recognizer.datasets import formats
from recognizer.datasets.filters import DrawingFilter, FilterError
from recognizer.models import Drawing, Export, ExportChunk

logger = logging.getLogger(__name__)
State = Export.State

CHUNK_SIZE = 1 << 20  # bytes
MAX_BYTES = 2 << 30  # of one file; for more there is the command
KEPT_FOR = timedelta(days=1)
MAX_PER_PERSON = 3  # files
HEARTBEAT_EVERY = timedelta(seconds=1)
SILENT_FOR = timedelta(minutes=2)  # then the worker is dead, or the message was lost
CHECK_BATCH = 5_000  # ids


class OpenExportError(RuntimeError):
    """This person has an export that is waiting or being written."""


class _StoppedError(Exception):
    """The export was deleted or given up while it was written."""


class _TooLargeError(Exception):
    pass


def start_export(*, by: User, chosen: DrawingFilter, form: str, licence: str) -> Export:
    """Ask for a file. Raises FilterError and OpenExportError."""
    formats.check_export(form=form, chosen=chosen, licence=licence)
    total = chosen.drawings().count()
    if not total:
        raise FilterError(_("No drawings match these filters. Choose others."))
    try:
        with transaction.atomic():
            export = Export.objects.create(by=by, form=form, wanted=chosen.as_json(), licence=licence, total=total)
            enqueue.send_on_commit(enqueue.Task.EXPORT, export.pk)
            detail = {"format": form, "licence": licence, "drawings": total, "which": chosen.as_json()}
            audit.note(by=by, what="export.made", subject=f"export {export.pk}", detail=detail)
    except IntegrityError as error:
        raise OpenExportError from error
    return export


def run_export(*, export_id: int) -> None:
    """Write a waiting export, unless another worker has it."""
    waiting = Export.objects.filter(pk=export_id, state=State.WAITING)
    if not waiting.update(state=State.RUNNING, heartbeat=timezone.now()):
        return
    export = Export.objects.get(pk=export_id)
    try:
        _write(export)
    except _StoppedError:
        logger.info("export %d was deleted or given up while it was written", export_id)
    except (FilterError, _TooLargeError) as error:
        _give_up(export, str(error))
    except Exception:
        logger.exception("export %d failed", export_id)
        _give_up(export, _("The file could not be written. The log of the worker says why. Please export again."))


def _write(export: Export) -> None:
    chunks = _ChunkSink(export)
    written = formats.write_export(
        chosen=DrawingFilter.parse(export.wanted),
        form=export.form,
        licence=export.licence,
        sink=chunks,
        on_page=chunks.add_drawings,
    )
    chunks.save_chunk()  # the last one
    now = timezone.now()
    done = {"done": written.drawings, "size": written.size, "sha256": written.sha256}
    with transaction.atomic():
        if not _running(export.pk).update(state=State.READY, finished=now, heartbeat=now, **done):
            raise _StoppedError
        webhooks.create_export_deliveries(Export.objects.get(pk=export.pk))
    newest = Export.objects.filter(by=export.by_id, state=State.READY).order_by("-id").values_list("pk", flat=True)
    _end(Export.objects.filter(pk__in=list(newest[MAX_PER_PERSON:])), State.GONE, _("Replaced by a newer file."))


class _ChunkSink:
    """A sink that saves what is written as chunks, each with the ids of the drawings read since the last one."""

    def __init__(self, export: Export) -> None:
        self._export, self._number, self._size = export, 0, 0
        self._content, self._done = bytearray(), 0
        self._ids: list[int] = []
        self._heartbeat = timezone.now()

    def write(self, data: bytes) -> int:
        """Add bytes to the file."""
        self._content += data
        while len(self._content) >= CHUNK_SIZE:
            self.save_chunk()
        return len(data)

    def add_drawings(self, ids: list[int]) -> None:
        """Record which drawings were just written, and write a heartbeat now and then."""
        self._ids += ids
        self._done += len(ids)
        if timezone.now() - self._heartbeat > HEARTBEAT_EVERY:
            self._write_heartbeat()

    @transaction.atomic
    def save_chunk(self) -> None:
        """Save the next CHUNK_SIZE bytes, or all that are left, as a chunk."""
        self._size += CHUNK_SIZE
        if self._size > MAX_BYTES + CHUNK_SIZE:
            raise _TooLargeError(
                _("The file would be larger than %(most)d GB. Choose fewer drawings, or use manage.py export_drawings.")
                % {"most": MAX_BYTES >> 30}
            )
        self._write_heartbeat()
        content, ids = bytes(self._content[:CHUNK_SIZE]), np.array(self._ids, np.int64).tobytes()
        ExportChunk.objects.create(export=self._export, number=self._number, content=content, drawings=ids)
        del self._content[:CHUNK_SIZE]
        self._ids, self._number = [], self._number + 1

    def _write_heartbeat(self) -> None:
        self._heartbeat = timezone.now()
        if not _running(self._export.pk).update(heartbeat=self._heartbeat, done=self._done):
            raise _StoppedError


def _running(pk: int) -> QuerySet[Export]:
    return Export.objects.filter(pk=pk, state=State.RUNNING)


def _give_up(export: Export, reason: str) -> None:
    _end(Export.objects.open().filter(pk=export.pk), State.FAILED, reason)


def _end(exports: QuerySet[Export], state: str, reason: str) -> int:
    """End exports, delete their bytes, and notify the owners of those that failed. Returns how many."""
    with transaction.atomic():
        ids = list(exports.select_for_update().values_list("pk", flat=True))
        ExportChunk.objects.filter(export__in=ids).delete()
        ended = Export.objects.filter(pk__in=ids)
        count = ended.update(state=state, reason=reason[:500], finished=timezone.now())
        for export in ended.select_related("by") if state == State.FAILED else ():
            webhooks.create_export_deliveries(export)
        return count


def run_due_jobs() -> int:
    """Delete expired and outdated files, send lost tasks again, and give up dead exports. Returns how many changed."""
    now = timezone.now()
    ready = Export.objects.filter(state=State.READY)
    moved = _end(ready.filter(finished__lt=now - KEPT_FOR), State.GONE, _("Expired after one day."))
    moved += sum(not check_is_current(export) for export in ready.all())
    silent = Export.objects.filter(heartbeat__lt=now - SILENT_FOR)
    moved += _end(silent.filter(state=State.RUNNING), State.FAILED, _("The worker stopped. Please export again."))
    for pk in silent.filter(state=State.WAITING).values_list("pk", flat=True):
        moved += silent.filter(pk=pk, state=State.WAITING).update(heartbeat=now)
        enqueue.send_on_commit(enqueue.Task.EXPORT, pk)
    return moved


def check_is_current(export: Export) -> bool:
    """Whether all drawings in the file exist and may be trained on. If not, its bytes are deleted now."""
    usable = Drawing.objects.filter(people.may_train("author"))
    packed = ExportChunk.objects.filter(export=export).values_list("drawings", flat=True).iterator(chunk_size=10)
    chunks = (np.frombuffer(bytes(ids), np.int64).tolist() for ids in packed)
    batches = (ids[start : start + CHECK_BATCH] for ids in chunks for start in range(0, len(ids), CHECK_BATCH))
    if all(usable.filter(pk__in=ids).count() == len(ids) for ids in batches):
        return True
    reason = _("A drawing in it was deleted or may not be used any more. Please export again.")
    _end(Export.objects.filter(pk=export.pk, state=State.READY), State.GONE, reason)
    return False


def download_headers(export: Export) -> dict[str, str]:
    """The HTTP headers of the file: its content type, its name and its length."""
    form = formats.FORMATS[export.form]
    name = f"inkling-{timezone.localdate(export.created):%Y-%m-%d}-{export.pk}{form.suffix}"
    disposition = f'attachment; filename="{name}"'
    return {"Content-Type": form.content_type, "Content-Disposition": disposition, "Content-Length": str(export.size)}


def log_download(*, export: Export, by: User) -> None:
    """Write the download to the audit log."""
    audit.note(by=by, what="export.downloaded", subject=f"export {export.pk}", detail={"sha256": export.sha256})


def read_chunks(export: Export) -> Iterable[bytes]:
    """The file, chunk by chunk. If it is deleted meanwhile, it ends early, and the download fails."""
    number = 0
    while chunk := ExportChunk.objects.filter(export=export, number=number).values_list("content", flat=True).first():
        yield bytes(chunk)
        number += 1


def delete_export(*, export: Export) -> None:
    """Delete an export and its bytes. A worker that is writing it stops."""
    export.delete()
