"""Celery tasks. Each one makes a single call and logs its result; a task may be delivered twice without harm.

`recognizer.enqueue.Task` has their names.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils.module_loading import import_string

from recognizer import enqueue, memory, training
from recognizer.datasets import export_job
from recognizer.drawings import refresh
from recognizer.enqueue import Task
from recognizer.insights import drift, label_checks, worst_mistakes
from recognizer.models import DeletedDrawing, Receipt
from recognizer.review import outliers
from recognizer.webhooks import delivery

logger = logging.getLogger(__name__)
T = TypeVar("T")
app = import_string(settings.TASK_APP)


@app.task
def tick() -> None:
    """Do what is due. Celery beat calls this often; calling it more often than needed does no harm."""
    runs = _try(training.run_due_jobs) or []
    _try(training.base_data.run_due_jobs)
    embedded, _more = _try(memory.refresh_memories) or (0, True)  # before drawings: a person may be waiting for it
    asked = _try(refresh.refresh_recent) or 0
    _try(export_job.run_due_jobs)
    _try(delivery.run_due_jobs)
    _try(Receipt.objects.expired().delete)
    checked, _more = _try(label_checks.refresh_label_checks) or (0, True)
    measured = _try(outliers.refresh_oddness) or 0
    tested = _try(worst_mistakes.refresh_worst_mistakes) or 0
    _try(drift.refresh_answer_weeks)
    logger.info(
        "tick: %d training runs changed, %d predictions refreshed, %d remembered drawings embedded, "
        "%d label checks refreshed, %d oddness scores computed, %d versions answered their base test",
        *(len(runs), asked, embedded, checked, measured, tested),
    )


def _try(job: Callable[[], T]) -> T | None:
    """The result of a job; None if it fails unexpectedly. The others go on, and the next tick tries it again."""
    try:
        return job()
    except (OperationalError, InterfaceError):  # the database is away, for the others too
        raise
    except Exception:
        logger.exception("tick: a job failed")
        return None


@app.task
def forget_deleted_ids() -> None:
    """Forget the ids of drawings that were deleted long ago."""
    forgotten, _rows = DeletedDrawing.objects.expired().delete()
    logger.info("forget_deleted_ids: %d ids of deleted drawings were forgotten", forgotten)


@app.task
def train(run_id: int) -> None:
    """Execute a training run, unless another worker has its lease."""
    training.execute_run(run_id=run_id)
    logger.info("train: done with run %d", run_id)


@app.task
def base_data(name: str) -> None:
    """Download a data set to the trainer if that was asked for, and report what is there."""
    training.base_data.execute(name=name)
    logger.info("base_data: done with %s", name)


@app.task
def ask_again(drawing_ids: list[int]) -> None:
    """Add predictions of the live versions to these drawings."""
    asked = refresh.refresh_predictions(drawing_ids)
    logger.info("ask_again: %d of %d drawings got a new prediction", asked, len(drawing_ids))


@app.task
def remember_again(memory_id: int) -> None:
    """Embed one memory's drawings with the live version."""
    embedded = memory.refresh_memory(memory_id=memory_id)
    logger.info("remember_again: %d drawings of memory %d were embedded", embedded, memory_id)


@app.task
def remember_all_again() -> None:
    """Embed all memories' drawings with the live versions, for a short time in each task."""
    embedded, more = memory.refresh_memories()
    logger.info("remember_all_again: %d drawings were embedded", embedded)
    if embedded and more:
        enqueue.send_on_commit(Task.REFRESH_MEMORIES)


@app.task
def export(export_id: int) -> None:
    """Write the file of an export, unless another worker does."""
    export_job.run_export(export_id=export_id)
    logger.info("export: done with %d", export_id)


@app.task
def send_webhooks() -> None:
    """Send due webhook deliveries, a few in each task, so that other tasks can run in between."""
    tried, more = delivery.send_due_deliveries()
    logger.info("send_webhooks: %d deliveries were tried", tried)
    if tried and more:
        enqueue.send_on_commit(Task.SEND_WEBHOOKS)
