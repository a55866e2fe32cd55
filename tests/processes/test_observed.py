"""Real processes: /metrics of several web processes, reports, ids of requests in tasks.

Needs the programs of PostgreSQL and `redis-server`, which it starts for itself; no setting.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from tests.ink import SEVEN
from tests.processes.installations import composed
from tests.processes.services import own_postgres, own_redis
from tests.processes.site import RunningSite, wait_until

TOKEN = "a-token-of-the-test"
PREDICTIONS = 60
ONE_DRAWING_AND_A_KEY = """
from accounts import keys
from accounts.models import User
from django.utils import timezone
from recognizer.drawings import corrections, store
from recognizer.review import decisions
from tests.ink import SEVEN
root = User.objects.create_superuser("root@example.org", "a long enough word")
alice = User.objects.create_user("alice@example.org", "a long enough word", consented_at=timezone.now())
drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=store.Content.from_ink(SEVEN))
decisions.accept(correction=corrections.correct(drawing=drawing, label="7"), reviewer=root)
print(keys.create_key(person=root, name="app", scopes=["predict", "export"])[1])
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    """The processes of docker-compose.yml, which report themselves every second."""
    variables = {"METRICS_TOKEN": TOKEN, "PROCESS_REPORT_SECONDS": "1", "TMPDIR": str(tmp_path)}
    with (
        own_postgres() as postgres,
        own_redis() as redis,
        composed(tmp_path, postgres.url, f"redis://127.0.0.1:{redis.port}/0", **variables) as site,
    ):
        yield site


def metrics(site: RunningSite) -> dict[str, float]:
    request = Request(f"{site.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310
    with urlopen(request, timeout=10) as response:  # noqa: S310 - our own site
        lines = [line for line in response.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _space, value in (line.rpartition(" ") for line in lines)}


def post(site: RunningSite, path: str, body: Any, secret: str = "") -> str:
    """The id of the request."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    request = Request(site.url + path, json.dumps(body).encode(), headers)  # noqa: S310 - our own site
    with urlopen(request, timeout=30) as response:  # noqa: S310
        return str(response.headers["X-Request-Id"])


def lines(site: RunningSite, name: str) -> list[dict[str, Any]]:
    """Those of a process that are JSON; its server writes some of its own."""
    return [json.loads(line) for line in site.log(name).splitlines() if line.startswith("{")]


@pytest.mark.timeout(600)
def test_what_runs_is_seen(site: RunningSite) -> None:
    requests_are_counted_once_whichever_process_answers(site)
    processes_that_replace_others_count_on(site)
    all_kinds_report_themselves(site)
    a_task_logs_the_id_of_its_request(site)


def requests_are_counted_once_whichever_process_answers(site: RunningSite) -> None:
    body = {"recognizer": "digits", "ink": SEVEN}
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: post(site, "/api/v1/predict", body), range(PREDICTIONS)))
    assert len(ids) == PREDICTIONS
    name = 'inkling_requests_total{method="POST",route="api:predict",status="200"}'
    assert {metrics(site)[name] for _ in range(10)} == {PREDICTIONS}
    logged = [line["request_id"] for line in lines(site, "web") if line.get("route") == "api:predict"]
    assert sorted(logged) == sorted(ids)


def processes_that_replace_others_count_on(site: RunningSite) -> None:
    for turn in (1, 2):
        parent, *old = site.processes("web")
        parent.send_signal(signal.SIGHUP)
        psutil.wait_procs(old, timeout=90)
        assert not any(process.is_running() for process in old)
        with ThreadPoolExecutor(8) as pool:
            [*pool.map(lambda _: post(site, "/api/v1/predict", {"recognizer": "digits", "ink": SEVEN}), range(20))]
        name = 'inkling_requests_total{method="POST",route="api:predict",status="200"}'
        assert metrics(site)[name] == PREDICTIONS + 20 * turn
    (folder,) = site.folder.glob("inkling-metrics-*")
    assert len([*folder.glob("counter_*.db")]) <= 3  # two processes, and one that takes over


def all_kinds_report_themselves(site: RunningSite) -> None:
    def counts() -> list[float]:
        found = metrics(site)
        return [found[f'inkling_processes{{kind="{kind}"}}'] for kind in ("web", "worker", "trainer", "beat")]

    wait_until(lambda: counts() == [2, 1, 1, 1], "two web processes and one of each other kind report themselves", 60)
    name = "inkling_process_model_version{"

    def versions() -> list[float]:
        found = metrics(site)
        return [found[key] for key in found if key.startswith(name) and 'kind="web"' in key and '"digits"' in key]

    wait_until(lambda: versions() == [1, 1], "both web processes say that version 1 answers", 60)


def a_task_logs_the_id_of_its_request(site: RunningSite) -> None:
    secret = site.manage("shell", "-c", ONE_DRAWING_AND_A_KEY).stdout.strip().splitlines()[-1]
    request_id = post(site, "/api/v1/exports", {"format": "ndjson"}, secret)

    def found() -> list[str]:
        return [each["logger"] for each in lines(site, "worker") if each["request_id"] == request_id]

    wait_until(lambda: "recognizer.tasks" in found(), "the worker logs the task with the id of the request", 60)
    assert "celery.app.trace" in wait_until(lambda: len(found()) > 1 and found(), "Celery's own line has it", 30)
    ticks = {each["request_id"] for each in lines(site, "worker") if each["message"].startswith("tick:")}
    assert request_id not in ticks
