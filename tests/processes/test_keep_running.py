"""bin/keep-running starts a command again when it ends, until it gets SIGTERM."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.processes.site import ROOT, wait_until

SCRIPT = """
import os, pathlib, time
print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator["KeptCommand"]:
    """A command that bin/keep-running keeps running."""
    kept = KeptCommand(tmp_path / "out.txt")
    yield kept
    for process in [*psutil.Process(kept.sh.pid).children(recursive=True)] if kept.sh.poll() is None else []:
        process.kill()
    kept.sh.kill()
    kept.sh.wait()


class KeptCommand:
    """`bin/keep-running python -c ...`, and the pids that Python had."""

    def __init__(self, out: Path) -> None:
        self.out = out
        with out.open("w") as file:
            command = ["sh", str(ROOT / "bin" / "keep-running"), "python", "-c", SCRIPT]
            self.sh = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)

    def pids(self) -> list[int]:
        """One pid for each start, the first one first."""
        return [int(line) for line in self.out.read_text().splitlines() if line.isdigit()]

    def messages(self) -> str:
        """What the script printed; the status of a command that was killed is 137."""
        return "\n".join(line for line in self.out.read_text().splitlines() if not line.isdigit())


def test_a_killed_command_is_started_again(kept: KeptCommand) -> None:
    wait_until(kept.pids, "it is started", 10)
    psutil.Process(kept.pids()[0]).kill()
    wait_until(lambda: len(kept.pids()) == 2, "it is started again", 10)
    assert "137" in kept.messages()


def test_sigterm_stops_the_script_and_its_command(kept: KeptCommand) -> None:
    wait_until(kept.pids, "it is started", 10)
    kept.sh.send_signal(signal.SIGTERM)
    assert kept.sh.wait(10) == 0
    assert not psutil.pid_exists(kept.pids()[0])
    assert len(kept.pids()) == 1


def test_sigterm_between_two_starts_prevents_the_second(kept: KeptCommand) -> None:
    wait_until(kept.pids, "it is started", 10)
    psutil.Process(kept.pids()[0]).kill()
    wait_until(lambda: "137" in kept.messages(), "it has ended", 10)
    kept.sh.send_signal(signal.SIGTERM)
    assert kept.sh.wait(10) == 0
