"""/metrics: closed without a token; what is counted, and what the database says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.models import User
from config import metrics, request_metrics
from config.circuit import Circuit
from recognizer.models import Recognizer
from recognizer.operations import state
from tests.csrf_client import CsrfClient
from tests.ink import SEVEN
from tests.people import allow

pytestmark = pytest.mark.django_db

TOKEN = "a token that nobody guesses"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def _open(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def read(client: Client | None = None) -> dict[str, float]:
    """All samples by name and labels, as /metrics shows them."""
    response = (client or CsrfClient()).get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in response.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _space, value in (line.rpartition(" ") for line in lines)}


def test_without_a_token_of_the_site_there_is_no_such_page(client: Client, settings: Any) -> None:
    assert not settings.METRICS_TOKEN
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}"}):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.usefixtures("_open")
@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_only_who_has_the_token_reads_it(admin_client: Client, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    response = admin_client.get("/metrics", headers=headers)
    assert (response.status_code, response["WWW-Authenticate"], response.content) == (401, "Bearer", b"")


@pytest.mark.usefixtures("_open")
def test_prometheus_may_ask_an_address_that_is_no_host_of_the_site_and_without_https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert read(Client(HTTP_HOST="10.1.2.3:8000"))["inkling_database_up"] == 1


@pytest.mark.usefixtures("_open")
def test_requests_are_counted_by_route_method_and_status(digits: Recognizer) -> None:
    client = CsrfClient()
    before = read()
    for _ in range(3):
        client.get("/healthz")
    client.get("/nothing")
    client.generic("MADE-UP", "/healthz")
    client.post("/api/v1/predict", {"recognizer": "digits", "ink": SEVEN}, "application/json")
    client.post("/api/v1/predict", {"recognizer": "unknown", "ink": SEVEN}, "application/json")
    after = read()

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    alive = "recognizer.pages.health.alive"
    assert more(f'inkling_requests_total{{method="GET",route="{alive}",status="200"}}') == 3
    assert more(f'inkling_requests_total{{method="other",route="{alive}",status="200"}}') == 1
    assert more('inkling_requests_total{method="GET",route="unknown",status="404"}') == 1
    assert more('inkling_requests_total{method="POST",route="api:predict",status="200"}') == 1
    assert more('inkling_api_errors_total{code="unknown_recognizer"}') == 1
    assert more('inkling_request_seconds_count{route="api:predict"}') == 2
    assert more('inkling_request_seconds_bucket{le="+Inf",route="api:predict"}') == 2
    assert more('inkling_request_seconds_sum{route="api:predict"}') > 0


@pytest.mark.usefixtures("_open")
def test_addresses_and_methods_that_clients_make_up_make_no_new_labels() -> None:
    client = CsrfClient()
    client.get("/nothing")
    client.generic("MADE-UP", "/nothing")
    client.get("/draw/unknown/")
    read()  # has a route, too
    known = len(read())
    for at in range(20):
        client.get(f"/nothing/{at}")
        client.generic(f"MADE{at}", "/nothing", HTTP_HOST="testserver")
        client.get(f"/draw/unknown-{at}/")
    assert len(read()) == known


@pytest.mark.usefixtures("_open")
def test_the_figures_of_a_site_in_use(site: dict[str, Any]) -> None:
    found = read()
    assert found["inkling_database_up"] == 1
    assert found['inkling_live_model_version{recognizer="digits"}'] == 2
    assert found['inkling_training_runs{recognizer="digits",result="passed"}'] >= 1
    assert found['inkling_training_runs{recognizer="sketches",result="running"}'] == 1
    waiting = state.waiting_reviews()
    assert found['inkling_waiting_corrections{recognizer="bangla-digits"}'] == waiting["bangla-digits"] == 1
    assert 0 < found["inkling_oldest_waiting_correction_seconds"] < 600
    judged = [name for name in found if name.startswith('inkling_judged_answers{recognizer="digits"')]
    assert sum(found[name] for name in judged) >= 3
    assert found['inkling_webhook_deliveries{state="waiting"}'] == 1
    assert found['inkling_processes{kind="web"}'] == 1
    versions = [name for name in found if name.startswith("inkling_process_model_version{")]
    assert any('kind="web"' in name and 'recognizer="digits"' in name for name in versions)
    assert {name for name in found if name.startswith("inkling_queue_messages")} == {
        'inkling_queue_messages{queue="celery"}',
        'inkling_queue_messages{queue="training"}',
    }


@pytest.mark.usefixtures("_open")
def test_a_database_that_is_away_is_a_figure_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("away")

    read()  # a request to count
    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", away)
    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.close", lambda *_: None)
    found = read()
    assert found["inkling_database_up"] == 0
    assert not [name for name in found if name.startswith("inkling_training_runs")]
    assert [name for name in found if name.startswith("inkling_requests_total")]


@pytest.mark.usefixtures("_open")
def test_trouble_with_a_service_is_counted_when_it_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = Circuit("Redis at 127.0.0.1:1", lambda: None)
    monkeypatch.setattr("config.request_metrics.circuits", {trouble.name: trouble})
    client = CsrfClient()

    def counted() -> tuple[float, float]:
        found = read(client)
        one, two = (found.get(f'inkling_service_{n}_total{{service="redis"}}', 0) for n in ("failures", "outages"))
        return one, two

    failures, outages = counted()
    trouble.failures, trouble.opened = 7, 1
    client.get("/healthz")
    client.get("/healthz")
    assert counted() == (failures + 7, outages + 1)
    trouble.failures = 9
    client.get("/healthz")
    assert counted() == (failures + 9, outages + 1)


@pytest.mark.usefixtures("_open")
def test_the_number_of_queries_does_not_depend_on_the_site(
    site: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(22):
        request_metrics.exposition()


@pytest.mark.usefixtures("_open")
def test_no_label_holds_anything_of_a_person(site: dict[str, Any], alice: User) -> None:
    client = CsrfClient()
    client.force_login(alice)
    client.get(f"/drawings/{site['drawing']}/delete/")
    allow(alice, "see_operations")
    response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    text = response.content.decode()
    assert 'route="drawing-delete"' in text
    assert not re.search(rf"alice|{site['drawing']}|hooks\.example", text)


SHARED = """
import os, tests.environment
from config import metrics
metrics.share_counts()
print(os.environ.get(metrics.FOLDER, ""))
"""


def shared_folder(folder: Path, **variables: str) -> str:
    """The folder in which a server with these variables counts."""
    environment = {**os.environ, "INKLING_ENV": "embedded", "TMPDIR": str(folder), **variables}
    command = [sys.executable, "-c", SHARED]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_a_server_counts_in_a_folder_of_its_own_and_removes_those_of_servers_that_have_ended(tmp_path: Path) -> None:
    running = tmp_path / f"inkling-metrics-{os.getpid()}-{metrics._start_of(os.getpid())}"
    reused_pid, ended, other = (
        tmp_path / name for name in (f"inkling-metrics-{os.getpid()}-1", "inkling-metrics-999999999-5", "else")
    )
    for folder in (running, reused_pid, ended, other):
        folder.mkdir()
    own = Path(shared_folder(tmp_path, METRICS_TOKEN=TOKEN))
    assert own.parent == tmp_path
    assert own.stat().st_mode & 0o777 == 0o700
    assert {*tmp_path.iterdir()} == {running, other, own}


def test_no_folder_is_made_without_a_token_and_a_given_one_is_used(tmp_path: Path) -> None:
    assert shared_folder(tmp_path, METRICS_TOKEN="") == ""
    assert shared_folder(tmp_path, METRICS_TOKEN=TOKEN, PROMETHEUS_MULTIPROC_DIR="/given") == "/given"
    assert not [*tmp_path.iterdir()]


COUNTING = """
import os, tests.environment
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.http import HttpResponse
from django.test import RequestFactory
from config import metrics, request_metrics
counters = metrics.counters()
request = RequestFactory().get("/healthz")
print("ready", flush=True)
while line := input():
    for _ in range(int(line)):
        counters.count(request, HttpResponse(), 0.01)
    text = request_metrics.generate_latest(request_metrics.collected()).decode()
    print(*(line.split()[-1] for line in text.splitlines() if "seconds_count" in line), flush=True)
"""


class Counting:
    """A process that counts requests in a folder that it shares with others."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "METRICS_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", COUNTING]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        assert self._line() == "ready"

    def count(self, requests: int) -> float:
        """Count these; what all processes have counted so far."""
        assert self.process.stdin
        self.process.stdin.write(f"{requests}\n")
        self.process.stdin.flush()
        return float(self._line())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


def test_a_process_that_replaces_an_ended_one_goes_on_in_its_files(tmp_path: Path) -> None:
    one, two = Counting(tmp_path), Counting(tmp_path)
    try:
        assert [one.count(3), two.count(4)] == [3, 7]
        files = {path.name for path in tmp_path.iterdir()}
        for at in range(3):
            one.kill()
            one = Counting(tmp_path)
            assert one.count(1) == 8 + at
        assert two.count(1) == 11
        assert {path.name for path in tmp_path.iterdir()} == files
    finally:
        one.kill()
        two.kill()
