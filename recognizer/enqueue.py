"""Send tasks to the Celery workers, and the names of those tasks."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from threading import Thread
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from recognizer.request_ids import current_request_id

logger = logging.getLogger(__name__)

REQUEST_ID = "inkling_request_id"  # the header of a message


class Task(StrEnum):
    """Names of the tasks in `recognizer.tasks`, for the modules that it imports and that cannot import it."""

    RUN_DUE_JOBS = "recognizer.tasks.tick"
    TRAIN = "recognizer.tasks.train"
    BASE_DATA = "recognizer.tasks.base_data"
    REFRESH_PREDICTIONS = "recognizer.tasks.ask_again"
    REFRESH_MEMORY = "recognizer.tasks.remember_again"
    REFRESH_MEMORIES = "recognizer.tasks.remember_all_again"
    EXPORT = "recognizer.tasks.export"
    SEND_WEBHOOKS = "recognizer.tasks.send_webhooks"


def send_on_commit(task: Task, *args: Any) -> None:
    """Send a task after the current transaction commits.

    A message that cannot be sent is logged and lost. Whatever sends it must find the work undone later and send it
    again; the task RUN_DUE_JOBS does so.
    """
    request_id = current_request_id()
    transaction.on_commit(lambda: _send(task, request_id, *args), robust=True)


def _send(task: Task, request_id: str, *args: Any) -> None:
    """Send in a thread if Celery is not imported yet: importing it takes a second or more, once in each process.

    The thread is no daemon, so a process that ends (a management command) waits for it.
    """
    module, _dot, name = settings.TASK_APP.rpartition(".")
    if hasattr(sys.modules.get(module), name):  # not yet while the module is being imported
        send_now(task, *args, request_id=request_id)
    else:
        Thread(target=_send_or_log, args=[task, request_id, *args], name="first-message").start()


def _send_or_log(task: Task, request_id: str, *args: Any) -> None:
    try:
        send_now(task, *args, request_id=request_id)
    except Exception:
        logger.exception("%s%r cannot be sent", task, args)


def send_now(task: Task, *args: Any, request_id: str = "") -> None:
    """Send a task at once. Raises what the broker's client raises when the broker cannot be reached.

    The worker's log lines have the id of the request, by default of the current one.
    """
    headers = {REQUEST_ID: request_id or current_request_id()}
    import_string(settings.TASK_APP).send_task(task.value, args=list(args), headers=headers, retry=False)
