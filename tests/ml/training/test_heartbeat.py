"""Running a long call with progress reports."""

from __future__ import annotations

import threading
import time

import pytest

from ml.training import heartbeat
from ml.training.heartbeat import run_with_heartbeat


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_SECONDS", 0.01)


def test_the_result_is_returned_and_progress_is_reported_meanwhile() -> None:
    told: list[dict[str, object]] = []

    def slow() -> int:
        time.sleep(0.1)
        return 7

    assert run_with_heartbeat(slow, told.append, step="waiting") == 7
    assert len(told) > 2
    assert told[0] == {"step": "waiting"}


def test_a_quick_call_is_reported_once() -> None:
    told: list[dict[str, object]] = []

    assert run_with_heartbeat(lambda: 1, told.append, step="waiting") == 1
    assert 1 <= len(told) <= 2


def test_the_callback_can_stop_the_waiting_at_once() -> None:
    done = threading.Event()

    def stop(told: dict[str, object]) -> None:
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_with_heartbeat(lambda: done.wait(10), stop, step="waiting")
    assert time.monotonic() - start < 5
    done.set()


@pytest.mark.parametrize("error", [ValueError, TimeoutError])
def test_an_error_of_the_call_is_raised(error: type[Exception]) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(error):
        run_with_heartbeat(fail, lambda told: None, step="waiting")
