"""What runs, since when, what waits and what failed, in words, for the people who run the site."""

from __future__ import annotations

from contextlib import suppress

import redis
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import PersonRequest
from recognizer.insights import drift
from recognizer.models import Process, Promotion, Recognizer
from recognizer.operations import state
from recognizer.pages.access import for_operators


@require_safe
@for_operators
def operations(request: PersonRequest) -> HttpResponse:
    """The page. It reads everything when it is opened."""
    processes = state.processes()
    redis_state = state.redis_state()
    queues: dict[str, int] = {}
    if redis_state is None or redis_state.is_up:
        with suppress(redis.RedisError, OSError):
            queues = state.queue_lengths()
    promotions = state.live_promotions()
    context = {
        "processes": processes,
        "missing": [Process.Kind(kind).label for kind in state.missing_kinds(processes)],
        "promotions": [(each, _elsewhere(processes, each)) for each in promotions],
        "database": state.database_state(),
        "redis": redis_state,
        "queues": queues,
        "reviews": sum(state.waiting_reviews().values()),
        "oldest_review": state.oldest_waiting_review(),
        "open_runs": state.open_runs(),
        "waiting_exports": state.waiting_exports(),
        "waiting_deliveries": state.waiting_deliveries(),
        "failed_runs": state.failed_runs(),
        "failed_exports": state.failed_exports(),
        "failed_deliveries": state.failed_deliveries(),
        "paused_webhooks": state.paused_webhooks(),
        "drifting": [each.recognizer for each in promotions if _is_drifting(each.recognizer)],
    }
    return render(request, "recognizer/operations/operations.html", context)


def _elsewhere(processes: list[state.ReportedProcess], live: Promotion) -> int:
    """How many running processes answer with another version than the live one."""
    slug, number = live.recognizer.slug, live.model_version.number
    running = [each.row.versions for each in processes if not each.is_silent]
    return sum(versions.get(slug, number) != number for versions in running)


def _is_drifting(recognizer: Recognizer) -> bool:
    week = drift.judged_week(drift.weeks_of(recognizer))
    return bool(week and week.differences)
