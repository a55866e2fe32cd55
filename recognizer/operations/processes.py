"""Each process reports itself to the database: that it runs, which versions it uses, how many errors it logged."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from datetime import timedelta
from threading import Event, Lock, Thread
from uuid import uuid4

from django.conf import settings
from django.db import Error, connection
from django.db.models.functions import Now
from django.utils import timezone

from recognizer.models import Process
from recognizer.operations import error_count
from recognizer.registry import serving

logger = logging.getLogger(__name__)

SILENT_AFTER = 3  # reports that are missing
FORGOTTEN_AFTER = timedelta(hours=1)
Kind = Process.Kind


class _Reporter:
    """The thread of this process that reports it."""

    def __init__(self) -> None:
        self._pid = 0
        self._lock = Lock()

    def start(self, kind: Kind) -> None:
        """Report this process from now on; does nothing from the second call on. A forked process calls it again."""
        if self._pid == os.getpid() or not settings.PROCESS_REPORT_SECONDS:
            return
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
        Thread(target=_report_for_ever, args=[kind], name="process-report", daemon=True).start()


start_reports = _Reporter().start


def _report_for_ever(kind: Kind) -> None:
    process = new_process(kind)
    while True:
        try:
            report(process)
        except Error as error:
            logger.warning("this process could not be reported to the database: %s", error)
        except Exception:  # the thread goes on: without it the process would seem to have ended
            logger.exception("this process could not be reported")
        finally:
            connection.close()  # it is needed for a moment only
        Event().wait(settings.PROCESS_REPORT_SECONDS)


def new_process(kind: Kind) -> Process:
    """This process, which has not reported itself yet."""
    return Process(id=uuid4(), kind=kind, host=socket.gethostname()[:64], pid=os.getpid(), started=timezone.now())


def report(process: Process) -> None:
    """Write that this process runs, and delete reports of processes that have been silent for long."""
    state = {
        "seen": Now(),
        "versions": _versions_in_use(),
        "errors": error_count.found.errors,
        "last_error": error_count.found.last,
    }
    if Process.objects.filter(pk=process.pk).update(**state):
        return
    Process.objects.exclude(seen__gte=Now() - FORGOTTEN_AFTER).delete()
    same = {name: getattr(process, name) for name in ("id", "kind", "host", "pid", "started")}
    Process.objects.create(**same, **state)


def _versions_in_use() -> dict[str, int]:
    """By slug: the version that answers in this process. One without requests checks for a newer one here."""
    for slug in serving.loaded_numbers():
        with contextlib.suppress(serving.NoModelError, serving.UnknownRecognizerError):
            serving.live_version(slug)
    return serving.loaded_numbers()


def silent_after() -> timedelta:
    """How long a process may be silent before it counts as ended."""
    return timedelta(seconds=SILENT_AFTER * (settings.PROCESS_REPORT_SECONDS or 30))
