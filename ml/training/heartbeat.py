"""Run a blocking call in a thread and report progress until it ends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ml.data.approved import ProgressCallback

HEARTBEAT_SECONDS = 0.5

Result = TypeVar("Result")


def run_with_heartbeat(call: Callable[[], Result], report: ProgressCallback, **progress: object) -> Result:
    """Return the result of `call`, run in a thread.

    `report` gets `progress` at once and every half second. What it raises passes through and ends the waiting.
    """
    pool = ThreadPoolExecutor(1)
    try:
        return wait_with_heartbeat(pool.submit(call), report, **progress)
    finally:
        pool.shutdown(wait=False)


def wait_with_heartbeat(waiting: Future[Result], report: ProgressCallback, **progress: object) -> Result:
    """Return the result of `waiting`; reports like `run_with_heartbeat`."""
    report(progress)
    while not wait([waiting], HEARTBEAT_SECONDS).done:
        report(progress)
    return waiting.result()
