"""The acts: people draw, a reviewer accepts, the model is taught, judged, swapped in, taken back and brought again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from accounts.models import User
from recognizer import training
from recognizer.management.demo.handwriting import LabelledInk, digit_writers
from recognizer.management.demo.http_user import HttpUser
from recognizer.management.demo.uptime import MAX_DELAY, VersionMonitor
from recognizer.management.demo.users import NAMES, DemoUser, create_reviewer, create_user
from recognizer.models import Promotion, Recognizer, Review, TrainingRun
from recognizer.registry import promotions
from recognizer.review import decisions

POLL_EVERY = 0.2  # seconds
Say = Callable[[str], None]
Found = TypeVar("Found")


class StoppedError(RuntimeError):
    """The loop did not close; the text says where."""


@dataclass(frozen=True)
class DemoPlan:
    """What is to be played."""

    url: str
    recognizer: Recognizer
    people: int  # at most len(NAMES)
    drawings: int  # of each
    at_once: bool  # start the run by hand instead of waiting for the tick
    patience: float  # seconds for the tick, and for the run
    say: Say


def run_scenario(plan: DemoPlan) -> None:
    """All of it. Raises StoppedError, RefusedError and what the verbs raise."""
    reviewer = create_reviewer()
    before = TrainingRun.objects.order_by("-id").values_list("id", flat=True).first() or 0
    guests = [create_user(name) for name in NAMES[: plan.people]]
    visitors = [_draw(plan, guest, hand) for guest, hand in zip(guests, digit_writers(plan.people), strict=True)]
    _review(plan, reviewer, guests)
    _, ink = next(digit_writers(1)[0])
    with VersionMonitor(visitors, plan.recognizer.slug, ink) as watch:
        run = _follow(plan, _the_run(plan, reviewer, before))
        if run.state == TrainingRun.State.FAILED:
            plan.say("That is no end: the next run starts by itself.")
            run = _follow(plan, _next_run(plan, run.pk))
        _check_passed(run)
        promoted = _promotion(plan, run, reviewer)
        _check_swap(plan, watch, promoted, "Promoted:")
        back = promotions.roll_back(
            recognizer=plan.recognizer, by=reviewer, reason="Shown by demo_loop: one click back."
        )
        _check_swap(plan, watch, back, "Rolled back:")
        again = promotions.promote(
            version=promoted.model_version, replaces=back, by=reviewer, reason="Shown by demo_loop: and forward again."
        )
        _check_swap(plan, watch, again, "Promoted again:")
    _check_answers(plan, watch)


def _draw(plan: DemoPlan, guest: DemoUser, hand: Iterator[LabelledInk]) -> HttpUser:
    visitor = HttpUser(plan.url)
    visitor.sign_in(guest.person.email, guest.password)
    agreed = 0
    for _ in range(plan.drawings):
        label, ink = next(hand)
        agreed += visitor.draw(plan.recognizer.slug, ink, label)["agrees"]
    put_right = plan.drawings - agreed
    plan.say(f"{guest.name} signs in and draws {plan.drawings}: {agreed} confirmed, {put_right} put right.")
    return visitor


def _review(plan: DemoPlan, reviewer: User, guests: list[DemoUser]) -> None:
    """Only what the made-up people drew; what real people said is left to real reviewers."""
    authors = [guest.person.pk for guest in guests]
    accepted = 0
    for correction in decisions.queue(reviewer=reviewer, recognizer=plan.recognizer).filter(
        drawing__author__in=authors
    ):
        decisions.accept(correction=correction, reviewer=reviewer)
        accepted += 1
    approved = Review.objects.approving().filter(correction__drawing__author__in=authors).count()
    plan.say(f"{reviewer.first_name} reviews and accepts {accepted}; {approved} of their drawings are approved by now.")
    if not approved:
        raise StoppedError("Nothing was approved, so there is nothing to learn from.")


def _the_run(plan: DemoPlan, reviewer: User, before: int) -> TrainingRun:
    """The run that these reviews start by themselves, or one that is started by hand."""
    if plan.at_once:
        with suppress(training.OpenRunError):  # the tick was quicker
            training.start_run(recognizer=plan.recognizer, trigger="demo_loop", by=reviewer)
    else:
        plan.say("Nobody does anything now: the tick finds that enough was approved.")
    return _next_run(plan, before)


def _next_run(plan: DemoPlan, before: int) -> TrainingRun:
    runs = TrainingRun.objects.filter(recognizer=plan.recognizer, id__gt=before)
    run = _until(plan, runs.first, "a training run is started. Does beat run, and a worker for the queue celery?")
    plan.say(f"Training run {run.pk} is there: {run.trigger}")
    return run


def _follow(plan: DemoPlan, run: TrainingRun) -> TrainingRun:
    """Say how far it is until it is over."""
    said = ""

    def is_over() -> bool:
        nonlocal said
        run.refresh_from_db()
        if (now := _in_words(run)) != said:
            plan.say(f"  {now}")
            said = now
        return run.finished is not None

    _until(plan, is_over, f"run {run.pk} is over. Does a worker for the queue training run?")
    plan.say(f"Run {run.pk} {run.get_state_display()}: {run.reason}")
    for sentence in run.verdict.get("sentences", []):
        plan.say(f"  - {sentence}")
    return run


def _check_passed(run: TrainingRun) -> None:
    if run.state != TrainingRun.State.PASSED:
        raise StoppedError(f"Run {run.pk} ended as {run.get_state_display()}, so no new version answers.")


def _in_words(run: TrainingRun) -> str:
    progress: dict[str, Any] = run.progress
    words = [str(run.get_state_display()), str(progress.get("step", ""))]
    if progress.get("epochs"):
        words.append(f"epoch {progress.get('epoch')} of {progress['epochs']}")
    return ", ".join(filter(None, words))


def _promotion(plan: DemoPlan, run: TrainingRun, reviewer: User) -> Promotion:
    """The promotion of what the run made; by hand where the policy leaves that to people."""
    made = Promotion.objects.filter(model_version=run.version)
    if not training.policy_of(plan.recognizer).auto_promote and run.version:
        plan.say(f"The policy leaves it to people to promote: {reviewer.first_name} does.")
        newest = promotions.current_promotion(plan.recognizer.pk)
        return promotions.promote(version=run.version, replaces=newest, by=reviewer, reason="Shown by demo_loop.")
    return _until(plan, made.first, f"what run {run.pk} made is promoted")


def _check_swap(plan: DemoPlan, watch: VersionMonitor, promotion: Promotion, what: str) -> None:
    """Every answer must name it within two seconds."""
    number = promotion.model_version.number
    late, looked_at = watch.settle(number, time.time())
    if late > MAX_DELAY:
        raise StoppedError(f"{late:.1f} s after version {number} was promoted another one still answered.")
    plan.say(
        f"{what} version {number} answers. {looked_at} answers were looked at, the last other one after {late:.1f} s."
    )


def _check_answers(plan: DemoPlan, watch: VersionMonitor) -> None:
    if watch.failures:
        raise StoppedError(f"{len(watch.failures)} of {len(watch.seen)} answers failed. The first: {watch.failures[0]}")
    plan.say(f"All the while the site was asked {len(watch.seen)} times and always answered.")


def _until(plan: DemoPlan, look: Callable[[], Found | None], what: str) -> Found:
    """What `look` gives once it gives something. Raises StoppedError when that takes too long."""
    end = time.monotonic() + plan.patience
    while not (found := look()):
        if time.monotonic() > end:
            raise StoppedError(f"Waited {plan.patience:.0f} s in vain until {what}")
        time.sleep(POLL_EVERY)
    return found
