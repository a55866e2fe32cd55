"""What runs, what waits, what failed lately, and whether database and Redis answer. Small queries along indexes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from recognizer.models import Delivery, Export, Process, Promotion, QueueEntry, Recognizer, TrainingRun, Webhook
from recognizer.operations.processes import FORGOTTEN_AFTER, silent_after

LATELY = timedelta(days=1)
QUEUES = ("celery", "training")
REDIS_TIMEOUT = 0.4  # seconds, of the connection and of each answer


@dataclass(frozen=True)
class Service:
    """Whether a service that the site needs answers."""

    is_up: bool
    ms: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class ReportedProcess:
    """A process, and whether it has been silent for so long that it has ended or hangs."""

    row: Process
    is_silent: bool


# What runs


def processes() -> list[ReportedProcess]:
    """Those that reported themselves within the last hour, by kind."""
    limit = silent_after()
    running = set(Process.objects.reported_within(limit).values_list("pk", flat=True))
    rows = Process.objects.reported_within(max(FORGOTTEN_AFTER, limit))
    return [ReportedProcess(row, row.pk not in running) for row in rows]


def missing_kinds(found: list[ReportedProcess]) -> list[str]:
    """The kinds of which no process runs, as far as reports say."""
    running = {each.row.kind for each in found if not each.is_silent}
    return [kind for kind in Process.Kind.values if kind not in running]


def live_promotions() -> list[Promotion]:
    """The newest promotion of each recognizer: what is live."""
    newest: dict[int, Promotion] = {}
    rows = Promotion.objects.select_related("recognizer", "model_version")
    light = rows.defer(
        "model_version__manifest", "model_version__tflite", "model_version__keras", "model_version__rehearsal"
    )
    for each in light.order_by("id"):
        newest[each.recognizer_id] = each
    return sorted(newest.values(), key=lambda each: each.recognizer_id)


# What waits


def queue_lengths() -> dict[str, int]:
    """Messages in each queue of Celery that no worker has taken. Raises redis.RedisError and OSError."""
    if settings.REDIS_URL:
        with _redis() as client:
            return {queue: int(client.llen(queue)) for queue in QUEUES}
    folder = Path(str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"]))
    return {queue: sum(1 for _ in folder.glob(f"*.{queue}.msg")) for queue in QUEUES}


def waiting_reviews() -> dict[str, int]:
    """Corrections that wait for a review, by slug of their recognizer. Each is counted along an index of its own."""
    of_one = QueueEntry.objects.waiting().filter(recognizer=OuterRef("pk")).order_by().values("recognizer")
    counted = Recognizer.objects.annotate(waiting=Subquery(of_one.annotate(n=Count("pk")).values("n")))
    return {slug: waiting or 0 for slug, waiting in counted.order_by("pk").values_list("slug", "waiting")}


def oldest_waiting_review() -> datetime | None:
    """When the correction that has waited longest was made; None if none waits."""
    return QueueEntry.objects.waiting().order_by("correction").values_list("correction__created", flat=True).first()


def waiting_deliveries() -> int:
    """Deliveries of webhooks that were not sent yet, or are tried again; not those of paused webhooks."""
    return Delivery.objects.filter(state=Delivery.State.WAITING, webhook__paused__isnull=True).count()


def open_runs() -> QuerySet[TrainingRun]:
    """Training runs that wait or are under way."""
    return TrainingRun.objects.open().select_related("recognizer").order_by("id")


def waiting_exports() -> int:
    """Exports that wait or are being written."""
    return Export.objects.open().count()


# What failed


def failed_deliveries() -> int:
    """Deliveries of the last day that were given up."""
    return Delivery.objects.filter(created__gte=timezone.now() - LATELY, state=Delivery.State.FAILED).count()


def paused_webhooks() -> int:
    """Webhooks that are paused, by their owner or because they failed for long."""
    return Webhook.objects.filter(paused__isnull=False).count()


def failed_runs() -> QuerySet[TrainingRun]:
    """Training runs that failed within the last week, the newest first."""
    week = timezone.now() - 7 * LATELY
    failed = TrainingRun.objects.filter(state=TrainingRun.State.FAILED, finished__gte=week)
    return failed.select_related("recognizer").order_by("-id")[:10]


def failed_exports() -> int:
    """Exports of the last day that failed."""
    return Export.objects.filter(state=Export.State.FAILED, created__gte=timezone.now() - LATELY).count()


# Services


def database_state() -> Service:
    """Whether the database answers."""

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    return _timed(ask, Error)


def redis_state() -> Service | None:
    """Whether Redis answers; None for a site without Redis."""
    if not settings.REDIS_URL:
        return None

    def ask() -> None:
        with _redis() as client:
            client.ping()

    return _timed(ask, redis.RedisError)


def _timed(ask: Callable[[], Any], error: type[Exception]) -> Service:
    start = perf_counter()
    try:
        ask()
    except error as problem:
        return Service(False, problem=type(problem).__name__)
    return Service(True, (perf_counter() - start) * 1000)


def _redis() -> redis.Redis:
    """A client that tries once and gives up soon."""
    timeouts = {"socket_connect_timeout": REDIS_TIMEOUT, "socket_timeout": REDIS_TIMEOUT}
    return redis.Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0), **timeouts)
