"""Starts the training runs that are due and closes those whose worker died.

Decisions are made on what the database holds, with conditional updates, so running this twice at once does no harm.
"""

from __future__ import annotations

import logging
from datetime import timedelta

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

# How long the next run waits after 1, 2, ... failures in a row. The first failure may be a worker that was killed.
BACKOFF = [timedelta(0), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)]


def run_due_jobs() -> list[TrainingRun]:
    """Close dead runs, send lost tasks again, roll back versions that people correct more, and start runs that are due.

    Returns the runs that were closed, sent again or started. An error with one recognizer is logged and does not stop
    the others.
    """
    moved = [run for run in _silent_runs() if _close_dead(run)]
    moved += [run for run in TrainingRun.objects.filter(state=State.WAITING) if _send_again_if_lost(run)]
    for recognizer in Recognizer.objects.all():
        for job in (_accept_unseen, monitoring.roll_back_if_worse, _start_if_due):
            try:
                done = job(recognizer)
            except Exception:
                logger.exception("scheduled work failed for recognizer %s", recognizer.slug)
            else:
                if isinstance(done, TrainingRun):
                    moved.append(done)
    return moved


def _accept_unseen(recognizer: Recognizer) -> None:
    if policy_of(recognizer).auto_accept:
        decisions.accept_unseen(recognizer=recognizer)


def _silent_runs() -> QuerySet[TrainingRun]:
    """Running runs without a recent heartbeat: the worker was killed, or its machine is gone."""
    limit = Now() - timedelta(seconds=settings.TRAINING_DEAD_SECONDS)
    return TrainingRun.objects.filter(state=State.RUNNING, heartbeat__lt=limit)


def _close_dead(run: TrainingRun) -> bool:
    """Returns whether the run was closed here, and not by its worker or another process."""
    silent = f"Its worker has sent no heartbeat for {settings.TRAINING_DEAD_SECONDS} seconds"
    step = run.progress.get("step", "starting")
    if run.cancelling:
        state, reason = State.CANCELLED, f"{silent}, and the run had been cancelled."
    else:
        state, reason = State.FAILED, f"{silent} (last step: {step}). Nothing was changed. The next run starts again."
    logger.warning("training run %d: %s", run.pk, reason)
    unchanged = _silent_runs().filter(pk=run.pk, lease=run.lease)
    return bool(unchanged.update(state=state, reason=reason, finished=timezone.now()))


def _send_again_if_lost(run: TrainingRun) -> bool:
    """Send the message of a waiting run again, each time after twice as long.

    While a run waits, `heartbeat` is the time at which its message was sent.
    """
    now, sent = timezone.now(), run.heartbeat or run.created
    if now - sent < max(timedelta(seconds=settings.TRAINING_DEAD_SECONDS), sent - run.created):
        return False
    unsent = TrainingRun.objects.filter(pk=run.pk, state=State.WAITING, heartbeat=run.heartbeat)
    if not unsent.update(heartbeat=now):
        return False
    enqueue_run(run)
    return True


def _start_if_due(recognizer: Recognizer) -> TrainingRun | None:
    if not recognizer.is_on or not reason_to_start(recognizer):
        return None
    with transaction.atomic():
        Recognizer.objects.select_for_update(no_key=True).get(pk=recognizer.pk)
        trigger = reason_to_start(recognizer)  # again, now that no other process can start a run meanwhile
        try:
            return start_run(recognizer=recognizer, trigger=trigger) if trigger else None
        except OpenRunError:
            return None


def reason_to_start(recognizer: Recognizer) -> str:
    """Why a run should start now, as a sentence; empty if none should."""
    runs = recognizer.training_runs
    if runs.open().exists() or _is_backing_off(recognizer):
        return ""
    last = runs.exclude(state=State.FAILED).order_by("-id").first()
    policy, now = policy_of(recognizer), timezone.now()
    new = snapshots.approved_reviews(recognizer).filter(id__gt=last.snapshot.get("last_review", 0) if last else 0)
    count = new.count()
    if count >= policy.train_after:
        return f"{_count_of(count, 'newly approved drawing')}; the policy asks for {policy.train_after}"
    since = last.finished if last else new.aggregate(first=Min("created"))["first"]
    if since is None or now - since < timedelta(days=policy.train_every_days):
        return ""
    # After a while any new drawing is enough, and so is a deleted one: it must not stay in the model for ever.
    days = (now - since).days
    if count:
        return f"{_count_of(count, 'newly approved drawing')}, and no training for {days} days"
    if gone := _count_gone(recognizer):
        what = _count_of(gone, "drawing")
        return f"{what} of the last training may not be used any more, and no training for {days} days"
    return ""


def _count_of(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _count_gone(recognizer: Recognizer) -> int:
    """How many drawings that the live version was trained on were deleted, withdrawn or rejected since."""
    newest = promotions.current_promotion(recognizer.pk)
    run = TrainingRun.objects.filter(version=newest.model_version_id).first() if newest else None
    if run is None:
        return 0
    studied = run.items.filter(part=SnapshotItem.Part.STUDY)
    left = snapshots.approved_reviews(recognizer).filter(correction__drawing__in=studied.values("drawing"))
    return int(run.snapshot["study"]) - left.count()


def _is_backing_off(recognizer: Recognizer) -> bool:
    """Whether the next run has to wait because of failures in a row."""
    settled = recognizer.training_runs.exclude(state=State.FAILED).order_by("-id").values_list("id", flat=True).first()
    failed = recognizer.training_runs.filter(state=State.FAILED, id__gt=settled or 0).order_by("-id")
    last = failed.first()
    if last is None or last.finished is None:
        return False
    return timezone.now() - last.finished < BACKOFF[min(failed.count(), len(BACKOFF)) - 1]
