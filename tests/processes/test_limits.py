"""Limits that hold in several processes at once, as real web servers with one Redis."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.ink import SEVEN
from tests.processes.installations import base_environment
from tests.processes.site import RunningSite, Service, manage
from tests.smoke import free_port

REDIS = os.environ.get("REDIS_URL", "")
BODY = json.dumps({"recognizer": "digits", "ink": SEVEN}).encode()
ANYBODYS, THE_KEYS = 150, 90
WINDOW, ENOUGH = 60, 25  # seconds
MAKE_A_KEY = f"""
from accounts import keys
from accounts.models import User
person = User.objects.create_user("alice@example.org", "a long enough word")
print(keys.create_key(person=person, name="app", scopes=["predict"], rate={THE_KEYS})[1])
"""

pytestmark = pytest.mark.skipif(not REDIS, reason="limits of several processes need a Redis")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[RunningSite]:
    """Four web processes of eight threads."""
    port = free_port()
    mine = {"INKLING_ENV": "embedded", "REDIS_URL": REDIS, "PREDICT_RATE": str(ANYBODYS)}
    environment = base_environment(tmp_path, **mine)
    for command in (["migrate", "-v0"], ["install_models"]):
        manage(environment, *command)
    serve = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "4", "--threads", "8"]
    with RunningSite(
        [Service("web", [*serve, "--no-control-socket"], environment)], port=port, folder=tmp_path
    ) as house:
        yield house


def predict(url: str, secret: str = "") -> int:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    try:
        with urlopen(Request(f"{url}/api/v1/predict", BODY, headers), timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_exactly_the_limit_passes_under_thirty_two_threads_and_four_processes(house: RunningSite) -> None:
    secret = house.manage("shell", "--no-imports", "-v0", "-c", MAKE_A_KEY).stdout.split()[-1]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda _: _is_ready(house.url), range(16)))  # each process has loaded its models
        _wait_for_seconds_of_one_minute()
        for known, limit in (("", ANYBODYS), (secret, THE_KEYS)):
            answers = list(pool.map(lambda _, known=known: predict(house.url, known), range(2 * limit)))
            assert (answers.count(200), answers.count(429)) == (limit, limit)


def _is_ready(url: str) -> None:
    with urlopen(f"{url}/readyz", timeout=60) as answer:  # noqa: S310
        assert answer.status == 200


def _wait_for_seconds_of_one_minute() -> None:
    """All requests have to fall into one window of the limits."""
    left = WINDOW - time.time() % WINDOW
    if left < ENOUGH:
        time.sleep(left + 0.2)
