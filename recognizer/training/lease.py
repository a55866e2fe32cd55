"""Leases: the right to work on a training run, for one task, kept alive by a pulse.

A thread writes the pulse on a database connection of its own, together with the progress and the log, and looks whether
somebody asked to stop. The database's clock counts: the clocks of two machines may differ. Whatever the task writes, it
writes in a transaction that first makes sure of the lease: a run that was given up as dead changes nothing more.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from recognizer.models import TrainingRun

logger = logging.getLogger(__name__)
State = TrainingRun.State


class LostLeaseError(RuntimeError):
    """The run was given up as dead, or deleted; this task must not write anything more."""


class CancelledError(RuntimeError):
    """Somebody asked the run to stop."""


class Lease:
    """What one task holds while it works on a run. Use it as a context: the pulse beats inside."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self._progress: dict[str, Any] = {}
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._cancelled = False
        self._lost = False
        self._pulse = threading.Thread(target=self._beat, name=f"pulse of run {run.pk}", daemon=True)

    @classmethod
    def take(cls, run_id: int) -> Self | None:
        """Take a waiting run; None when there is none of this id that waits: another task has it, or it is over."""
        waiting = TrainingRun.objects.filter(pk=run_id, state=State.WAITING)
        if not waiting.update(state=State.RUNNING, lease=uuid4(), heartbeat=Now(), started=timezone.now()):
            return None
        return cls(TrainingRun.objects.select_related("recognizer").get(pk=run_id))

    def __enter__(self) -> Self:
        self._pulse.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._pulse.join()

    # What the task says

    def step(self, step: str, **more: Any) -> None:
        """The run has come so far; everybody sees it at once. Raises what `look` raises."""
        self.report({"step": step, **more})
        self._beat_once()
        self.look()

    def say(self, line: str) -> None:
        """One line for the log."""
        with self._lock:
            self._lines.append(f"{timezone.now():%H:%M:%S} {line}")

    def report(self, progress: dict[str, Any]) -> None:
        """How far the step is; plain JSON. Cheap, so it may be called often. Raises what `look` raises."""
        plain = json.loads(json.dumps(progress, default=float), parse_constant=lambda _: None)  # a loss may be NaN
        if plain.get("step") != self._progress.get("step"):
            self.say(str(plain.get("step")))
        with self._lock:
            self._progress = plain
        self.look()

    def look(self) -> None:
        """Raises LostLeaseError or CancelledError when the task has to stop."""
        if self._lost:
            raise LostLeaseError(f"run {self.run.pk} was given up")
        if self._cancelled:
            raise CancelledError

    # What the task writes

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction in which the lease is sure. Raises LostLeaseError or CancelledError, and nothing is written."""
        with transaction.atomic():
            held = self._held().select_for_update(no_key=True).values_list("cancelling", flat=True).first()
            self._lost, self._cancelled = held is None, bool(held)
            self.look()
            yield

    def update(self, **fields: Any) -> None:
        """Change the run; to be called inside `writing`."""
        self._held().update(**fields, **self._said())
        for name, value in fields.items():
            setattr(self.run, name, value)

    def close(self, state: State, reason: str, **fields: Any) -> bool:
        """End the run; False when the lease was lost, and then nothing is changed."""
        self.say(reason)
        self._done.set()
        return bool(self._held().update(state=state, reason=reason, finished=timezone.now(), **fields, **self._said()))

    def _held(self) -> Any:
        return TrainingRun.objects.filter(pk=self.run.pk, lease=self.run.lease, state=State.RUNNING)

    def _said(self) -> dict[str, Any]:
        with self._lock:
            return {"progress": self._progress, "log": "\n".join(self._lines), "heartbeat": Now()}

    # The pulse

    def _beat(self) -> None:
        try:
            seen = time.monotonic()
            while not self._lost and not self._done.wait(settings.TRAINING_HEARTBEAT_SECONDS):
                if self._beat_once():
                    seen = time.monotonic()
                elif time.monotonic() - seen > settings.TRAINING_DEAD_SECONDS:
                    self._lost = True  # others have given it up by now
        finally:
            connection.close()

    def _beat_once(self) -> bool:
        """Whether the database could be reached."""
        try:
            if not self._held().update(**self._said()):
                self._lost = not self._done.is_set()
            elif self._held().filter(cancelling=True).exists():
                self._cancelled = True
        except DatabaseError as error:
            logger.warning("run %d cannot show its pulse: %s", self.run.pk, error)
            connection.close()
            return False
        return True
