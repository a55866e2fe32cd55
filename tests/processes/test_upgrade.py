"""An upgrade without a pause: the code before the newest migration serves while this code migrates, then both serve."""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.conftest import EMAIL, MAKE_ALICE, PASSWORD, Visitor
from tests.ink import SEVEN
from tests.processes.installations import upgraded
from tests.processes.services import Postgres, own_postgres, own_redis
from tests.processes.site import ROOT, RunningSite, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PAGES = ["/", "/drawings/", "/accounts/", "/models/", "/progress/", "/review/", "/audit/", "/admin/recognizer/drawing/"]
PAGES += ["/api/v1/drawings", "/api/v1/recognizers", "/readyz"]


def git(*words: str) -> bytes:
    """The output of git in this checkout. Skips the test if there is no such thing in it."""
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if done.returncode:
        pytest.skip("the history of this checkout does not reach back to the newest migration: git fetch --unshallow")
    return done.stdout


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the commit before the one that added the newest migration."""
    newest = git("log", "-1", "--diff-filter=A", "--format=%H", "--", "*/migrations/0*.py").decode().strip()
    folder: Path = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(git("archive", f"{newest}^"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


@dataclass
class Visits:
    """People who look at pages, draw and label, each at one site, without a pause."""

    saved: set[str] = field(default_factory=set)
    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    rounds: Counter[str] = field(default_factory=Counter)
    _ends: list[tuple[threading.Event, threading.Thread]] = field(default_factory=list)

    def begin(self, name: str, visitor: Visitor) -> None:
        """Somebody who is signed in."""
        end = threading.Event()
        thread = threading.Thread(target=self._visit, args=[name, visitor, end])
        self._ends.append((end, thread))
        thread.start()

    def end(self) -> None:
        """End all visits after their round."""
        for end, thread in self._ends:
            end.set()
            thread.join()
        self._ends.clear()

    def more_rounds(self, *names: str) -> None:
        """Wait until everybody of these has done two more rounds."""
        before = Counter(self.rounds)
        wait_until(lambda: all(self.rounds[name] >= before[name] + 2 for name in names), f"rounds at {names}", 300)

    def _visit(self, name: str, visitor: Visitor, end: threading.Event) -> None:
        while not end.is_set():
            for path in PAGES:
                self._ask(name, visitor, path)
            uuid = str(uuid4())
            drawing = {"recognizer": "digits", "ink": SEVEN, "id": uuid}
            self._ask(name, visitor, "/api/v1/drawings", json.dumps(drawing).encode())
            if self._ask(name, visitor, f"/api/v1/drawings/{uuid}/correction", b'{"label": "7"}', "PUT") == 200:
                self.saved.add(uuid)
            self.rounds[name] += 1

    def _ask(self, name: str, visitor: Visitor, path: str, body: bytes | None = None, method: str = "") -> int:
        """The status, after a 503 that of another attempt: as pages and clients do."""
        status = 503
        for _ in range(5):
            status = visitor.request(path, body, method=method).status
            self.statuses[name, method or path, status] += 1
            if status != 503:
                break
        return status


@pytest.fixture
def services() -> Iterator[tuple[Postgres, str]]:
    """A PostgreSQL, and the address of a Redis."""
    with own_postgres() as postgres, own_redis() as redis:
        yield postgres, f"redis://127.0.0.1:{redis.port}/0"


def test_both_versions_serve_while_the_newer_one_migrates(
    services: tuple[Postgres, str], before: Path, tmp_path: Path
) -> None:
    postgres, redis = services
    visits, key = Visits(), uuid4().hex * 2
    folders = [tmp_path / "before", tmp_path / "now"]
    for folder in folders:
        folder.mkdir()
    with upgraded(before, folders[0], postgres.url, redis, key) as old:
        old.manage("shell", "--no-imports", "-v0", "-c", MAKE_ALICE)
        alice = signed_in(old)
        visits.begin("old", alice)
        try:
            visits.more_rounds("old")
            migrated = migrations(postgres)
            with upgraded(ROOT, folders[1], postgres.url, redis, key) as new:
                assert migrations(postgres) > migrated
                visits.begin("new", same_person(alice, new))
                visits.begin("new, then old", same_person(signed_in(new), old))
                visits.more_rounds("old", "new", "new, then old")
                visits.end()
                check(visits, same_person(alice, new), old, new)
        finally:
            visits.end()


def signed_in(site: RunningSite) -> Visitor:
    """Somebody who signs in there."""
    visitor = Visitor(site.url)
    visitor.sign_in(EMAIL, PASSWORD)
    return visitor


def same_person(visitor: Visitor, site: RunningSite) -> Visitor:
    """The same browser at the other version."""
    other = Visitor(site.url)
    for cookie in visitor.cookies:
        other.cookies.set_cookie(copy(cookie))
    assert other.is_signed_in()
    return other


def migrations(postgres: Postgres) -> int:
    """How many migrations the database has."""
    return int(postgres.run("SELECT count(*) FROM django_migrations")[0][0])


def check(visits: Visits, visitor: Visitor, *sites: RunningSite) -> None:
    """Neither version missed a column or waited for a lock; what was saved is there with its label.

    On a busy machine a request can lack the time to be answered (503), and is repeated.
    """
    logs = "".join(site.log("web") for site in sites)
    assert not re.search("deadlock detected|does not exist|due to statement timeout", logs)
    assert {status for _, _, status in visits.statuses} <= {200, 201, 503}, visits.statuses
    assert sum(count for (_, _, status), count in visits.statuses.items() if status == 503) < 5, visits.statuses
    assert visits.saved
    for uuid in visits.saved:
        drawing = json.loads(visitor.request(f"/api/v1/drawings/{uuid}").text)
        assert drawing["correction"]["label"] == "7"
    print(f"{visits.statuses.total()} requests, {len(visits.saved)} drawings")  # noqa: T201
