"""Errors are sent to the address of SENTRY_DSN, by real processes, and hold nothing personal."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A request that fails, an error of the database that quotes a value, and an error that a task logs.
SCRIPT = """
import tests.environment, logging
import config.wsgi
from django.conf import settings
from django.test import Client
settings.ROOT_URLCONF, settings.ALLOWED_HOSTS = "tests.config.broken_urls", ["testserver"]
secret_ink = [[[1234567]]]
client = Client(raise_request_exception=False)
answer = client.post("/api/broken?secret=query", {"secret": "body"}, HTTP_COOKIE="sessionid=secretcookie",
                     REMOTE_ADDR="203.0.113.9", HTTP_X_CSRFTOKEN="secretheader")
print(answer["X-Request-Id"])
try:
    raise ValueError("duplicate key of alice@example.org\\nDETAIL: secretdetail")
except ValueError:
    logging.getLogger("recognizer.tasks").exception("tick: a job of %s failed", "bob@example.org")
logging.getLogger("recognizer").warning("secretwarning")
"""


class Receiver(ThreadingHTTPServer):
    """What was sent, decompressed."""

    daemon_threads = True
    received: list[bytes]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Keep the envelope."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Quietly."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that takes envelopes as Sentry does."""
    server = Receiver(("127.0.0.1", 0), _Handler)
    server.received = []
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def run(**variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "INKLING_ENV": "embedded", **variables}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_errors_are_sent_with_their_traceback_and_nothing_personal(receiver: Receiver) -> None:
    ran = run(SENTRY_DSN=f"http://key@127.0.0.1:{receiver.server_port}/1")
    assert ran.returncode == 0, ran.stderr
    text = b"\n".join(receiver.received).decode()
    events = [json.loads(line) for line in text.splitlines() if '"exception"' in line]
    found = {event["exception"]["values"][-1]["type"]: event for event in events}
    assert found.keys() == {"RuntimeError", "ValueError"}
    request = found["RuntimeError"]
    frames = request["exception"]["values"][-1]["stacktrace"]["frames"]
    assert (frames[-1]["function"], frames[-1]["filename"]) == ("broken", "tests/config/broken_urls.py")
    assert request["tags"]["request_id"] == ran.stdout.strip()
    assert found["ValueError"]["exception"]["values"][-1]["value"] == "duplicate key of (mail address)"
    for secret in ("secret", "203.0.113.9", "alice@", "bob@", "1234567"):
        assert secret not in text.replace('"secret_ink', ""), secret


def test_without_the_variable_nothing_is_imported_for_it() -> None:
    script = "import tests.environment, sys, config.wsgi; print('sentry_sdk' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_an_address_that_is_none_stops_the_start_and_is_named() -> None:
    ran = run(SENTRY_DSN="sentry.example.org")
    assert ran.returncode
    assert "ImproperlyConfigured: SENTRY_DSN is" in ran.stderr
