"""Starts, restarts, kills and stops the real processes of Inkling."""

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
START_TIMEOUT = 60  # seconds
COMMAND_MARKS = {"web": "config.server", "worker": "--queues=celery", "trainer": "--queues=training", "beat": "beat"}


@dataclass(frozen=True)
class Service:
    """A command that runs until the site is stopped."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    restarts: bool = True
    root: Path = ROOT  # of the code


class RunningSite:
    """Services, each with a log in `folder`. A service that ends is started again, as by Docker.

    A context manager; at its end no process that it started is left.
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
            wait_until(self.answers, f"{self.url} answers; see the logs in {self.folder}", START_TIMEOUT)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _start(self, service: Service) -> None:
        with (self.folder / f"{service.name}.log").open("ab") as log:
            self._running[service.name] = subprocess.Popen(
                service.command,
                cwd=service.root,
                env=service.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _keep_running(self) -> None:
        while not self._stopping.wait(0.2):
            for service in self.services:
                if service.restarts and self._running[service.name].poll() is not None:
                    self._start(service)

    def answers(self, path: str = "/readyz") -> bool:
        """Whether the site responds with success."""
        try:
            self.ask(path)
        except OSError:
            return False
        return True

    def ask(self, path: str) -> str:
        """The body of a response. Raises OSError for an error status, or if there is no response."""
        with urlopen(self.url + path, timeout=5) as response:  # noqa: S310 - our own site
            return str(response.read().decode())

    def processes(self, name: str) -> list[psutil.Process]:
        """The Python processes of "web", "worker", "trainer" or "beat", parents first."""
        found = [process for root in self._running.values() for process in _family(root.pid)]
        return [process for process in found if _is_python(process, COMMAND_MARKS[name])]

    def kill(self, name: str) -> int:
        """Send SIGKILL to the last process of a service (never to the parent of the web processes); returns its pid."""
        process = self.processes(name)[-1]
        process.kill()
        return int(process.pid)

    def log(self, name: str) -> str:
        """The output of a service so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def manage(self, *arguments: str, timeout: float = 300, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py in the environment of the site."""
        root = self.services[0].root
        return manage(self.environment, *arguments, timeout=timeout, check=check, root=root)

    def stop(self) -> None:
        """Terminate all processes, and kill those that do not end within 8 seconds."""
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
    environment: dict[str, str], *arguments: str, timeout: float = 300, check: bool = True, root: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a command of manage.py. Raises AssertionError with its output if it fails, unless `check` is False."""
    ran = subprocess.run(
        ["python", "manage.py", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and ran.returncode:
        raise AssertionError(f"manage.py {' '.join(arguments)} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    return ran


def wait_until(condition: Callable[[], Any], what: str, timeout: float, *, every: float = 0.1) -> Any:
    """The first true value that `condition` returns. Raises AssertionError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(every)
    raise AssertionError(f"Not true after {timeout:.0f} s: {what}.")


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
