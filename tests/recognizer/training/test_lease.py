"""Leases: one task holds the lease of a run and renews it by a heartbeat; a task that lost it writes nothing more."""

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
def _quick_heartbeat(settings: Any) -> None:
    settings.TRAINING_HEARTBEAT_SECONDS = 0.05


@pytest.fixture
def lease(waiting: TrainingRun) -> Lease:
    taken = Lease.acquire(waiting.pk)
    assert taken is not None
    return taken


def wait_until(holds: Callable[[], Any], patience: float = 10) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.02)


def give_up(run: TrainingRun) -> None:
    """As the scheduler does with a run without a heartbeat."""
    TrainingRun.objects.filter(pk=run.pk).update(state=State.FAILED, reason="dead", finished=timezone.now())


def raises(call: Callable[[], Any], error: type[Exception]) -> bool:
    try:
        call()
    except error:
        return True
    return False


def test_a_run_whose_task_is_delivered_twice_is_acquired_once(waiting: TrainingRun) -> None:
    def deliver(_: int) -> Lease | None:
        try:
            return Lease.acquire(waiting.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(deliver, range(6)))
    assert sum(lease is not None for lease in taken) == 1


def test_acquiring_a_lease_starts_the_run(lease: Lease) -> None:
    run = TrainingRun.objects.get()
    assert (run.state, run.lease) == (State.RUNNING, lease.run.lease)
    assert run.started is not None
    assert run.heartbeat is not None


def test_a_cancelled_or_missing_run_cannot_be_acquired(waiting: TrainingRun) -> None:
    training.cancel_run(run=waiting)
    assert Lease.acquire(waiting.pk) is None
    assert Lease.acquire(0) is None


def test_the_heartbeat_writes_progress_and_log(lease: Lease) -> None:
    with lease:
        before = TrainingRun.objects.get().heartbeat
        lease.log("a line")
        lease.set_progress({"step": "training", "epoch": 3})
        wait_until(lambda: TrainingRun.objects.get().progress == {"step": "training", "epoch": 3})
        run = TrainingRun.objects.get()
        assert run.heartbeat > before  # type: ignore[operator]
        assert "a line" in run.log


def test_the_heartbeat_stops_when_the_work_ends(lease: Lease) -> None:
    with lease:
        pass
    before = TrainingRun.objects.get().heartbeat
    time.sleep(0.2)
    assert TrainingRun.objects.get().heartbeat == before


def test_progress_may_contain_values_that_json_cannot(lease: Lease) -> None:
    with lease:
        lease.set_progress({"loss": float("nan"), "epoch": np.int64(2), "seconds_left": np.float32(1.5)})
        wait_until(lambda: TrainingRun.objects.get().progress)
    assert TrainingRun.objects.get().progress == {"loss": None, "epoch": 2, "seconds_left": 1.5}


def test_check_raises_when_the_run_was_cancelled(lease: Lease) -> None:
    with lease:
        lease.check()
        training.cancel_run(run=lease.run)
        wait_until(lambda: raises(lease.check, CancelledError))
        assert raises(lambda: lease.set_progress({}), CancelledError)


def test_check_raises_when_the_run_was_given_up(lease: Lease) -> None:
    with lease:
        give_up(lease.run)
        wait_until(lambda: raises(lease.check, LostLeaseError))


def test_a_task_whose_run_was_given_up_writes_nothing(lease: Lease) -> None:
    give_up(lease.run)
    with pytest.raises(LostLeaseError), lease.locked_transaction():
        raise AssertionError("not reached")
    assert not lease.close(State.PASSED, "I did it")
    lease.update(mode="full")
    run = TrainingRun.objects.get()
    assert (run.state, run.reason, run.mode) == (State.FAILED, "dead", "")


def test_a_task_whose_run_was_cancelled_writes_nothing(lease: Lease) -> None:
    training.cancel_run(run=lease.run)
    with pytest.raises(CancelledError), lease.locked_transaction():
        raise AssertionError("not reached")
    assert lease.close(State.CANCELLED, "stopped")


def test_a_task_with_an_old_lease_writes_nothing(lease: Lease) -> None:
    TrainingRun.objects.update(lease="00000000-0000-4000-8000-000000000000")
    with pytest.raises(LostLeaseError), lease.locked_transaction():
        raise AssertionError("not reached")


def test_writing_is_all_or_nothing(lease: Lease) -> None:
    with suppress(ZeroDivisionError), lease.locked_transaction():
        lease.update(mode="head")
        raise ZeroDivisionError
    assert TrainingRun.objects.get().mode == ""
    with lease.locked_transaction():
        lease.update(mode="head")
    assert (TrainingRun.objects.get().mode, lease.run.mode) == ("head", "head")


def test_closing_saves_the_reason_and_the_log(lease: Lease) -> None:
    with lease:
        lease.log("first")
        assert lease.close(State.REFUSED, "Nothing to learn.")
    run = TrainingRun.objects.get()
    assert (run.state, run.reason) == (State.REFUSED, "Nothing to learn.")
    assert run.finished is not None
    assert [line[9:] for line in run.log.splitlines()] == ["first", "Nothing to learn."]


def test_a_short_database_outage_does_not_lose_the_lease(lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = []

    def away() -> Any:
        failures.append(1)
        raise DatabaseError("gone")

    with lease:
        monkeypatch.setattr(lease, "_leased_run", away)
        wait_until(lambda: len(failures) > 2)
        monkeypatch.undo()
        before = timezone.now()
        wait_until(lambda: TrainingRun.objects.get().heartbeat > before)  # type: ignore[operator]
        lease.check()


def test_a_long_database_outage_loses_the_lease(lease: Lease, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.TRAINING_DEAD_SECONDS = 0.3

    def away() -> Any:
        raise DatabaseError("gone")

    monkeypatch.setattr(lease, "_leased_run", away)
    with lease:
        wait_until(lambda: raises(lease.check, LostLeaseError))
