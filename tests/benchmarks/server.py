"""Starts the site for a benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.processes.installations import MALLOC
from tests.smoke import free_port

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 60  # seconds


@contextmanager
def running_site(
    settings: str = "tests.benchmarks.settings", options: str = "--workers 2 --threads 2"
) -> Iterator[tuple[int, int]]:
    """The port, and the process id of the parent of the web processes.

    The database is that of the environment; it is migrated, and the shipped models and static files are installed.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    for arguments in (["migrate", "-v0"], ["install_models"], ["collectstatic", "--noinput", "-v0"]):
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    port = free_port()
    command = f"-m config.server --bind 127.0.0.1:{port} {options}"
    server = subprocess.Popen([sys.executable, *command.split()], cwd=ROOT, env={**os.environ, **MALLOC})
    try:
        _wait_until_ready(port)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def _wait_until_ready(port: int) -> None:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=START_TIMEOUT).close()
            return
        except (URLError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit(f"The site was not ready after {START_TIMEOUT} s.")
