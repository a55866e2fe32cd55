"""Clocks that jump: beat goes on, and people stay signed in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import EMAIL, MAKE_ALICE, PASSWORD, Visitor
from tests.processes.installations import base_environment, composed
from tests.processes.services import own_postgres, own_redis
from tests.processes.site import ROOT, wait_until
from tests.programs import find_program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TICK = 2  # seconds
HOUR, DAY = 3600, 24 * 3600
SetClock = Callable[[int], dict[str, str]]


@pytest.fixture
def clock(tmp_path: Path) -> SetClock:
    """Sets the clock of processes that run with the variables that it returns, in seconds from now.

    libfaketime makes `time.sleep` of Python fail, so this is twenty lines of C.
    """
    compiler, library, file = find_program("cc", "gcc"), tmp_path / "clock.so", tmp_path / "clock"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)

    def set_clock(offset: int) -> dict[str, str]:
        (new := tmp_path / "clock.new").write_text(f"{offset}\n")
        new.replace(file)  # never half written
        return {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(file)}

    return set_clock


@pytest.fixture
def queue(tmp_path: Path, clock: SetClock) -> Iterator[Callable[[], int]]:
    """How many messages a running beat has sent."""
    with own_redis() as redis:
        variables = {"INKLING_ENV": "embedded", "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}
        environment = base_environment(tmp_path, **variables, TICK_SECONDS=str(TICK)) | clock(0)
        words = ["celery", "--quiet", "-A", "config", "beat", "--pidfile=", "--schedule", str(tmp_path / "beat")]
        beat = subprocess.Popen(words, cwd=ROOT, env=environment)
        try:
            yield lambda: int(redis.client().llen("celery"))
        finally:
            beat.kill()
            beat.wait()


@pytest.mark.parametrize("jump", [-HOUR, HOUR, -DAY])
def test_beat_goes_on_after_a_jump(queue: Callable[[], int], clock: SetClock, jump: int) -> None:
    wait_until(lambda: queue() >= 2, "beat sends messages", 60)
    clock(jump)
    before = queue()
    wait_until(lambda: queue() >= before + 3, "beat goes on", 30 * TICK)


def test_people_stay_signed_in_and_can_draw_after_a_jump(tmp_path: Path, clock: SetClock) -> None:
    with own_postgres() as postgres, own_redis() as redis:
        broker = f"redis://127.0.0.1:{redis.port}/0"
        with composed(tmp_path, postgres.url, broker, only=["web"], **clock(0)) as site:
            site.manage("shell", "--no-imports", "-v0", "-c", MAKE_ALICE)
            alice = Visitor(site.url)
            alice.sign_in(EMAIL, PASSWORD)
            for jump in (DAY, -DAY, 0):
                clock(jump)
                assert alice.is_signed_in()
                assert alice.request("/drawings/").status == 200
                assert alice.draw_seven().status == 201
