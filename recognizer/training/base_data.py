"""Base data on the trainer's disk: what is there, and its download.

Fine-tuning of all layers replays the data that a base was trained on, so that data has to be on the disk of the
trainer. Other processes may not see that disk: in docker-compose.yml the trainer alone has the volume. So they ask in
the table BaseDataSet, a task on the trainer's queue looks and downloads, and its answer is in the table. Nothing is
downloaded unless somebody asks for it.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.data.download import can_download
from ml.data.inventory import download_missing, report_source
from ml.data.loaders import DatasetError, data_folder
from ml.data.sources import SOURCES, TEST_ONLY_SOURCES
from ml.recipes import RECIPES
from ml.recipes.base import Recipe
from recognizer import enqueue
from recognizer.models import BaseDataSet, Recognizer
from recognizer.registry import promotions

logger = logging.getLogger(__name__)
State = BaseDataSet.State
T = TypeVar("T")

REQUESTED = "base-data.requested"  # in the audit log
LOST_AFTER = timedelta(minutes=10)  # without a heartbeat; a publisher who does not answer takes up to a minute
STALE_AFTER = timedelta(minutes=10)  # a page that is opened later asks for a new report
BEAT_SECONDS = 1.0
STOPPED = "The trainer stopped while it downloaded. Start the download again: it continues from there."


class LostDownloadError(RuntimeError):
    """Another task has the download by now."""


class BaseData(NamedTuple):
    """The data that the base of a recognizer was trained on."""

    names: list[str]
    """Names of data sets, as in `ml.data.sources`, without those that nothing is trained on."""
    recipe: Recipe | None
    """How its base was trained."""
    obstacle: str
    """Why only the last layer can be trained, whatever data is there; empty if all layers can be."""


def base_data_of(recognizer: Recognizer) -> BaseData:
    """The data sets of the version that training starts from."""
    from ml.training.finetune import how_recipe_differs

    base = promotions.base_version(recognizer)
    if base is None:
        return BaseData([], None, "it has no version to start from")
    bundle = Bundle(base.manifest, b"", b"")
    recipe = RECIPES.get(bundle.manifest["recognizer"])
    sources = bundle.manifest["training"].get("sources", [])
    names = [source for source in sources if source in SOURCES and source not in TEST_ONLY_SOURCES]
    return BaseData(names, recipe, how_recipe_differs(bundle, recipe))


# Asking the trainer


def rows_of(names: Iterable[str]) -> dict[str, BaseDataSet]:
    """The rows of these data sets by name; they are created where they are missing."""
    wanted = set(names)
    found = {row.name: row for row in BaseDataSet.objects.filter(name__in=wanted)}
    if missing := wanted - found.keys():
        BaseDataSet.objects.bulk_create([BaseDataSet(name=name) for name in sorted(missing)], ignore_conflicts=True)
        found = {row.name: row for row in BaseDataSet.objects.filter(name__in=wanted)}
    return found


def request_reports(names: Iterable[str], *, older_than: timedelta = STALE_AFTER) -> int:
    """Ask the trainer what it has of these data sets. Returns how many; those asked for lately are left out."""
    now, asked = timezone.now(), 0
    for name in rows_of(names):
        stale = BaseDataSet.objects.filter(Q(asked__isnull=True) | Q(asked__lt=now - older_than), name=name)
        if stale.filter(state=State.IDLE).update(asked=now):  # a download ends with a report
            enqueue.send_on_commit(enqueue.Task.BASE_DATA, name)
            asked += 1
    return asked


def request_download(names: Iterable[str], *, by: User | None = None) -> list[str]:
    """Ask the trainer to download what it lacks of these data sets. Returns those for which nobody had asked yet.

    Data sets that a program cannot download are left out.
    """
    begun = []
    now = timezone.now()
    with transaction.atomic():
        for name in rows_of(name for name in names if any(map(can_download, SOURCES[name].paths))):
            idle = BaseDataSet.objects.filter(name=name, state=State.IDLE)
            if idle.update(state=State.WAITING, heartbeat=now, asked=now, progress={}, error=""):
                enqueue.send_on_commit(enqueue.Task.BASE_DATA, name)
                begun.append(name)
        if begun:
            audit.note(by=by, what=REQUESTED, subject="base data", detail={"data_sets": sorted(begun)})
    return sorted(begun)


def run_due_jobs() -> None:
    """Send lost messages of downloads again, and close downloads whose worker died."""
    now = timezone.now()
    silent = BaseDataSet.objects.filter(heartbeat__lt=now - LOST_AFTER)
    silent.filter(state=State.RUNNING).update(state=State.IDLE, lease=None, error=STOPPED)
    for name in silent.filter(state=State.WAITING).values_list("name", flat=True):
        if silent.filter(name=name, state=State.WAITING).update(heartbeat=now):
            enqueue.send_on_commit(enqueue.Task.BASE_DATA, name)


# On the trainer


def execute(*, name: str) -> None:
    """Download what is missing of a data set if that was asked for, unless another task does; then report on it."""
    lease = uuid4()
    mine = BaseDataSet.objects.filter(name=name, lease=lease)
    waiting = BaseDataSet.objects.filter(name=name, state=State.WAITING)
    downloads = waiting.update(state=State.RUNNING, lease=lease, heartbeat=timezone.now())
    try:
        error = _download(name, _Progress(name, lease)) if downloads else ""
        found = asdict(report_source(name)) | _disk()
    except LostDownloadError:
        logger.warning("base data %s: another task has the download by now", name)
        return
    except BaseException:
        mine.update(state=State.IDLE, lease=None, error=STOPPED)
        raise
    BaseDataSet.objects.filter(name=name).update(report=found, reported=timezone.now())
    mine.update(state=State.IDLE, lease=None, progress={}, error=error)


def _download(name: str, progress: _Progress) -> str:
    """Returns what could not be had and why; empty if all is there."""
    try:
        download_missing(name, progress=progress, received=progress.add_bytes)
    except DatasetError as error:
        return str(error)
    except LostDownloadError:
        raise
    except Exception as error:
        logger.exception("base data %s: the download failed", name)
        return f"Unexpected error: {type(error).__name__}: {error}"
    return ""


def _disk() -> dict[str, Any]:
    """The data folder of this process, whether it can be written, and the free bytes of its disk."""
    folder = data_folder().absolute()
    existing = next(each for each in (folder, *folder.parents) if each.is_dir())
    writable = os.access(existing, os.W_OK | os.X_OK)
    return {"folder": str(folder), "writable": writable, "free": shutil.disk_usage(existing).free}


class _Progress:
    """Writes how far a download is, and its heartbeat, at most once a second."""

    def __init__(self, name: str, lease: Any) -> None:
        self._mine = BaseDataSet.objects.filter(name=name, lease=lease, state=State.RUNNING)
        self._found = {"done": 0, "files": 0, "bytes": 0}
        self._next = 0.0

    def __call__(self, rows: Iterable[T], title: str) -> Iterable[T]:
        """The files of the data set one after another; see `ml.progress.Progress`."""
        wanted = list(rows)
        self._found["files"] = len(wanted)
        for number, row in enumerate(wanted):
            self._found["done"] = number
            self._write()
            yield row

    def add_bytes(self, count: int) -> None:
        """Bytes that arrived. Raises LostDownloadError."""
        self._found["bytes"] += count
        if time.monotonic() >= self._next:
            self._write()

    def _write(self) -> None:
        self._next = time.monotonic() + BEAT_SECONDS
        if not self._mine.update(progress=self._found, heartbeat=timezone.now()):
            raise LostDownloadError
