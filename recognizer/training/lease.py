"""Leases: the right of one task to work on a training run, renewed by a heartbeat.

A thread writes the heartbeat, the progress and the log through its own database connection, and checks whether somebody
asked to cancel the run. Times are those of the database, because the clocks of two machines may differ. Everything that
the task writes is written in a transaction that first checks the lease: a task whose run was given up changes nothing.
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
    """Somebody cancelled the run."""


class Lease:
    """The lease of one task on one run. A context manager: the heartbeat runs inside the `with` block."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self._progress: dict[str, Any] = {}
        self._log_lines: list[str] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._cancelled = False
        self._lost = False
        self._heartbeat = threading.Thread(target=self._beat, name=f"heartbeat of run {run.pk}", daemon=True)

    @classmethod
    def acquire(cls, run_id: int) -> Self | None:
        """Start a waiting run; None if no run of this id is waiting: another task has it, or it has ended."""
        waiting = TrainingRun.objects.filter(pk=run_id, state=State.WAITING)
        if not waiting.update(state=State.RUNNING, lease=uuid4(), heartbeat=Now(), started=timezone.now()):
            return None
        return cls(TrainingRun.objects.select_related("recognizer").get(pk=run_id))

    def __enter__(self) -> Self:
        self._heartbeat.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._heartbeat.join()

    # Progress and log

    def begin_step(self, step: str, **more: Any) -> None:
        """Record the next step and write it at once. Raises what `check` raises."""
        self.set_progress({"step": step, **more})
        self._write_heartbeat()
        self.check()

    def log(self, line: str) -> None:
        """Add a line to the log of the run; the next heartbeat writes it."""
        with self._lock:
            self._log_lines.append(f"{timezone.now():%H:%M:%S} {line}")

    def set_progress(self, progress: dict[str, Any]) -> None:
        """Record the progress of the step, as plain JSON. Cheap: call it often. Raises what `check` raises."""
        plain = json.loads(json.dumps(progress, default=float), parse_constant=lambda _: None)  # a loss may be NaN
        if plain.get("step") != self._progress.get("step"):
            self.log(str(plain.get("step")))
        with self._lock:
            self._progress = plain
        self.check()

    def check(self) -> None:
        """Raise LostLeaseError or CancelledError if the task has to stop."""
        if self._lost:
            raise LostLeaseError(f"training run {self.run.pk} was given up")
        if self._cancelled:
            raise CancelledError

    # Writing

    @contextmanager
    def locked_transaction(self) -> Iterator[None]:
        """A transaction that holds the lease. Raises LostLeaseError or CancelledError; then nothing is written."""
        with transaction.atomic():
            held = self._leased_run().select_for_update(no_key=True).values_list("cancelling", flat=True).first()
            self._lost, self._cancelled = held is None, bool(held)
            self.check()
            yield

    def update(self, **fields: Any) -> None:
        """Change fields of the run. Call it inside `locked_transaction`."""
        self._leased_run().update(**fields, **self._heartbeat_fields())
        for name, value in fields.items():
            setattr(self.run, name, value)

    def close(self, state: State, reason: str, **fields: Any) -> bool:
        """End the run. Returns False, and changes nothing, if the lease was lost."""
        self.log(reason)
        self._done.set()
        ended = {"state": state, "reason": reason, "finished": timezone.now()}
        return bool(self._leased_run().update(**ended, **fields, **self._heartbeat_fields()))

    def _leased_run(self) -> Any:
        return TrainingRun.objects.filter(pk=self.run.pk, lease=self.run.lease, state=State.RUNNING)

    def _heartbeat_fields(self) -> dict[str, Any]:
        with self._lock:
            return {"progress": self._progress, "log": "\n".join(self._log_lines), "heartbeat": Now()}

    # Heartbeat

    def _beat(self) -> None:
        try:
            last = time.monotonic()
            while not self._lost and not self._done.wait(settings.TRAINING_HEARTBEAT_SECONDS):
                if self._write_heartbeat():
                    last = time.monotonic()
                elif time.monotonic() - last > settings.TRAINING_DEAD_SECONDS:
                    self._lost = True  # by now the scheduler has given the run up
        finally:
            connection.close()

    def _write_heartbeat(self) -> bool:
        """Returns whether the database could be reached."""
        try:
            if not self._leased_run().update(**self._heartbeat_fields()):
                self._lost = not self._done.is_set()
            elif self._leased_run().filter(cancelling=True).exists():
                self._cancelled = True
        except DatabaseError as error:
            logger.warning("training run %d: heartbeat could not be written: %s", self.run.pk, error)
            connection.close()
            return False
        return True
