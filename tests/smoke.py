"""`python -m tests.smoke`: start the site with `make run`, walk the whole path through it, stop it.

sign up -> draw a seven -> see it recognised -> confirm it -> find it in "My drawings"; and the worker
takes a task from the embedded broker. Everything happens in a temporary folder.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from tests.ink import SEVEN

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 180  # seconds, installing included


class Visitor:
    """A person with a browser that has no JavaScript."""

    def __init__(self, port: int) -> None:
        self.site = f"http://localhost:{port}"
        self.cookies = CookieJar()
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.cookies))

    def ask(self, path: str, body: bytes | None = None, kind: str = "", method: str | None = None) -> str:
        """The body of the answer; an error status raises."""
        headers = {"Content-Type": kind} if kind else {}
        token = next((cookie.value for cookie in self.cookies if cookie.name == "csrftoken"), None)
        if body is not None:
            headers |= {"X-CSRFToken": token or "", "Origin": self.site, "Referer": self.site + "/"}
        request = Request(self.site + path, body, headers, method=method)  # noqa: S310 - our own server
        with self.opener.open(request, timeout=20) as response:
            return response.read().decode()

    def send(self, path: str, data: Any, method: str | None = None) -> Any:
        """JSON there and back."""
        return json.loads(self.ask(path, json.dumps(data).encode(), "application/json", method))

    def submit(self, path: str, **fields: str) -> str:
        """Fill in the form of a page."""
        page = self.ask(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, f"{path} has no form"
        fields["csrfmiddlewaretoken"] = token[1]
        return self.ask(path, urlencode(fields).encode(), "application/x-www-form-urlencoded")


def walk(port: int) -> None:
    """The whole path, as a newcomer takes it."""
    visitor = Visitor(port)
    password = "a long enough word"
    visitor.submit(
        "/accounts/signup/", email="newcomer@example.org", password1=password, password2=password, consent="on"
    )
    answer = visitor.send("/api/v1/predict", {"recognizer": "digits", "ink": SEVEN})
    assert answer["guesses"][0]["label"] == "7", answer
    kept = visitor.send("/api/v1/drawings", {"recognizer": "digits", "ink": SEVEN})
    said = visitor.send(f"/api/v1/drawings/{kept['id']}/correction", {"label": "7"}, "PUT")
    assert said["agrees"], said
    assert kept["id"] in visitor.ask("/drawings/")


def wait_for_worker(environment: dict[str, str]) -> None:
    """A task that is sent is taken out of the embedded broker."""
    broker = Path(environment["INKLING_VAR"]) / "broker"
    script = "from accounts.tasks import forget_expired_sessions as t; import django; django.setup(); t.delay()"
    run = [str(ROOT / ".venv/bin/python"), "-c", script]
    subprocess.run(run, cwd=ROOT, env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings"}, check=True)
    wait(lambda: not list(broker.glob("*.msg")), "the worker takes the task")


def wait(condition: Any, what: str) -> None:
    """Until it holds, or until patience ends."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (URLError, ConnectionError):
            pass
        time.sleep(0.5)
    raise SystemExit(f"smoke: waited {PATIENCE} s in vain until {what}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Start, walk, stop."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="inkling-smoke-") as var:
        environment = {**os.environ, "INKLING_VAR": var, "INKLING_ENV": "embedded"}
        environment.pop("DATABASE_URL", None)
        environment.pop("REDIS_URL", None)
        site = subprocess.Popen(["make", "run", f"PORT={port}"], cwd=ROOT, env=environment, start_new_session=True)
        try:
            wait(lambda: "ok" in Visitor(port).ask("/readyz"), "the site is ready")
            walk(port)
            wait_for_worker(environment)
        finally:
            os.killpg(site.pid, signal.SIGTERM)
            site.wait(30)
    sys.stdout.write("smoke: 1 passed, 0 failed\n")


if __name__ == "__main__":
    main()
