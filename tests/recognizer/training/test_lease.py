"""The right to work on a run: one task has it, it shows a pulse, and who lost it writes nothing more."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from recognizer import training
from recognizer.models import TrainingRun
from recognizer.training.lease import CancelledError, Lease, LostLeaseError

pytestmark = pytest.mark.django_db(transaction=True)
State = TrainingRun.State


@pytest.fixture(autouse=True)
def _quick_pulse(settings: Any) -> None:
    settings.TRAINING_HEARTBEAT_SECONDS = 0.05


@pytest.fixture
def lease(waiting: TrainingRun) -> Lease:
    taken = Lease.take(waiting.pk)
    assert taken is not None
    return taken


def until(holds: Callable[[], Any], patience: float = 10) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def give_up(run: TrainingRun) -> None:
    """As the tick does with a run that shows no pulse."""
    TrainingRun.objects.filter(pk=run.pk).update(state=State.FAILED, reason="dead", finished=timezone.now())


def raises(call: Callable[[], Any], error: type[Exception]) -> bool:
    try:
        call()
    except error:
        return True
    return False


def test_a_task_that_is_delivered_twice_is_worked_on_once(waiting: TrainingRun) -> None:
    def deliver(_: int) -> Lease | None:
        try:
            return Lease.take(waiting.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(deliver, range(6)))
    assert sum(lease is not None for lease in taken) == 1


def test_taking_a_run_starts_it(lease: Lease) -> None:
    run = TrainingRun.objects.get()
    assert (run.state, run.lease) == (State.RUNNING, lease.run.lease)
    assert run.started is not None
    assert run.heartbeat is not None


def test_a_run_that_was_cancelled_or_is_not_there_is_not_taken(waiting: TrainingRun) -> None:
    training.cancel_run(run=waiting)
    assert Lease.take(waiting.pk) is None
    assert Lease.take(0) is None


def test_the_pulse_moves_and_carries_progress_and_log(lease: Lease) -> None:
    with lease:
        before = TrainingRun.objects.get().heartbeat
        lease.say("a line")
        lease.report({"step": "training", "epoch": 3})
        until(lambda: TrainingRun.objects.get().progress == {"step": "training", "epoch": 3})
        run = TrainingRun.objects.get()
        assert run.heartbeat > before  # type: ignore[operator]
        assert "a line" in run.log


def test_the_pulse_stops_with_the_work(lease: Lease) -> None:
    with lease:
        pass
    before = TrainingRun.objects.get().heartbeat
    time.sleep(0.2)
    assert TrainingRun.objects.get().heartbeat == before


def test_progress_may_hold_what_json_does_not(lease: Lease) -> None:
    with lease:
        lease.report({"loss": float("nan"), "epoch": np.int64(2), "seconds_left": np.float32(1.5)})
        until(lambda: TrainingRun.objects.get().progress)
    assert TrainingRun.objects.get().progress == {"loss": None, "epoch": 2, "seconds_left": 1.5}


def test_who_is_asked_to_stop_is_told_at_the_next_look(lease: Lease) -> None:
    with lease:
        lease.look()
        training.cancel_run(run=lease.run)
        until(lambda: raises(lease.look, CancelledError))
        assert raises(lambda: lease.report({}), CancelledError)


def test_who_was_given_up_is_told_at_the_next_look(lease: Lease) -> None:
    with lease:
        give_up(lease.run)
        until(lambda: raises(lease.look, LostLeaseError))


def test_who_was_given_up_writes_nothing_more(lease: Lease) -> None:
    give_up(lease.run)
    with pytest.raises(LostLeaseError), lease.writing():
        raise AssertionError("not reached")
    assert not lease.close(State.PASSED, "I did it")
    lease.update(mode="full")
    run = TrainingRun.objects.get()
    assert (run.state, run.reason, run.mode) == (State.FAILED, "dead", "")


def test_who_was_asked_to_stop_writes_nothing_more(lease: Lease) -> None:
    training.cancel_run(run=lease.run)
    with pytest.raises(CancelledError), lease.writing():
        raise AssertionError("not reached")
    assert lease.close(State.CANCELLED, "stopped")


def test_another_lease_of_the_same_run_is_not_mine(lease: Lease) -> None:
    TrainingRun.objects.update(lease="00000000-0000-4000-8000-000000000000")
    with pytest.raises(LostLeaseError), lease.writing():
        raise AssertionError("not reached")


def test_what_is_written_is_written_whole_or_not_at_all(lease: Lease) -> None:
    with suppress(ZeroDivisionError), lease.writing():
        lease.update(mode="head")
        raise ZeroDivisionError
    assert TrainingRun.objects.get().mode == ""
    with lease.writing():
        lease.update(mode="head")
    assert (TrainingRun.objects.get().mode, lease.run.mode) == ("head", "head")


def test_closing_says_why_and_keeps_the_log(lease: Lease) -> None:
    with lease:
        lease.say("first")
        assert lease.close(State.REFUSED, "Nothing to learn.")
    run = TrainingRun.objects.get()
    assert (run.state, run.reason) == (State.REFUSED, "Nothing to learn.")
    assert run.finished is not None
    assert [line[9:] for line in run.log.splitlines()] == ["first", "Nothing to learn."]


def test_a_database_that_is_away_for_a_moment_does_not_lose_the_lease(
    lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = []

    def away() -> Any:
        failures.append(1)
        raise DatabaseError("gone")

    with lease:
        monkeypatch.setattr(lease, "_held", away)
        until(lambda: len(failures) > 2)
        monkeypatch.undo()
        before = timezone.now()
        until(lambda: TrainingRun.objects.get().heartbeat > before)  # type: ignore[operator]
        lease.look()


def test_a_database_that_stays_away_loses_it(lease: Lease, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.TRAINING_DEAD_SECONDS = 0.3

    def away() -> Any:
        raise DatabaseError("gone")

    monkeypatch.setattr(lease, "_held", away)
    with lease:
        until(lambda: raises(lease.look, LostLeaseError))
