"""What happens in the background. A task is an id, one call, one log line; each one bears being delivered twice."""

import logging

from django.conf import settings
from django.utils.module_loading import import_string

from recognizer import enqueue, idempotency, memory, training
from recognizer.datasets import export_job
from recognizer.drawings import refresh
from recognizer.insights import label_checks
from recognizer.registry import promotions
from recognizer.review import outliers
from recognizer.webhooks import delivery, events

logger = logging.getLogger(__name__)
app = import_string(settings.TASK_APP)


@app.task
def tick() -> None:
    """Look what is due. Beat asks often, and it does not matter how often."""
    runs = training.run_due_jobs()
    read, _more = memory.refresh_memories()  # before drawings: somebody may be waiting for it
    asked = refresh.refresh_recent()
    export_job.run_due_jobs()
    delivery.run_due_jobs()
    idempotency.delete_expired()
    checked, _more = label_checks.refresh_label_checks()
    measured = outliers.refresh_oddness()
    logger.info(
        "tick: %d runs moved, %d old drawings asked again, %d remembered again, %d facts about labels read, "
        "%d drawings measured",
        *(len(runs), asked, read, checked, measured),
    )


@app.task
def train(run_id: int) -> None:
    """Work on a training run, unless another worker has it."""
    training.execute_run(run_id=run_id)
    logger.info("train: done with run %d", run_id)


@app.task
def ask_again(drawing_ids: list[int]) -> None:
    """Let the newest versions answer these drawings, for those who look at them."""
    asked = refresh.refresh_predictions(drawing_ids)
    logger.info("ask_again: %d of %d drawings were answered", asked, len(drawing_ids))


@app.task
def remember_again(memory_id: int) -> None:
    """Let the active version read what somebody's memory holds."""
    read = memory.refresh_memory(memory_id=memory_id)
    logger.info("remember_again: %d drawings of memory %d were read", read, memory_id)


@app.task
def remember_all_again() -> None:
    """Let the active versions read what all memories hold, a moment at a time."""
    read, more = memory.refresh_memories()
    logger.info("remember_all_again: %d drawings were read", read)
    if read and more:
        enqueue.send_on_commit(promotions.READ_MEMORIES)


@app.task
def export(export_id: int) -> None:
    """Write a file that somebody asked for, unless another worker does."""
    export_job.run_export(export_id=export_id)
    logger.info("export: done with %d", export_id)


@app.task
def send_webhooks() -> None:
    """Tell webhooks what happened, some at a time, so that other work comes in between."""
    tried, more = delivery.send_due_deliveries()
    logger.info("send_webhooks: %d deliveries were tried", tried)
    if tried and more:
        enqueue.send_on_commit(events.TASK)
