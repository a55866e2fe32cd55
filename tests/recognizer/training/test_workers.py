"""Real worker processes: one may be killed at any moment, and the next one goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from recognizer import training
from recognizer.models import ModelVersion, Promotion, Recognizer, TrainingRun
from recognizer.registry import promotions
from recognizer.training import runs
from tests.recognizer.training import community
from tests.recognizer.training.queue import take_messages
from tests.recognizer.training.workers import DEAD_AFTER, Worker, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
State = TrainingRun.State


@pytest.fixture(autouse=True)
def _an_empty_queue(settings: Any) -> Iterator[None]:
    settings.TRAINING_DEAD_SECONDS = DEAD_AFTER
    take_messages("training")
    yield
    take_messages("training")


@pytest.fixture
def solo(digits: Recognizer) -> User:
    """One person with thirty approved drawings."""
    person = community.person("solo")
    community.approve(community.draw(person, 30, sideways=True))
    return person


def state_of(run: TrainingRun) -> str:
    return TrainingRun.objects.values_list("state", flat=True).get(pk=run.pk)


def step_of(run: TrainingRun) -> str:
    return TrainingRun.objects.get(pk=run.pk).progress.get("step", "")


def is_over(run: TrainingRun) -> bool:
    return state_of(run) not in (State.WAITING, State.RUNNING)


def test_a_worker_executes_the_run_that_the_scheduler_opened(digits: Recognizer, solo: User, tmp_path: Path) -> None:
    (run,) = training.run_due_jobs()
    with Worker(tmp_path) as worker:
        until(lambda: is_over(run), "the run is over")
    assert state_of(run) == State.PASSED, worker.log.read_text()
    assert promotions.current_promotion(digits.pk).model_version.number == 2  # type: ignore[union-attr]


def test_two_workers_with_the_same_task_train_once(digits: Recognizer, solo: User, tmp_path: Path) -> None:
    (run,) = training.run_due_jobs()
    runs.enqueue_run(run)
    runs.enqueue_run(run)
    with Worker(tmp_path) as first, Worker(tmp_path, "second") as second:
        until(lambda: is_over(run), "the run is over")
        until(lambda: "not waiting" in first.log.read_text() + second.log.read_text(), "the other one stopped")
    assert state_of(run) == State.PASSED
    assert ModelVersion.objects.count() == Promotion.objects.count() == 2


@pytest.mark.parametrize("step", ["training", "judging"])
def test_a_killed_worker_loses_nothing(digits: Recognizer, solo: User, tmp_path: Path, step: str) -> None:
    (run,) = training.run_due_jobs()
    with Worker(tmp_path, hold_at=step) as worker:
        until(lambda: step_of(run) == step or is_over(run), f"the run is {step}")
        worker.kill()
    assert state_of(run) == State.RUNNING, worker.log.read_text()
    moved: list[TrainingRun] = []

    def schedule() -> bool:
        moved.extend(training.run_due_jobs())
        return bool(moved)

    until(schedule, "the scheduler closes it", patience=20)
    closed, opened = moved
    assert (closed, closed.state) == (run, State.RUNNING)
    assert state_of(run) == State.FAILED
    reason = TrainingRun.objects.get(pk=run.pk).reason
    assert str(DEAD_AFTER) in reason
    assert step in reason
    with Worker(tmp_path):
        until(lambda: is_over(opened), "the next run is over")
    assert state_of(opened) == State.PASSED
    assert ModelVersion.objects.count() == 2


def test_a_worker_killed_before_it_started_the_run_loses_nothing(
    digits: Recognizer, solo: User, tmp_path: Path
) -> None:
    """The message is lost; the scheduler sends another one."""
    (run,) = training.run_due_jobs()
    take_messages("training")
    until(lambda: training.run_due_jobs() == [run], "the tick sends it again", patience=20)
    with Worker(tmp_path):
        until(lambda: is_over(run), "the run is over")
    assert state_of(run) == State.PASSED


def test_a_run_in_a_worker_can_be_cancelled(digits: Recognizer, solo: User, tmp_path: Path) -> None:
    (run,) = training.run_due_jobs()
    with Worker(tmp_path):
        until(lambda: state_of(run) == State.RUNNING, "the run has begun")
        training.cancel_run(run=run)
        until(lambda: is_over(run), "the run is over", patience=30)
    assert state_of(run) == State.CANCELLED
