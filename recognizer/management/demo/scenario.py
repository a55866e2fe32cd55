"""The steps of the demonstration: draw, review, train, promote, roll back, and promote again."""

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
from recognizer.review.queue import QueueFilter

POLL_EVERY = 0.2  # seconds
Say = Callable[[str], None]
Found = TypeVar("Found")


class StoppedError(RuntimeError):
    """The demonstration failed. The text says at which step."""


@dataclass(frozen=True)
class DemoPlan:
    """The parameters of a demonstration."""

    url: str
    recognizer: Recognizer
    people: int  # at most len(NAMES)
    drawings: int  # of each
    at_once: bool  # start the run by hand instead of waiting for the scheduler
    patience: float  # seconds to wait for the scheduler, and for the run
    say: Say


def run_scenario(plan: DemoPlan) -> None:
    """Run all steps. Raises StoppedError, RefusedError and StalePromotionError."""
    reviewer = create_reviewer()
    before = TrainingRun.objects.order_by("-id").values_list("id", flat=True).first() or 0
    demo_users = [create_user(name) for name in NAMES[: plan.people]]
    writers = digit_writers(plan.people)
    users = [_draw(plan, user, writer) for user, writer in zip(demo_users, writers, strict=True)]
    _review(plan, reviewer, demo_users)
    _, ink = next(digit_writers(1)[0])
    with VersionMonitor(users, plan.recognizer.slug, ink) as monitor:
        run = _follow(plan, _first_run(plan, reviewer, before))
        if run.state == TrainingRun.State.FAILED:
            plan.say("The next run starts automatically.")
            run = _follow(plan, _next_run(plan, run.pk))
        _check_passed(run)
        promoted = _promotion(plan, run, reviewer)
        _check_swap(plan, monitor, promoted, "Promoted:")
        back = promotions.roll_back(recognizer=plan.recognizer, by=reviewer, reason="Rolled back by demo_loop.")
        _check_swap(plan, monitor, back, "Rolled back:")
        again = promotions.promote(
            version=promoted.model_version, replaces=back, by=reviewer, reason="Promoted again by demo_loop."
        )
        _check_swap(plan, monitor, again, "Promoted again:")
    _check_answers(plan, monitor)


def _draw(plan: DemoPlan, demo_user: DemoUser, writer: Iterator[LabelledInk]) -> HttpUser:
    user = HttpUser(plan.url)
    user.sign_in(demo_user.person.email, demo_user.password)
    agreed = 0
    for _ in range(plan.drawings):
        label, ink = next(writer)
        agreed += user.draw(plan.recognizer.slug, ink, label)["agrees"]
    corrected = plan.drawings - agreed
    plan.say(f"{demo_user.name} saves {plan.drawings} drawings: {agreed} confirmed, {corrected} corrected.")
    return user


def _review(plan: DemoPlan, reviewer: User, demo_users: list[DemoUser]) -> None:
    """Accept the drawings of the demo users only; those of real users are left to real reviewers."""
    authors = [user.person.pk for user in demo_users]
    accepted = 0
    waiting = decisions.waiting_for(reviewer=reviewer, wanted=QueueFilter(recognizer=plan.recognizer))
    for correction in waiting.filter(drawing__author__in=authors):
        decisions.accept(correction=correction, reviewer=reviewer)
        accepted += 1
    approved = Review.objects.approving().filter(correction__drawing__author__in=authors).count()
    plan.say(f"{reviewer.first_name} approves {accepted} drawings; {approved} drawings are approved now.")
    if not approved:
        raise StoppedError("No drawing is approved, so there is nothing to train on.")


def _first_run(plan: DemoPlan, reviewer: User, before: int) -> TrainingRun:
    """The run that the scheduler starts after these reviews, or one started by hand."""
    if plan.at_once:
        with suppress(training.OpenRunError):  # the scheduler was faster
            training.start_run(recognizer=plan.recognizer, trigger="demo_loop", by=reviewer)
    else:
        plan.say("Waiting for the scheduler, because enough drawings are approved.")
    return _next_run(plan, before)


def _next_run(plan: DemoPlan, before: int) -> TrainingRun:
    runs = TrainingRun.objects.filter(recognizer=plan.recognizer, id__gt=before)
    run = _wait_until(plan, runs.first, "a training run starts. Are beat and a worker for the queue celery running?")
    plan.say(f"Training run {run.pk} started: {run.trigger}")
    return run


def _follow(plan: DemoPlan, run: TrainingRun) -> TrainingRun:
    """Print the progress until the run ends."""
    printed = ""

    def is_over() -> bool:
        nonlocal printed
        run.refresh_from_db()
        if (now := _progress(run)) != printed:
            plan.say(f"  {now}")
            printed = now
        return run.finished is not None

    _wait_until(plan, is_over, f"training run {run.pk} ends. Is a worker for the queue training running?")
    plan.say(f"Training run {run.pk} {run.get_state_display()}: {run.reason}")
    for sentence in run.verdict.get("sentences", []):
        plan.say(f"  - {sentence}")
    return run


def _check_passed(run: TrainingRun) -> None:
    if run.state != TrainingRun.State.PASSED:
        raise StoppedError(f"Training run {run.pk} ended as {run.get_state_display()}, so there is no new version.")


def _progress(run: TrainingRun) -> str:
    progress: dict[str, Any] = run.progress
    words = [str(run.get_state_display()), str(progress.get("step", ""))]
    if progress.get("epochs"):
        words.append(f"epoch {progress.get('epoch')} of {progress['epochs']}")
    return ", ".join(filter(None, words))


def _promotion(plan: DemoPlan, run: TrainingRun, reviewer: User) -> Promotion:
    """The promotion of the new version, by the reviewer if the policy leaves that to people."""
    made = Promotion.objects.filter(model_version=run.version)
    if not training.policy_of(plan.recognizer).auto_promote and run.version:
        plan.say(f"The policy does not promote automatically, so {reviewer.first_name} promotes it.")
        newest = promotions.current_promotion(plan.recognizer.pk)
        return promotions.promote(version=run.version, replaces=newest, by=reviewer, reason="Promoted by demo_loop.")
    return _wait_until(plan, made.first, f"the version of training run {run.pk} is promoted")


def _check_swap(plan: DemoPlan, monitor: VersionMonitor, promotion: Promotion, what: str) -> None:
    """Raises StoppedError unless every process answers with this version after MAX_DELAY seconds."""
    number = promotion.model_version.number
    late, checked = monitor.settle(number, time.time())
    if late > MAX_DELAY:
        raise StoppedError(f"{late:.1f} s after version {number} was promoted, another version still answered.")
    plan.say(
        f"{what} version {number} is live. {checked} answers checked, the last by another version after {late:.1f} s."
    )


def _check_answers(plan: DemoPlan, monitor: VersionMonitor) -> None:
    if monitor.failures:
        raise StoppedError(
            f"{len(monitor.failures)} of {len(monitor.seen)} requests failed. The first: {monitor.failures[0]}"
        )
    plan.say(f"All {len(monitor.seen)} requests during this time were answered.")


def _wait_until(plan: DemoPlan, poll: Callable[[], Found | None], what: str) -> Found:
    """The first true value of `poll()`. Raises StoppedError after `plan.patience` seconds."""
    end = time.monotonic() + plan.patience
    while not (found := poll()):
        if time.monotonic() > end:
            raise StoppedError(f"Timed out after {plan.patience:.0f} s waiting until {what}")
        time.sleep(POLL_EVERY)
    return found
