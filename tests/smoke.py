"""`python -m tests.smoke`: start the site with `make run`, use it over HTTP, stop it.

A new user signs up, draws a seven, gets the right prediction, confirms it and finds it in "My drawings". Then
`demo_loop` shows both ends of a training run: thirty drawings of one person end as "no better", and those of a
community are promoted within a minute. The owner of the site sees both runs and approves a drawing. Meanwhile the
terminal shows no warning and no traceback. All data is in a temporary folder.
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

from recognizer.management.demo.http_user import HttpUser, RefusedError
from tests.ink import SEVEN

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT = 600  # seconds; the start includes the installation
PASSWORD = "a long enough word"
WITHIN = 60  # seconds from the last approval to the promotion
ROOM = "/review/"
NOISE = re.compile(r"Traceback|Error|[Ww]arning|WARNING|superuser privileges|TensorFlow|oneDNN|Keras|cuda", re.ASCII)


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


def run_demo(site: str, environment: dict[str, str]) -> float:
    """Run `manage.py demo_loop`. Returns the seconds from the last review of the community to the promotion."""
    command = [str(ROOT / ".venv/bin/python"), "manage.py", "demo_loop", "--url", site]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    sys.stdout.write(ran.stdout + ran.stderr)
    promoted = re.search(r"promoted (\d+) s after", ran.stdout)
    if ran.returncode or promoted is None:
        raise SystemExit("smoke: demo_loop failed")
    return float(promoted[1])


def check_as_owner(site: str, environment: dict[str, str]) -> None:
    """The owner of the site sees how both runs ended, and approves the drawing of the new user."""
    owner = HttpUser(site)
    owner.sign_in(_superuser(environment), PASSWORD)
    owner.submit("/accounts/consent/")
    ends = re.findall(r'data-state="([\w-]+)"', owner.ask("/runs/?recognizer=digits"))
    assert ends == ["passed", "no-better"], ends
    assert owner.predict("digits", SEVEN)["model_version"] == 2
    assert _approve_all(owner) == 1, "the drawing of the new user was to be reviewed"


def _superuser(environment: dict[str, str]) -> str:
    email = "admin@example.org"
    command = [str(ROOT / ".venv/bin/python"), "manage.py", "createsuperuser", "--noinput", "--email", email]
    subprocess.run(command, cwd=ROOT, env={**environment, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}, check=True)
    return email


def _approve_all(reviewer: HttpUser) -> int:
    """Accept drawings until none is left to review; returns how many they were."""
    accepted = 0
    while form := re.search(rf'action="({ROOM}\d+/)"', page := reviewer.ask(ROOM)):
        reviewer.press(page, form[1], accept="yes")
        accepted += 1
    return accepted


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
    """Start the site, use it, stop it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job, and then by `make` too
    site = f"http://localhost:{(port := free_port())}"
    with tempfile.TemporaryDirectory(prefix="inkling-smoke-") as var:
        environment = {**os.environ, "INKLING_VAR": var, "INKLING_CACHE": var, "INKLING_ENV": "embedded"}
        for name in ("DATABASE_URL", "REDIS_URL", "INKLING_DATA"):
            environment.pop(name, None)
        terminal = Path(var) / "terminal.txt"
        with terminal.open("wb") as out:
            command = ["make", "run", f"PORT={port}"]
            make = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True)
        try:
            wait_until(lambda: "ok" in HttpUser(site).ask("/readyz"), "the site is ready", START_TIMEOUT)
            check_first_visit(site)
            seconds = run_demo(site, environment)
            check_as_owner(site, environment)
        finally:
            stop(make)
            shown = terminal.read_text()
            sys.stdout.write(shown)
    if noise := [line for line in shown.splitlines() if NOISE.search(line)]:
        raise SystemExit(f"smoke: the terminal shows {noise[0]!r}")
    sys.stdout.write(f"smoke: a new version was promoted {seconds:.0f} s after the last approval\n")
    if seconds > WITHIN:
        raise SystemExit(f"smoke: more than {WITHIN} s")
    sys.stdout.write("smoke: 1 passed, 0 failed\n")


if __name__ == "__main__":
    main()
