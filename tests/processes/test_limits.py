"""Rate limits are exact when several real web processes count in one Redis."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from recognizer.api.throttling import WINDOW
from tests.ink import SEVEN
from tests.processes.installations import base_environment
from tests.processes.site import RunningSite, Service, manage
from tests.smoke import free_port

REDIS = os.environ.get("REDIS_URL", "")
BODY = json.dumps({"recognizer": "digits", "ink": SEVEN}).encode()
LIMIT_OF_ADDRESS, LIMIT_OF_KEY = 150, 90
MAKE_A_KEY = f"""
from accounts import keys
from accounts.models import User
person = User.objects.create_user("alice@example.org", "a long enough word")
print(keys.create_key(person=person, name="app", scopes=["predict"], rate={LIMIT_OF_KEY})[1])
"""

pytestmark = pytest.mark.skipif(not REDIS, reason="REDIS_URL is not set: several processes share limits in Redis only")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    """Four web processes of eight threads."""
    port = free_port()
    variables = {"INKLING_ENV": "embedded", "REDIS_URL": REDIS, "PREDICT_RATE": str(LIMIT_OF_ADDRESS)}
    environment = base_environment(tmp_path, **variables)
    for command in (["migrate", "-v0"], ["install_models"]):
        manage(environment, *command)
    serve = ["python", "-m", "config.server", "--bind", f"127.0.0.1:{port}", "--workers", "4", "--threads", "8"]
    with RunningSite([Service("web", serve, environment)], port=port, folder=tmp_path) as site:
        yield site


def predict(url: str, secret: str = "") -> tuple[int, int]:
    """The window in which the server counted a prediction, and its status."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    try:
        response = urlopen(Request(f"{url}/api/v1/predict", BODY, headers), timeout=30)  # noqa: S310
    except HTTPError as error:
        response = error
    with response:
        end_of_window = time.time() + int(response.headers["RateLimit-Reset"])
        return round(end_of_window / WINDOW), int(response.status)


def test_exactly_the_limit_passes_under_thirty_two_threads_and_four_processes(site: RunningSite) -> None:
    """In each window; of three times the limit, more than the limit is in one of at most two windows."""
    secret = site.manage("shell", "--no-imports", "-v0", "-c", MAKE_A_KEY).stdout.split()[-1]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda _: site.ask("/readyz"), range(16)))  # every process loads its models
        for key, limit in (("", LIMIT_OF_ADDRESS), (secret, LIMIT_OF_KEY)):
            statuses: dict[int, Counter[int]] = defaultdict(Counter)
            for window, status in pool.map(lambda _, key=key: predict(site.url, key), range(3 * limit)):
                statuses[window][status] += 1
            assert len(statuses) <= 2
            for counted in statuses.values():
                assert set(counted) <= {200, 429}
                assert counted[200] == min(limit, counted.total())
