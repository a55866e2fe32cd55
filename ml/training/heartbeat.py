"""Long calls that somebody watches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ml.data.approved import ProgressCallback

HEARTBEAT_SECONDS = 0.5  # seconds between two reports

Result = TypeVar("Result")


def run_with_heartbeat(call: Callable[[], Result], report: ProgressCallback, **progress: object) -> Result:
    """What `call` gives; `report` is told `progress` now and then until it does, and may raise to stop waiting."""
    pool = ThreadPoolExecutor(1)
    try:
        return wait_with_heartbeat(pool.submit(call), report, **progress)
    finally:
        pool.shutdown(wait=False)


def wait_with_heartbeat(waiting: Future[Result], report: ProgressCallback, **progress: object) -> Result:
    """The result of something that another thread does, with a report now and then."""
    report(progress)
    while not wait([waiting], HEARTBEAT_SECONDS).done:
        report(progress)
    return waiting.result()
