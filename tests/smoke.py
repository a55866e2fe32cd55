"""`python -m tests.smoke`: start the site with `make run`, use it over HTTP, stop it.

A new user signs up, draws a seven, gets the right prediction, confirms it and finds it in "My drawings". Then the owner
of the site confirms thirty drawings and approves them, and a new model version answers within a minute. All data is in
a temporary folder.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from recognizer.management.demo.handwriting import digit_writers
from recognizer.management.demo.http_user import HttpUser, RefusedError
from tests.ink import SEVEN

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT = 600  # seconds; the start includes the installation
PASSWORD = "a long enough word"
CONFIRMED = 30
WITHIN = 60  # seconds from the last approval to the first answer of a new version
ROOM = "/review/"


def check_first_visit(site: str) -> None:
    """A new user signs up, draws, confirms and finds the drawing."""
    visitor = HttpUser(site)
    visitor.submit(
        "/accounts/signup/", email="newcomer@example.org", password1=PASSWORD, password2=PASSWORD, consent="on"
    )
    answer = visitor.predict("digits", SEVEN)
    assert answer["guesses"][0]["label"] == "7", answer
    said = visitor.draw("digits", SEVEN, "7")
    assert said["agrees"], said
    assert "7" in visitor.ask("/drawings/")


def train_by_review(site: str, environment: dict[str, str]) -> float:
    """Confirm and approve thirty drawings; returns the seconds until a new version answers."""
    admin = HttpUser(site)
    admin.sign_in(_superuser(environment), PASSWORD)
    admin.submit("/accounts/consent/")
    hand = digit_writers(1)[0]
    for _ in range(CONFIRMED):
        label, ink = next(hand)
        admin.draw("digits", ink, label)
    _approve_all(admin)
    approved = time.monotonic()
    wait_until(lambda: admin.predict("digits", SEVEN)["model_version"] == 2, "a new version answers", 3 * WITHIN)
    return time.monotonic() - approved


def _superuser(environment: dict[str, str]) -> str:
    email = "admin@example.org"
    command = [str(ROOT / ".venv/bin/python"), "manage.py", "createsuperuser", "--noinput", "--email", email]
    subprocess.run(command, cwd=ROOT, env={**environment, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}, check=True)
    return email


def _approve_all(reviewer: HttpUser) -> None:
    """Accept drawings until none is left to review."""
    while form := re.search(rf'action="({ROOM}\d+/)"', page := reviewer.ask(ROOM)):
        reviewer.press(page, form[1], accept="yes")


def wait_until(condition: Callable[[], Any], what: str, timeout: float) -> None:
    """Return when the condition is true. Raises SystemExit after `timeout` seconds."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            if condition():
                return
        except RefusedError:
            pass
        time.sleep(0.5)
    raise SystemExit(f"smoke: not true after {timeout:.0f} s: {what}")


def free_port() -> int:
    """A free TCP port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(make: subprocess.Popen[bytes]) -> None:
    """Stop the site as Ctrl+C does, and wait until its last process has ended."""
    started = psutil.Process(make.pid).children(recursive=True)
    os.killpg(make.pid, signal.SIGINT)
    make.wait(30)
    _, left = psutil.wait_procs(started, timeout=30)
    assert not left, f"still running after Ctrl+C: {left}"


def main() -> None:
    """Start the site, check both stories, stop it."""
    site = f"http://localhost:{(port := free_port())}"
    with tempfile.TemporaryDirectory(prefix="inkling-smoke-") as var:
        environment = {**os.environ, "INKLING_VAR": var, "INKLING_CACHE": var, "INKLING_ENV": "embedded"}
        for name in ("DATABASE_URL", "REDIS_URL", "INKLING_DATA"):
            environment.pop(name, None)
        make = subprocess.Popen(["make", "run", f"PORT={port}"], cwd=ROOT, env=environment, start_new_session=True)
        try:
            wait_until(lambda: "ok" in HttpUser(site).ask("/readyz"), "the site is ready", START_TIMEOUT)
            check_first_visit(site)
            seconds = train_by_review(site, environment)
        finally:
            stop(make)
    sys.stdout.write(f"smoke: a new version answered {seconds:.0f} s after the last of {CONFIRMED} approvals\n")
    if seconds > WITHIN:
        raise SystemExit(f"smoke: more than {WITHIN} s")
    sys.stdout.write("smoke: 1 passed, 0 failed\n")


if __name__ == "__main__":
    main()
