"""Two hosts, each with all processes, a pooler and one Redis: a promotion and kills under load lose nothing."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from recognizer.api.throttling import WINDOW
from tests.faults.conftest import EMAIL, LONGEST, MAKE_ALICE, PASSWORD, Visitor
from tests.ink import SEVEN
from tests.processes.installations import composed_hosts
from tests.processes.services import Postgres, own_postgres, own_redis, pgbouncer
from tests.processes.site import ROOT, RunningSite, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

QUICK = {"TRAINING_HEARTBEAT_SECONDS": "1", "TRAINING_DEAD_SECONDS": "4", "LOG_LEVEL": "WARNING"}
KEY_RATE = 60
PEOPLE = 2  # who draw meanwhile
MAKE_A_KEY = f"""
from accounts import keys
from accounts.models import User
print(keys.create_key(person=User.objects.get(email={EMAIL!r}), name="app", scopes=["predict"], rate={KEY_RATE})[1])
"""


@dataclass
class Hosts:
    """Two running hosts and their database."""

    hosts: list[RunningSite]
    postgres: Postgres
    database: str

    def column(self, query: str) -> list[Any]:
        """The first column of a query."""
        return [row[0] for row in self.postgres.run(query, url=self.database)]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Hosts]:
    """Two hosts behind no balancer: the clients of the tests choose, and try the other one after a failure."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    with own_postgres() as postgres, own_redis() as redis, pgbouncer(postgres.port, size=15) as port:
        database, cache = f"postgres://postgres@127.0.0.1:{port}/postgres", f"redis://127.0.0.1:{redis.port}/0"
        with composed_hosts(folders, database, cache, DATABASE_POOLER="transaction", **QUICK) as hosts:
            own = hosts[0].environment["DATABASE_URL"].replace(str(port), str(postgres.port))
            hosts[0].manage("shell", "--no-imports", "-v0", "-c", MAKE_ALICE)
            yield Hosts(hosts, postgres, own)


@dataclass
class Load:
    """People who draw without a pause, at both hosts, each drawing with an id of its own until it is saved."""

    hosts: list[RunningSite]
    saved: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    versions: list[tuple[float, int]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _signed_in: threading.Barrier = field(default_factory=lambda: threading.Barrier(PEOPLE + 1))

    def __enter__(self) -> Load:
        """Returns when all have signed in on both hosts."""
        self._threads = [threading.Thread(target=self._draw, args=[number]) for number in range(PEOPLE)]
        for thread in self._threads:
            thread.start()
        self._signed_in.wait(120)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _draw(self, number: int) -> None:
        visitors = [Visitor(host.url) for host in self.hosts]
        for visitor in visitors:
            visitor.sign_in(EMAIL, PASSWORD)
        self._signed_in.wait(120)
        turns = itertools.cycle(visitors[number % 2 :] + visitors[: number % 2])
        while not self._stop.is_set():
            self._save(turns, str(uuid4()))
            time.sleep(0.2)

    def _save(self, turns: Iterator[Visitor], uuid: str) -> None:
        body = json.dumps({"recognizer": "digits", "ink": SEVEN, "id": uuid}).encode()
        while not self._stop.is_set():
            try:
                answer = next(turns).request("/api/v1/drawings", body)
            except OSError:  # its process was killed
                self.statuses[0] += 1
                continue
            self.statuses[answer.status] += 1
            self.slowest = max(self.slowest, answer.seconds)
            if answer.status in (200, 201):
                self.saved.add(uuid)
                self.versions.append((time.time(), json.loads(answer.text)["prediction"]["model_version"]))
                return


def test_a_promotion_and_kills_on_two_hosts_lose_nothing(two: Hosts, tmp_path: Path) -> None:
    with Load(two.hosts) as load:
        kill_each(two, "web")  # before the demonstration, which does not repeat its requests
        demo = run_demo(two.hosts[0], tmp_path / "demo.txt")
        try:
            for service in ("worker", "beat", "trainer"):
                kill_each(two, service)
            wait_until(lambda: demo.poll() is not None, "the demonstration has ended", 600)
        finally:
            demo.kill()
            demo.wait()
        assert demo.returncode == 0, (tmp_path / "demo.txt").read_text()
        promoted = two.column("SELECT extract(epoch FROM created)::float FROM recognizer_promotion ORDER BY id")[-1]
        time.sleep(3)  # for drawings that are answered by the new version
    check_drawings(two, load)
    check_versions(two, load, promoted)
    assert set(load.statuses) <= {0, 200, 201, 503}, load.statuses
    assert load.slowest < 2 * LONGEST


def test_limits_and_idempotency_hold_across_hosts(two: Hosts) -> None:
    check_limit(two)
    visitors = [Visitor(host.url) for host in two.hosts]
    for visitor in visitors:
        visitor.sign_in(EMAIL, PASSWORD)
    before = len(two.column("SELECT id FROM recognizer_drawing"))
    for _ in range(10):
        uuid = str(uuid4())
        body = json.dumps({"recognizer": "digits", "ink": SEVEN, "id": uuid}).encode()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda each, body=body: each.request("/api/v1/drawings", body), visitors * 2))
        assert {answer.status for answer in answers} <= {200, 201}
        assert len({json.loads(answer.text)["id"] for answer in answers}) == 1
    assert len(two.column("SELECT id FROM recognizer_drawing")) == before + 10


def kill_each(two: Hosts, service: str) -> None:
    """Kill a process on one host after the other, and wait until it was started again."""
    for host in two.hosts:
        kill_one(host, service)


def kill_one(host: RunningSite, service: str) -> None:
    """Kill a process of this host."""
    wait_until(lambda: pids(host, service), f"{service} runs", 60)
    killed = host.kill(service)

    def runs_again() -> bool:
        return host.answers() and bool(pids(host, service) - {killed}) and killed not in pids(host, service)

    wait_until(runs_again, f"{service} runs again", 60)


def pids(host: RunningSite, service: str) -> set[int]:
    """The processes of a service."""
    return {process.pid for process in host.processes(service)}


def run_demo(site: RunningSite, output: Path) -> subprocess.Popen[bytes]:
    """People who draw and reviewers who approve, until a new version is promoted."""
    words = ["python", "manage.py", "demo_loop", "--url", site.url, "--yes", "--patience", "300"]
    with output.open("w") as out:
        return subprocess.Popen(words, cwd=ROOT, env=site.environment, stdout=out, stderr=subprocess.STDOUT)


def check_drawings(two: Hosts, load: Load) -> None:
    """Each saved drawing is there, once."""
    uuids = Counter(map(str, two.column("SELECT uuid FROM recognizer_drawing")))
    assert load.saved
    assert load.saved <= set(uuids)
    assert set(uuids.values()) == {1}


def check_versions(two: Hosts, load: Load, promoted: float) -> None:
    """Two schedulers and two trainers made each run and each version once, and both hosts follow a promotion."""
    passed = two.column("SELECT count(*) FROM recognizer_trainingrun WHERE state = 'passed'")[0]
    digits = "SELECT number FROM recognizer_modelversion v JOIN recognizer_recognizer r ON r.id = v.recognizer_id"
    numbers = two.column(f"{digits} WHERE slug = 'digits' ORDER BY number")
    assert numbers == list(range(1, 2 + passed))
    assert two.column("SELECT count(*) FROM recognizer_trainingrun WHERE finished IS NULL") == [0]
    assert {version for at, version in load.versions if at > promoted + 2} == {numbers[-1]}
    live = [json.loads(host.ask("/readyz"))["versions"]["digits"] for host in two.hosts]
    assert live == [numbers[-1]] * 2


def check_limit(two: Hosts) -> None:
    """A key's rate is counted once for both hosts."""
    secret = two.hosts[0].manage("shell", "--no-imports", "-v0", "-c", MAKE_A_KEY).stdout.split()[-1]
    body = json.dumps({"recognizer": "digits", "ink": SEVEN}).encode()

    def predict(number: int) -> tuple[int, int]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
        request = Request(f"{two.hosts[number % 2].url}/api/v1/predict", body, headers)  # noqa: S310
        try:
            response = urlopen(request, timeout=30)  # noqa: S310
        except HTTPError as error:
            response = error
        end_of_window = time.time() + int(response.headers["RateLimit-Reset"])
        return round(end_of_window / WINDOW), int(response.status)

    with ThreadPoolExecutor(8) as pool:
        counted: dict[int, Counter[int]] = defaultdict(Counter)
        for window, status in pool.map(predict, range(3 * KEY_RATE)):
            counted[window][status] += 1
    for statuses in counted.values():
        assert statuses[200] == min(KEY_RATE, statuses.total())
