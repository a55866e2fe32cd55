"""Training runs: open, enqueue and cancel them."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from recognizer import enqueue
from recognizer.models import Drawing, Policy, Recognizer, SnapshotItem, TrainingRun
from recognizer.training import snapshots

logger = logging.getLogger(__name__)
State = TrainingRun.State
STARTED = "run.started"


class OpenRunError(RuntimeError):
    """The recognizer has a training run that has not ended."""


class ClosedRunError(RuntimeError):
    """The training run has ended already."""


def policy_of(recognizer: Recognizer) -> Policy:
    """The policy of a recognizer, created with the defaults if there is none."""
    return Policy.objects.get_or_create(recognizer=recognizer)[0]


def start_run(*, recognizer: Recognizer, trigger: str, by: User | None = None) -> TrainingRun:
    """Open a run and enqueue it after the commit. `trigger` says why it starts. Raises OpenRunError."""
    run = open_run(recognizer=recognizer, trigger=trigger, by=by)
    enqueue_run(run)
    return run


def open_run(*, recognizer: Recognizer, trigger: str, by: User | None = None) -> TrainingRun:
    """Create a waiting run; the caller enqueues or executes it. Raises OpenRunError."""
    try:
        with transaction.atomic():
            run = TrainingRun.objects.create(
                recognizer=recognizer,
                trigger=trigger,
                by=by,
                heartbeat=timezone.now(),
                snapshot={"last_review": snapshots.newest_approval_id(recognizer)},
            )
            if by:  # a run that the scheduler starts needs no audit entry
                detail = {"recognizer": recognizer.slug, "trigger": trigger}
                audit.note(by=by, what=STARTED, subject=f"run {run.pk}", detail=detail)
            return run
    except IntegrityError as error:
        raise OpenRunError(f"{recognizer} has a training run that has not ended. Wait for it or cancel it.") from error


def enqueue_run(run: TrainingRun) -> None:
    """Send the task after the commit. The scheduler sends a message that was lost again."""
    enqueue.send_on_commit(enqueue.Task.TRAIN, run.pk)


def cancel_run(*, run: TrainingRun, by: User | None = None) -> None:
    """Cancel a run: at once if it is waiting, otherwise when its worker next checks. Raises ClosedRunError."""
    logger.info("training run %d: cancelled by %s", run.pk, f"person {by.pk}" if by else "the command line")
    with transaction.atomic():
        waiting = TrainingRun.objects.filter(pk=run.pk, state=State.WAITING)
        ended = {"state": State.CANCELLED, "reason": "Cancelled before it started.", "finished": timezone.now()}
        running = TrainingRun.objects.open().filter(pk=run.pk)
        if not (waiting.update(cancelling=True, **ended) or running.update(cancelling=True)):
            raise ClosedRunError("This training run has ended already, so it cannot be cancelled.")
        subject = f"run {run.pk}"
        audit.note(
            by=by, what="run.cancelled", subject=subject, undoes=audit.newest_entry(what=STARTED, subject=subject)
        )


def versions_trained_on(drawings: Iterable[Drawing]) -> dict[int, list[int]]:
    """By drawing id: the numbers of the versions that were trained on it, the oldest first. One query."""
    found: dict[int, list[int]] = {drawing.pk: [] for drawing in drawings}
    items = SnapshotItem.objects.filter(
        part=SnapshotItem.Part.STUDY, drawing__in=list(found), run__version__isnull=False
    )
    for drawing, version in items.order_by("run__version__number").values_list("drawing", "run__version__number"):
        found[drawing].append(version)
    return found
