"""Clocks that jump: beat goes on, and people stay signed in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import EMAIL, MAKE_ALICE, PASSWORD, Visitor
from tests.processes.installations import base_environment, composed
from tests.processes.services import own_postgres, own_redis
from tests.processes.site import ROOT, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TICK = 2  # seconds


@pytest.fixture
def clock(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Sets the clock of processes that run with the variables that it returns: `clock("-1h")`."""
    libraries = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not libraries:
        message = "libfaketime is not installed (Debian: the package libfaketime)."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    file = tmp_path / "clock"

    def set_clock(offset: str) -> dict[str, str]:
        file.write_text(offset + "\n")
        variables = {"LD_PRELOAD": str(libraries[0]), "FAKETIME_TIMESTAMP_FILE": str(file)}
        return variables | {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    return set_clock


@pytest.fixture
def queue(tmp_path: Path, clock: Callable[[str], dict[str, str]]) -> Iterator[Callable[[], int]]:
    """How many messages a running beat has sent."""
    with own_redis() as redis:
        variables = {"INKLING_ENV": "embedded", "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}
        environment = base_environment(tmp_path, **variables, TICK_SECONDS=str(TICK)) | clock("+0")
        words = ["celery", "--quiet", "-A", "config", "beat", "--pidfile=", "--schedule", str(tmp_path / "beat")]
        beat = subprocess.Popen(words, cwd=ROOT, env=environment)
        try:
            yield lambda: int(redis.client().llen("celery"))
        finally:
            beat.kill()
            beat.wait()


@pytest.mark.parametrize("jump", ["-1h", "+1h", "-1d"])
def test_beat_goes_on_after_a_jump(queue: Callable[[], int], clock: Callable[[str], dict[str, str]], jump: str) -> None:
    wait_until(lambda: queue() >= 2, "beat sends messages", 60)
    clock(jump)
    before = queue()
    wait_until(lambda: queue() >= before + 3, "beat goes on", 15 * TICK)


def test_people_stay_signed_in_and_can_draw_after_a_jump(
    tmp_path: Path, clock: Callable[[str], dict[str, str]]
) -> None:
    with own_postgres() as postgres, own_redis() as redis:
        broker = f"redis://127.0.0.1:{redis.port}/0"
        with composed(tmp_path, postgres.url, broker, only=["web"], **clock("+0")) as site:
            site.manage("shell", "--no-imports", "-v0", "-c", MAKE_ALICE)
            alice = Visitor(site.url)
            alice.sign_in(EMAIL, PASSWORD)
            for jump in ("+1d", "-1d", "+0"):
                clock(jump)
                assert alice.is_signed_in()
                assert alice.request("/drawings/").status == 200
                assert alice.draw_seven().status == 201
