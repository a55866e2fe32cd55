"""Real worker processes, on the database and the broker of the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[3]
DEAD_AFTER = 3  # seconds


class Worker:
    """A trainer, as the Procfile starts it. Use it as a context: it is killed at the end.

    With `hold_at` it gets no further than the beginning of this step of a run.
    """

    def __init__(self, folder: Path, name: str = "trainer", *, hold_at: str = "") -> None:
        self.log = folder / f"{name}.log"
        self._environment = environment(folder) | {"HOLD_AT": hold_at}
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Worker:
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", "--queues=training"]
        options = [
            f"--hostname={self._name}@%h",
            "--pool=solo",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=info",
        ]
        if self._environment["HOLD_AT"]:
            options.append("--include=tests.recognizer.training.holding")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command + options, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def kill(self) -> None:
        """Kill it at once, as a power failure would."""
        assert self._process is not None
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __exit__(self, *_: object) -> None:
        self.kill()


def environment(folder: Path) -> dict[str, str]:
    """Environment variables for another process: the database and the broker of the tests, and no data sets."""
    mine = {
        "INKLING_VAR": str(folder),
        "INKLING_DATA": str(folder),
        "TRAINING_HEARTBEAT_SECONDS": "1",
        "TRAINING_DEAD_SECONDS": str(DEAD_AFTER),
    }
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        _link(folder / "inkling.sqlite3", Path(name))
    else:
        mine["DATABASE_URL"] = settings.DATABASE_URL.rpartition("/")[0] + "/" + name
    if not settings.REDIS_URL:
        _link(folder / "broker", settings.VAR_DIR / "broker")
    return {**os.environ, **mine}


def _link(path: Path, target: Path) -> None:
    if not path.is_symlink():
        path.symlink_to(target)


def until(holds: Callable[[], Any], what: str, patience: float = 240) -> None:
    """Wait until `holds()` is true. Raises AssertionError after `patience` seconds."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, f"timed out after {patience} s waiting until {what}"
        time.sleep(0.05)
