"""Figures of the site for Prometheus, read from the database and from Redis when it asks.

Every host gives the same ones. Labels are recognizers, versions, processes and states: few.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import redis
from django.db import Error, connection
from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from recognizer.insights import drift
from recognizer.models import Confusion, Process, TrainingRun
from recognizer.operations import state

logger = logging.getLogger(__name__)

Rows = Iterable[tuple[list[str], float]]


class SiteCollector(Collector):
    """Collects when it is asked. While the database or Redis is away, it says so and leaves their figures out."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All figures."""
        database, redis_state = state.database_state(), state.redis_state()
        yield _gauge("database_up", "1 if the database answers.", [], [([], database.is_up)])
        yield _gauge("redis_up", "1 if Redis answers.", [], [([], redis_state.is_up)] if redis_state else [])
        if redis_state is None or redis_state.is_up:
            with suppress(redis.RedisError, OSError):
                lengths = [([queue], length) for queue, length in state.queue_lengths().items()]
                yield _gauge("queue_messages", "Messages that no worker has taken.", ["queue"], lengths)
        if not database.is_up:
            connection.close()
            return
        for read in (_processes, _versions, _reviews, _runs, _corrections, _webhooks, _drift):
            yield from _unless_database_fails(read)


def _unless_database_fails(read: Callable[[], Iterable[GaugeMetricFamily]]) -> list[GaugeMetricFamily]:
    try:
        return list(read())
    except Error as error:
        logger.warning("%s cannot be read for /metrics: %s", read.__name__, error)
        return []


def _gauge(name: str, text: str, labels: list[str], rows: Rows) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"inkling_{name}", text, labels=labels)
    for values, number in rows:
        gauge.add_metric(values, float(number))
    return gauge


def _processes() -> Iterator[GaugeMetricFamily]:
    running = [each.row for each in state.processes() if not each.is_silent]
    counts = [([kind], sum(row.kind == kind for row in running)) for kind in Process.Kind.values]
    yield _gauge("processes", "Processes that reported themselves lately.", ["kind"], counts)
    names = ["kind", "host", "pid"]
    errors = [([row.kind, row.host, str(row.pid)], row.errors) for row in running]
    yield _gauge("process_errors", "Errors that a process logged since its start.", names, errors)
    versions = [
        ([row.kind, row.host, str(row.pid), slug], number) for row in running for slug, number in row.versions.items()
    ]
    text = "Number of the model version that answers in a process."
    yield _gauge("process_model_version", text, [*names, "recognizer"], versions)


def _versions() -> Iterator[GaugeMetricFamily]:
    rows = [([each.recognizer.slug], each.model_version.number) for each in state.live_promotions()]
    yield _gauge("live_model_version", "Number of the version of the newest promotion.", ["recognizer"], rows)


def _reviews() -> Iterator[GaugeMetricFamily]:
    waiting = [([slug], count) for slug, count in state.waiting_reviews().items()]
    yield _gauge("waiting_corrections", "Corrections that wait for a review.", ["recognizer"], waiting)
    oldest = state.oldest_waiting_review()
    seconds = (timezone.now() - oldest).total_seconds() if oldest else 0
    yield _gauge("oldest_waiting_correction_seconds", "Age of the oldest one; 0 if none waits.", [], [([], seconds)])


def _runs() -> Iterator[GaugeMetricFamily]:
    """By state; a run that the gate refused by its verdict."""
    counts: dict[tuple[str, str], int] = {}
    rows = TrainingRun.objects.order_by().values_list("recognizer__slug", "state", "verdict__outcome")
    for slug, run_state, outcome, number in rows.annotate(n=Count("pk")):
        result = TrainingRun(state=run_state, verdict={"outcome": outcome}).result
        counts[slug, result] = counts.get((slug, result), 0) + number
    labelled = [(list(key), count) for key, count in counts.items()]
    yield _gauge("training_runs", "Training runs by their result.", ["recognizer", "result"], labelled)


def _corrections() -> Iterator[GaugeMetricFamily]:
    """As the background counted them last."""
    rows = Confusion.objects.values_list("version__recognizer__slug", "version__number", "judged", "right_personal")
    counts: list[tuple[list[str], float]] = []
    for slug, number, judged, right in rows:
        counts.append(([slug, str(number), "yes"], right))
        counts.append(([slug, str(number), "no"], judged - right))
    text = "First guesses that their authors confirmed (yes) or corrected (no)."
    yield _gauge("judged_answers", text, ["recognizer", "version", "right"], counts)


def _webhooks() -> Iterator[GaugeMetricFamily]:
    rows = [(["waiting"], state.waiting_deliveries()), (["failed"], state.failed_deliveries())]
    text = "Deliveries of webhooks that wait, and those of the last day that were given up."
    yield _gauge("webhook_deliveries", text, ["state"], rows)
    yield _gauge("webhooks_paused", "Paused webhooks.", [], [([], state.paused_webhooks())])


def _drift() -> Iterator[GaugeMetricFamily]:
    """Of the newest week with enough drawings."""
    distances, confidences, rates, warnings = [], [], [], []
    for promotion in state.live_promotions():
        slug = promotion.recognizer.slug
        week = drift.judged_week(drift.weeks_of(promotion.recognizer))
        if week is None or week.test is None:
            continue
        distances.append(([slug], week.distance or 0.0))
        for of, answers in (("week", week.answers), ("base_test", week.test)):
            confidences.append(([slug, of], answers.confidence))
            rates.append(([slug, of], answers.unsure_share))
        warnings += [([slug, kind.value], kind in week.differences) for kind in drift.Kind]
    yield _gauge(
        "drift_distance", "Distance of a week's first guesses from the base test's.", ["recognizer"], distances
    )
    yield _gauge("drift_confidence", "Mean probability of first guesses.", ["recognizer", "of"], confidences)
    yield _gauge("drift_unsure", "Share of answers that are not sure.", ["recognizer", "of"], rates)
    yield _gauge("drift_warning", "1 if a week clearly differs.", ["recognizer", "kind"], warnings)
