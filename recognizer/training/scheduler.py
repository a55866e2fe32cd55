"""The tick: looks what is due, and does it. The database decides, not the clock: two ticks at once do no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from recognizer.models import Recognizer, SnapshotItem, TrainingRun
from recognizer.registry import promotions
from recognizer.review import decisions
from recognizer.training import monitoring, snapshots
from recognizer.training.runs import OpenRunError, enqueue_run, policy_of, start_run

logger = logging.getLogger(__name__)
State = TrainingRun.State

# After so many failures in a row the next run waits so long; the first failure may be a worker that was killed.
BACKOFF = [timedelta(0), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)]


def run_due_jobs() -> list[TrainingRun]:
    """Close dead runs, send lost tasks again, start what is due, roll back what people correct more.

    Returns the runs that it closed, sent again or started. What goes wrong for one recognizer is logged and does not
    keep the others waiting.
    """
    moved = [*_close_dead(), *_send_again()]
    for recognizer in Recognizer.objects.all():
        for each in (_accept_unseen, monitoring.roll_back_if_worse):
            _guarded(each, recognizer)
        if opened := _guarded(_start_if_due, recognizer):
            moved.append(opened)
    return moved


def _guarded(call: Callable[[Recognizer], Any], recognizer: Recognizer) -> Any:
    try:
        return call(recognizer)
    except Exception:
        logger.exception("the tick failed for %s", recognizer.slug)
        return None


def _accept_unseen(recognizer: Recognizer) -> None:
    if policy_of(recognizer).auto_accept:
        decisions.accept_unseen(recognizer=recognizer)


def _close_dead() -> list[TrainingRun]:
    """Runs whose worker shows no pulse any more: it was killed, or its machine is gone."""
    return [run for run in _silent() if _close(run)]


def _silent() -> QuerySet[TrainingRun]:
    limit = Now() - timedelta(seconds=settings.TRAINING_DEAD_SECONDS)
    return TrainingRun.objects.filter(state=State.RUNNING, heartbeat__lt=limit)


def _close(run: TrainingRun) -> bool:
    silent = f"Its worker has shown no sign of life for {settings.TRAINING_DEAD_SECONDS} seconds"
    step = run.progress.get("step", "starting")
    if run.cancelling:
        state, reason = State.CANCELLED, f"{silent}, and somebody had cancelled it."
    else:
        state, reason = State.FAILED, f"{silent} (it was {step}). Nothing was changed; the next run starts anew."
    still = _silent().filter(pk=run.pk, lease=run.lease)
    logger.warning("run %d: %s", run.pk, reason)
    return bool(still.update(state=state, reason=reason, finished=timezone.now()))


def _send_again() -> list[TrainingRun]:
    """Waiting runs that nobody took: the message may be lost. Each time it waits twice as long."""
    return [run for run in TrainingRun.objects.filter(state=State.WAITING) if _send_if_lost(run)]


def _send_if_lost(run: TrainingRun) -> bool:
    """While a run waits, `heartbeat` is when its message was sent."""
    now, sent = timezone.now(), run.heartbeat or run.created
    if now - sent < max(timedelta(seconds=settings.TRAINING_DEAD_SECONDS), sent - run.created):
        return False
    unsent = TrainingRun.objects.filter(pk=run.pk, state=State.WAITING, heartbeat=run.heartbeat)
    if not unsent.update(heartbeat=now):
        return False
    enqueue_run(run)
    return True


def _start_if_due(recognizer: Recognizer) -> TrainingRun | None:
    if not reason_to_start(recognizer):
        return None
    with transaction.atomic():
        Recognizer.objects.select_for_update(no_key=True).get(pk=recognizer.pk)
        trigger = reason_to_start(recognizer)  # once more, now that no other tick can come between
        try:
            return start_run(recognizer=recognizer, trigger=trigger) if trigger else None
        except OpenRunError:
            return None


def reason_to_start(recognizer: Recognizer) -> str:
    """Why a run should start now, in words; empty when none should."""
    runs = recognizer.training_runs
    if runs.open().exists() or _is_backing_off(recognizer):
        return ""
    last = runs.exclude(state=State.FAILED).order_by("-id").first()
    policy, now = policy_of(recognizer), timezone.now()
    fresh = snapshots.approved_reviews(recognizer).filter(id__gt=last.snapshot.get("last_review", 0) if last else 0)
    count = fresh.count()
    if count >= policy.train_after:
        return f"{_drawings(count, 'newly approved ')}; the policy asks for {policy.train_after}"
    since = last.finished if last else fresh.aggregate(first=Min("created"))["first"]
    if since is None or now - since < timedelta(days=policy.train_every_days):
        return ""
    return _after_a_while(recognizer, count, (now - since).days)


def _after_a_while(recognizer: Recognizer, count: int, days: int) -> str:
    """A little is enough then; and what was deleted is not remembered for ever because nobody draws any more."""
    gone = 0 if count else _gone(recognizer)
    if not count and not gone:
        return ""
    what = _drawings(count, "newly approved ") if count else f"{_drawings(gone)} that taught it may teach no longer"
    return f"{what}, and nothing was learned for {days} days"


def _drawings(count: int, which: str = "") -> str:
    return f"{count} {which}drawing{'' if count == 1 else 's'}"


def _gone(recognizer: Recognizer) -> int:
    """How many of the drawings that taught the active version were deleted, withdrawn or disapproved since."""
    newest = promotions.newest(recognizer.pk)
    run = TrainingRun.objects.filter(version=newest.model_version_id).first() if newest else None
    if run is None:
        return 0
    studied = run.items.filter(part=SnapshotItem.Part.STUDY)
    still = snapshots.approved_reviews(recognizer).filter(correction__drawing__in=studied.values("drawing"))
    return int(run.snapshot["study"]) - still.count()


def _is_backing_off(recognizer: Recognizer) -> bool:
    """After failures in a row, ever longer: what fails for a reason would fail every few seconds."""
    settled = recognizer.training_runs.exclude(state=State.FAILED).order_by("-id").values_list("id", flat=True).first()
    failed = recognizer.training_runs.filter(state=State.FAILED, id__gt=settled or 0).order_by("-id")
    last = failed.first()
    if last is None or last.finished is None:
        return False
    return timezone.now() - last.finished < BACKOFF[min(failed.count(), len(BACKOFF)) - 1]
