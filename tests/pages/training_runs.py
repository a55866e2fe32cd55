"""Versions and runs made without a training: what the pages about them have to show."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import Drawing, Label, ModelVersion, Recognizer, SnapshotItem, TrainingRun
from recognizer.registry import promotions

State = TrainingRun.State


def verdict(outcome: str = "passed", *, before: float = 0.95, after: float = 0.975) -> dict[str, Any]:
    """What the gate writes down, shortened."""
    return {
        "outcome": outcome,
        "sentences": [
            f"Field test: {after:.1%} right of 40 drawings by 6 people.",
            "Base test: 99.58 % right of 10,000 drawings, 99.60 % before.",
            "Labels: none is worse.",
        ],
        "figures": {
            "base": {"count": 10_000, "before": 0.996, "after": 0.9958},
            "field": {"count": 40, "authors": 6, "by_author": True, "before": before, "after": after},
            "junk": {"count": 0, "before": None, "after": None},
            "unsure": {"before": 0.007, "after": 0.008},
            "latency_ms": {"before": 0.1, "after": 0.09},
        },
    }


def choice(**more: Any) -> dict[str, Any]:
    """A record of `ml.training.choice`: two curves of two candidates each."""
    candidates = [
        {"weight": 3.0, "soft": 0.0, "accuracy": 0.88, "log_loss": 0.41, "drop": 0.021, "fits": False, "chosen": False},
        {"weight": 1.0, "soft": 0.0, "accuracy": 0.86, "log_loss": 0.48, "drop": 0.012, "fits": False, "chosen": False},
        {"weight": 1.0, "soft": 0.5, "accuracy": 0.85, "log_loss": 0.5, "drop": -0.0005, "fits": True, "chosen": False},
        {"weight": 3.0, "soft": 0.5, "accuracy": 0.87, "log_loss": 0.44, "drop": 0.0031, "fits": True, "chosen": True},
    ]
    return {
        "layers": "last layer",
        "settings": {"weight": 3.0, "soft": 0.5},
        "why": "Chosen on 60 drawings by 4 other people and on base data.",
        "before": 0.778,
        "allowed": 0.01,
        "candidates": candidates,
        **more,
    }


SNAPSHOT = {
    "digest": "ab" * 32,
    "study": 214,
    "study_authors": 31,
    "exam": 40,
    "exam_authors": 6,
    "why": "Split by author: no hand is in both parts.",
    "last_review": 0,
}


def ended(recognizer: Recognizer, state: State = State.REFUSED, **more: Any) -> TrainingRun:
    """A run that is over."""
    now = timezone.now()
    times = {"started": now, "finished": now}
    fields = {"trigger": "30 newly approved drawings", "reason": "It loses more than it wins.", "snapshot": SNAPSHOT}
    return TrainingRun.objects.create(recognizer=recognizer, state=state, **fields | times | more)


def running(recognizer: Recognizer, **progress: Any) -> TrainingRun:
    """A run that goes on."""
    now = timezone.now()
    return TrainingRun.objects.create(
        recognizer=recognizer,
        state=State.RUNNING,
        trigger="by hand",
        mode="head",
        lease=uuid4(),
        heartbeat=now,
        started=now,
        progress=progress,
        log="10:00:00 gathering",
    )


def learned(recognizer: Recognizer, bundle: Bundle, *, promoted: bool = True, **figures: Any) -> ModelVersion:
    """A version that passed the gate, and answers unless it was not promoted."""
    version = promotions.register(recognizer=recognizer, bundle=bundle)
    newest = promotions.current_promotion(recognizer.pk)
    champion = newest.model_version if newest else None
    ended(
        recognizer,
        State.PASSED,
        reason="It passed.",
        version=version,
        champion=champion,
        base=champion,
        mode="full",
        verdict=verdict(**figures),
    )
    if promoted:
        promotions.promote(version=version, replaces=newest, reason=f"It beat {champion}.")
    return version


def examined(run: TrainingRun, drawing: Drawing, label: str, before: str | None, after: str | None) -> SnapshotItem:
    """A drawing of the exam with both answers."""
    by_slug: dict[str | None, Label | None] = {each.slug: each for each in run.recognizer.labels.all()} | {None: None}
    truth = by_slug[label]
    assert truth
    return SnapshotItem.objects.create(
        run=run,
        drawing=drawing,
        label=truth,
        part=SnapshotItem.Part.EXAM,
        before=by_slug[before],
        after=by_slug[after],
    )


def superuser() -> User:
    """Somebody who may do everything."""
    return User.objects.create_superuser("root@example.org", "a rather long word")
