"""The steps of the demonstration, in two parts.

One person draws thirty digits that the model reads: the training run finds no gain, and the live version stays. Then
she writes digits that it misreads, and her personal memory helps her at once. A community that writes such digits: the
training run finds a clear gain, its version is promoted, rolled back, and promoted again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction

from accounts.models import User
from recognizer import training
from recognizer.management.demo.handwriting import LabelledInk, leaning_writers, upright_writer
from recognizer.management.demo.http_user import HttpUser
from recognizer.management.demo.uptime import MAX_DELAY, VersionMonitor
from recognizer.management.demo.users import NAMES, DemoUser, create_reviewer, create_user
from recognizer.models import Promotion, Recognizer, Review, TrainingRun
from recognizer.registry import promotions
from recognizer.review import bulk, decisions
from recognizer.review.queue import QueueFilter

POLL_EVERY = 0.2  # seconds
ONE_PERSON = 30  # drawings of the one person
MONITORED = 6  # people who send requests while the version changes
MEMORISED = 10  # digits that she corrects, and as many that she asks about afterwards
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
    demo_users = [create_user(name) for name in NAMES[: plan.people]]
    users = [_sign_in(plan, user) for user in demo_users]
    writers = leaning_writers(plan.people)
    _one_person(plan, reviewer, demo_users[0], users[0], writers[0])
    _community(plan, reviewer, demo_users, users, writers)


def _one_person(
    plan: DemoPlan, reviewer: User, demo_user: DemoUser, user: HttpUser, writer: Iterator[LabelledInk]
) -> None:
    plan.say(f"{demo_user.name} writes digits that the model reads.")
    before = _newest_run()
    _draw(plan, demo_user, user, upright_writer(), ONE_PERSON)
    _review(plan, reviewer, [demo_user])
    run = _run_to_its_end(plan, reviewer, before)
    if not run.version:
        plan.say("The live version stays. Personal memory helps at once, without a training run:")
    _use_memory(plan, demo_user, user, writer)


def _use_memory(plan: DemoPlan, demo_user: DemoUser, user: HttpUser, writer: Iterator[LabelledInk]) -> None:
    """Correct digits that the model misreads, and count how many of the next ones it reads with and without memory."""
    _draw(plan, demo_user, user, writer, MEMORISED)
    with_memory = without = 0
    for _ in range(MEMORISED):
        label, ink = next(writer)
        answer = user.predict(plan.recognizer.slug, ink, personal=True)
        alone = answer["personal"]["model"] or answer  # none if the memory has nothing like it
        with_memory += answer["guesses"][0]["label"] == label
        without += alone["guesses"][0]["label"] == label
    plan.say(f"Of her next {MEMORISED} digits, {with_memory} are read correctly, {without} without personal memory.")
    if with_memory <= without:
        raise StoppedError(f"Personal memory did not help {demo_user.name}.")


def _community(
    plan: DemoPlan,
    reviewer: User,
    demo_users: list[DemoUser],
    users: list[HttpUser],
    writers: list[Iterator[LabelledInk]],
) -> None:
    plan.say(f"{plan.people} people write narrow, leaning digits, which the model misreads.")
    before = _newest_run()
    for demo_user, user, writer in zip(demo_users, users, writers, strict=True):
        _draw(plan, demo_user, user, writer, plan.drawings)
    _review(plan, reviewer, demo_users)
    reviewed = time.monotonic()
    _, ink = next(upright_writer())
    with VersionMonitor(users[:MONITORED], plan.recognizer.slug, ink) as monitor:
        run = _run_to_its_end(plan, reviewer, before)
        _check_passed(run)
        promoted = _promotion(plan, run, reviewer)
        plan.say(f"It was promoted {time.monotonic() - reviewed:.0f} s after the last review.")
        _check_swap(plan, monitor, promoted, "Promoted:")
        back = promotions.roll_back(recognizer=plan.recognizer, by=reviewer, reason="Rolled back by demo_loop.")
        _check_swap(plan, monitor, back, "Rolled back:")
        again = promotions.promote(
            version=promoted.model_version, replaces=back, by=reviewer, reason="Promoted again by demo_loop."
        )
        _check_swap(plan, monitor, again, "Promoted again:")
    _check_answers(plan, monitor)


def _newest_run() -> int:
    """Its id; 0 if there is none."""
    return TrainingRun.objects.order_by("-id").values_list("id", flat=True).first() or 0


def _sign_in(plan: DemoPlan, demo_user: DemoUser) -> HttpUser:
    user = HttpUser(plan.url)
    user.sign_in(demo_user.person.email, demo_user.password)
    return user


def _draw(plan: DemoPlan, demo_user: DemoUser, user: HttpUser, writer: Iterator[LabelledInk], count: int) -> None:
    agreed = 0
    for _ in range(count):
        label, ink = next(writer)
        agreed += user.draw(plan.recognizer.slug, ink, label)["agrees"]
    plan.say(f"{demo_user.name} saves {count} drawings: {agreed} confirmed, {count - agreed} corrected.")


def _review(plan: DemoPlan, reviewer: User, demo_users: list[DemoUser]) -> None:
    """Accept the drawings of the demo users only; those of real users are left to real reviewers.

    In one transaction, so that the scheduler starts no run before all are approved.
    """
    authors = [user.person.pk for user in demo_users]
    waiting = decisions.waiting_for(reviewer=reviewer, wanted=QueueFilter(recognizer=plan.recognizer))
    corrections = waiting.filter(drawing__author__in=authors).values_list("pk", flat=True)
    with transaction.atomic():
        accepted = len(bulk.accept(corrections=list(corrections), reviewer=reviewer))
    approved = Review.objects.approving().filter(correction__drawing__author__in=authors).count()
    plan.say(f"{reviewer.first_name} approves {accepted} drawings; {approved} drawings are approved now.")
    if not approved:
        raise StoppedError("No drawing is approved, so there is nothing to train on.")


def _run_to_its_end(plan: DemoPlan, reviewer: User, before: int) -> TrainingRun:
    """The first run after these, at its end. If it failed, because a worker was killed, the one after it."""
    run = _follow(plan, _first_run(plan, reviewer, before))
    if run.state == TrainingRun.State.FAILED:
        plan.say("The next run starts automatically.")
        run = _follow(plan, _next_run(plan, run.pk))
    return run


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
    plan.say(f"Training run {run.pk}: {run.get_result_display()}. {run.reason}")
    for sentence in run.verdict.get("sentences", []):
        plan.say(f"  - {sentence}")
    return run


def _check_passed(run: TrainingRun) -> None:
    if run.state != TrainingRun.State.PASSED:
        raise StoppedError(f"Training run {run.pk} ended as {run.get_result_display()}, so there is no new version.")


def _progress(run: TrainingRun) -> str:
    progress: dict[str, Any] = run.progress
    words = [str(run.get_result_display()), str(progress.get("step", ""))]
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
