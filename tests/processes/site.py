"""Inkling's real processes, started as `make run` or docker-compose.yml starts them, watched, killed and stopped."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds until a site answers
COMMAND_MARKS = {"web": "config.wsgi", "worker": "--queues=celery", "trainer": "--queues=training", "beat": "beat"}


@dataclass(frozen=True)
class Service:
    """One command that runs all the time."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    restarts: bool = True


class RunningSite:
    """Services, each with a log in `folder`; those that end are started again as Docker does it.

    Use it as a context manager: at its end every process that it started is gone.
    """

    def __init__(self, services: list[Service], *, port: int, folder: Path) -> None:
        self.services = services
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.environment = services[0].environment
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_running, daemon=True)

    def __enter__(self) -> RunningSite:
        for service in self.services:
            self._start(service)
        self._watch.start()
        try:
            wait_until(self.answers, f"{self.url} answers; see the logs in {self.folder}", PATIENCE)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _start(self, service: Service) -> None:
        with (self.folder / f"{service.name}.log").open("ab") as log:
            self._running[service.name] = subprocess.Popen(
                service.command, cwd=ROOT, env=service.environment, stdout=log, stderr=log, start_new_session=True
            )

    def _keep_running(self) -> None:
        while not self._stopping.wait(0.2):
            for service in self.services:
                if service.restarts and self._running[service.name].poll() is not None:
                    self._start(service)

    def answers(self, path: str = "/readyz") -> bool:
        """Does the site say that it is ready?"""
        try:
            self.ask(path)
        except OSError:
            return False
        return True

    def ask(self, path: str) -> str:
        """The body of an answer. Raises OSError."""
        with urlopen(self.url + path, timeout=5) as response:  # noqa: S310 - our own site
            return str(response.read().decode())

    def processes(self, name: str) -> list[psutil.Process]:
        """The Python processes of "web", "worker", "trainer" or "beat", parents first."""
        found = [process for root in self._running.values() for process in _family(root.pid)]
        return [process for process in found if _is_python(process, COMMAND_MARKS[name])]

    def kill(self, name: str) -> int:
        """`kill -9` for one of them: of the web processes one that answers, not their parent. Its pid."""
        victim = self.processes(name)[-1]
        victim.kill()
        return int(victim.pid)

    def log(self, name: str) -> str:
        """What a service has said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def manage(self, *arguments: str, timeout: float = 300, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py as these processes see the world."""
        return manage(self.environment, *arguments, timeout=timeout, check=check)

    def stop(self) -> None:
        """Ask them to end, and see to it."""
        self._stopping.set()
        if self._watch.is_alive():
            self._watch.join()
        left = [process for root in self._running.values() for process in _family(root.pid)]
        for root in self._running.values():
            root.terminate()
        _, alive = psutil.wait_procs(left, timeout=8)
        for process in alive:
            process.kill()
        for root in self._running.values():
            root.wait(10)


def manage(
    environment: dict[str, str], *arguments: str, timeout: float = 300, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command of manage.py; with `check` one that fails raises with what it said."""
    ran = subprocess.run(
        ["python", "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and ran.returncode:
        raise AssertionError(f"manage.py {' '.join(arguments)} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    return ran


def wait_until(condition: Callable[[], Any], what: str, patience: float, *, every: float = 0.1) -> Any:
    """What `condition` gives once it is true; AssertionError after `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(every)
    raise AssertionError(f"Waited {patience:.0f} s in vain until {what}.")


def _family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _is_python(process: psutil.Process, mark: str) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    return bool(line) and "python" in Path(line[0]).name and mark in line
