"""Training runs: open, enqueue, cancel."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from recognizer import enqueue as messages
from recognizer.models import Drawing, Policy, Recognizer, SnapshotItem, TrainingRun
from recognizer.training import snapshots

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)
State = TrainingRun.State
STARTED = "run.started"
TASK = "recognizer.tasks.train"  # by name: the tasks stand above the verbs


class OpenRunError(RuntimeError):
    """The recognizer has a run that is not finished."""


class ClosedRunError(RuntimeError):
    """The run is finished already."""


def policy_of(recognizer: Recognizer) -> Policy:
    """When it is taught; the defaults where nobody has chosen."""
    return Policy.objects.get_or_create(recognizer=recognizer)[0]


def start_run(*, recognizer: Recognizer, trigger: str, by: User | None = None) -> TrainingRun:
    """Open a run and hand it to the trainer once it is committed. `trigger` says why. Raises OpenRunError."""
    run = open_run(recognizer=recognizer, trigger=trigger, by=by)
    enqueue_run(run)
    return run


def open_run(*, recognizer: Recognizer, trigger: str, by: User | None = None) -> TrainingRun:
    """A run that waits for a worker; the caller has to see to one. Raises OpenRunError."""
    try:
        with transaction.atomic():
            run = TrainingRun.objects.create(
                recognizer=recognizer,
                trigger=trigger,
                by=by,
                heartbeat=timezone.now(),
                snapshot={"last_review": snapshots.newest_approval_id(recognizer)},
            )
            if by:  # what the tick starts is told by the run itself
                detail = {"recognizer": recognizer.slug, "trigger": trigger}
                audit.note(by=by, what=STARTED, subject=f"run {run.pk}", detail=detail)
            return run
    except IntegrityError as error:
        raise OpenRunError(
            f"{recognizer} has a training run that is not finished. Wait for it or cancel it."
        ) from error


def enqueue_run(run: TrainingRun) -> None:
    """Send the task once the run is committed. A message that cannot be sent, or is lost, is sent again by the tick."""
    messages.send(TASK, run.pk)


def cancel_run(*, run: TrainingRun, by: User | None = None) -> None:
    """Stop a run: at once while it waits, else as soon as its worker looks. Raises ClosedRunError."""
    logger.info("run %d is to be cancelled by %s", run.pk, f"person {by.pk}" if by else "the command line")
    with transaction.atomic():
        _cancel(run)
        subject = f"run {run.pk}"
        audit.note(
            by=by, what="run.cancelled", subject=subject, undoes=audit.newest_entry(what=STARTED, subject=subject)
        )


def _cancel(run: TrainingRun) -> None:
    waiting = TrainingRun.objects.filter(pk=run.pk, state=State.WAITING)
    ended = {"state": State.CANCELLED, "reason": "Cancelled before it began.", "finished": timezone.now()}
    if waiting.update(cancelling=True, **ended):
        return
    if not TrainingRun.objects.open().filter(pk=run.pk).update(cancelling=True):
        raise ClosedRunError("This run is finished already; there is nothing to cancel.")


def versions_trained_on(drawings: Iterable[Drawing]) -> dict[int, list[int]]:
    """By a drawing's id: the numbers of the versions that learned from it, oldest first. One query."""
    found: dict[int, list[int]] = {drawing.pk: [] for drawing in drawings}
    items = SnapshotItem.objects.filter(
        part=SnapshotItem.Part.STUDY, drawing__in=list(found), run__version__isnull=False
    )
    for drawing, version in items.order_by("run__version__number").values_list("drawing", "run__version__number"):
        found[drawing].append(version)
    return found
