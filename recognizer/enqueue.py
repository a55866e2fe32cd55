"""Messages: what is handed to the workers."""

from __future__ import annotations

import logging
import sys
from threading import Thread
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


def send_on_commit(task: str, *args: Any) -> None:
    """Send a task by its name (the tasks stand above the verbs) once what was written is committed.

    What cannot be sent is logged and lost: whoever needs it done has to find it undone and send it again.
    """
    transaction.on_commit(lambda: _send(task, *args), robust=True)


def _send(task: str, *args: Any) -> None:
    """Apart from the request where Celery is not loaded yet: that takes a second or more, once in a process.

    A process that ends, as a command does, waits for the thread.
    """
    if _is_loaded():
        send_now(task, *args)
    else:
        Thread(target=_send_or_log, args=[task, *args], name="first-message").start()


def _is_loaded() -> bool:
    module, _dot, name = settings.TASK_APP.rpartition(".")
    return hasattr(sys.modules.get(module), name)  # a module that is being loaded is there already, without it


def _send_or_log(task: str, *args: Any) -> None:
    try:
        send_now(task, *args)
    except Exception:
        logger.exception("%s%r cannot be sent", task, args)


def send_now(task: str, *args: Any) -> None:
    """Send a task by its name. Raises what the broker raises when it is away."""
    import_string(settings.TASK_APP).send_task(task, args=list(args), retry=False)
