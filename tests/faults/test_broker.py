"""Redis away or hanging for the worker and for beat: what was asked for meanwhile is done when it is back."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.faults.conftest import LONGEST, Parts
from tests.faults.test_redis import away, hanging
from tests.processes.site import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("fault", [away, hanging])
def test_an_export_that_was_asked_for_meanwhile_is_written_afterwards(
    whole: Parts,
    fault: Callable[[Parts], AbstractContextManager[None]],
) -> None:
    whole.draw()
    pids = {name: [each.pid for each in whole.site.processes(name)] for name in ("worker", "beat")}
    with fault(whole):
        for _ in range(4):  # every web process learns of the fault
            whole.alice.request("/")
        asked = whole.alice.request("/api/v1/exports", json.dumps({"format": "ndjson"}).encode())
        assert (asked.status, asked.seconds < LONGEST) == (201, True), asked
    where = asked.headers["Location"]
    wait_until(lambda: json.loads(whole.alice.request(where).text)["state"] == "ready", "the export is written", 90)
    assert {name: [each.pid for each in whole.site.processes(name)] for name in pids} == pids
