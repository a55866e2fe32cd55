"""The Celery app of the worker and beat processes. Its queues, routes and schedule are in the settings (CELERY_...)."""

import logging
import logging.config
import os
import warnings
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.beat import PersistentScheduler
from celery.platforms import SecurityWarning
from django.conf import settings
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.cache import TIMEOUT, redis_circuit
from recognizer import enqueue, request_ids

STATEMENT_SECONDS = 900  # a statement of a task that takes longer is a fault

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if settings.EMBEDDED:  # who tries Inkling out as root needs no five lines about it
    warnings.filterwarnings("ignore", category=SecurityWarning)


class App(Celery):
    """Sends no message while Redis is known to be away, and waits a short time only for a Redis that hangs."""

    def send_task(self, *args: Any, **options: Any) -> Any:
        """Raises kombu's OperationalError or a RedisError if the message cannot be sent."""
        if not settings.REDIS_URL:
            return super().send_task(*args, **options)
        circuit = redis_circuit(settings.REDIS_URL)
        if circuit.is_open:
            circuit.failures += 1
            raise OperationalError(f"{circuit.name} is not available")
        try:
            return super().send_task(*args, **options)
        except (OperationalError, RedisError) as error:
            circuit.open(error)
            raise

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        """A connection for messages that are sent; the one that receives them waits longer."""
        if settings.REDIS_URL:
            timeouts = {"socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT, "max_retries": 0}
            options["transport_options"] = timeouts | (options.get("transport_options") or {})
        return super().connection_for_write(url, **options)


class Scheduler(PersistentScheduler):
    """Celery's scheduler, which goes on when the clock was set back: it would wait until the old time comes again."""

    def tick(self, *args: Any, **options: Any) -> float:
        """Send what is due; returns the seconds until the next tick."""
        now = self.app.now()
        for entry in self.schedule.values():
            if entry.last_run_at > now:
                entry.last_run_at, self._heap = now, None
        seconds: float = super().tick(*args, **options)
        return seconds


@signals.worker_init.connect
def limit_statements(**_signal: Any) -> None:
    """Give connections of workers a statement timeout."""
    from config.postgresql import base

    base.background_seconds = STATEMENT_SECONDS


app = App("inkling")
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
