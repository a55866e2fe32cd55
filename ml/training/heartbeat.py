"""Long calls that somebody watches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ml.data.approved import Report

LOOK = 0.5  # seconds between two reports

Result = TypeVar("Result")


def patiently(call: Callable[[], Result], report: Report, **progress: object) -> Result:
    """What `call` gives; `report` is told `progress` now and then until it does, and may raise to stop waiting."""
    pool = ThreadPoolExecutor(1)
    try:
        return await_patiently(pool.submit(call), report, **progress)
    finally:
        pool.shutdown(wait=False)


def await_patiently(waiting: Future[Result], report: Report, **progress: object) -> Result:
    """The result of something that another thread does, with a report now and then."""
    report(progress)
    while not wait([waiting], LOOK).done:
        report(progress)
    return waiting.result()
