"""The Celery app of the worker and beat processes. Its queues, routes and schedule are in the settings (CELERY_...)."""

import logging
import logging.config
import os
import warnings
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.platforms import SecurityWarning
from django.conf import settings

from recognizer import enqueue, request_ids

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if settings.EMBEDDED:  # who tries Inkling out as root needs no five lines about it
    warnings.filterwarnings("ignore", category=SecurityWarning)
app = Celery("inkling")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
if folder := settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("control_folder"):  # only without Redis
    Path(str(folder)).mkdir(parents=True, exist_ok=True)


@signals.setup_logging.connect
def _log_as_the_settings_say(loglevel: int, **_more: Any) -> None:
    """Celery has a format of its own; its option --loglevel stays."""
    logging.config.dictConfig(settings.LOGGING)
    logging.root.setLevel(loglevel)


@signals.task_prerun.connect
def _name_the_request(task_id: str, task: Any, **_more: Any) -> None:
    """The lines of a task have the id of the request that sent it; without one (beat) the task's own."""
    request_ids.start_request(task.request.get(enqueue.REQUEST_ID) or task_id)


@signals.task_postrun.connect
def _forget_the_request(**_more: Any) -> None:
    request_ids.end_request()


@signals.worker_ready.connect
def _report_worker(sender: Any, **_more: Any) -> None:
    queues = set(sender.app.amqp.queues.consume_from)
    _report("trainer" if queues == {"training"} else "worker")


@signals.beat_init.connect
def _report_beat(**_more: Any) -> None:
    _report("beat")


def _report(kind: str) -> None:
    """Django's models can be imported only now."""
    from recognizer.operations import processes

    processes.start_reports(processes.Kind(kind))
