"""Redis away or hanging for the worker and for beat: what was asked for meanwhile is done when it is back."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from recognizer.datasets.export_job import SILENT_FOR
from tests.faults.conftest import LONGEST, Parts
from tests.faults.test_redis import away, hanging
from tests.processes.site import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def ticks(parts: Parts) -> int:
    """How many scheduled tasks the worker has finished."""
    return parts.site.log("worker").count("succeeded in")


@pytest.mark.parametrize("fault", [away, hanging])
def test_worker_and_beat_go_on_by_themselves(
    whole: Parts, fault: Callable[[Parts], AbstractContextManager[None]]
) -> None:
    pids = {name: [each.pid for each in whole.site.processes(name)] for name in ("worker", "beat")}
    before = ticks(whole)
    wait_until(lambda: ticks(whole) > before, "the worker runs what beat sends", 60)
    with fault(whole):
        for _ in range(20):  # for some time, in which beat sends and the worker receives nothing
            assert whole.alice.request("/").seconds < LONGEST
            whole.alice.request("/healthz")
    before = ticks(whole)
    wait_until(lambda: ticks(whole) >= before + 3, "the worker runs what beat sends again", 90)
    assert {name: [each.pid for each in whole.site.processes(name)] for name in pids} == pids


def test_an_export_that_was_asked_for_meanwhile_is_written_afterwards(whole: Parts) -> None:
    """Its message was lost, so it is sent again after a while."""
    whole.draw()
    with away(whole):
        for _ in range(4):  # every web process learns of the fault
            whole.alice.request("/")
        asked = whole.alice.request("/api/v1/exports", json.dumps({"format": "ndjson"}).encode())
        assert (asked.status, asked.seconds < LONGEST) == (201, True), asked
    where, longest = asked.headers["Location"], SILENT_FOR.total_seconds() + 120
    wait_until(
        lambda: json.loads(whole.alice.request(where).text)["state"] == "ready", "the export is written", longest
    )
