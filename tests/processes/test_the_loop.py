"""The whole loop from drawing to promotion with real processes, started in both ways and killed on the way."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.processes.installations import COMPOSE, composed, embedded, on_this_machine
from tests.processes.site import ROOT, RunningSite, wait_until

QUICK = {"TRAINING_HEARTBEAT_SECONDS": "1", "TRAINING_DEAD_SECONDS": "4", "LOG_LEVEL": "WARNING"}
TIMEOUT = 120  # seconds for one step
DEMO_TIMEOUT = 300  # seconds for the whole demonstration
DATABASE, REDIS = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
STATES = "SELECT state FROM recognizer_trainingrun ORDER BY id"
OUTCOMES = "SELECT verdict ->> 'outcome' FROM recognizer_trainingrun ORDER BY id"
ACCEPTED = "SELECT id FROM recognizer_review WHERE decision = 'accepted'"
PROMOTED = """
SELECT version.number FROM recognizer_promotion promotion
JOIN recognizer_modelversion version ON version.id = promotion.model_version_id
JOIN recognizer_recognizer recognizer ON recognizer.id = promotion.recognizer_id
WHERE recognizer.slug = 'digits' ORDER BY promotion.id
"""
DEMO_USERS = "SELECT id FROM accounts_user WHERE email LIKE '%demo.invalid'"

# With `make run` alone it is slow: tests/smoke.py goes through the same loop without killing anything.
pytestmark: list[pytest.MarkDecorator] = [] if DATABASE and REDIS else [pytest.mark.slow]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    """The processes of docker-compose.yml if PostgreSQL and Redis are there, else those of `make run`."""
    started = composed(tmp_path, DATABASE, REDIS, **QUICK) if DATABASE and REDIS else embedded(tmp_path, **QUICK)
    with started as site:
        yield site


@pytest.mark.timeout(600)
def test_the_loop_closes_although_its_workers_are_killed_on_the_way(site: RunningSite, tmp_path: Path) -> None:
    kill_workers_during_training(site, tmp_path / "demo.txt")
    kill_a_web_process(site)
    if DATABASE and REDIS:
        run_health_checks(site, tmp_path)
    clean_up(site)


def kill_workers_during_training(site: RunningSite, output: Path) -> None:
    """The run of the killed trainer fails, and the next one, which nobody starts, comes to its verdict.

    Those are on the drawings of one person, which are no clear gain. The run on those of the community is promoted.
    """
    command = ["python", "manage.py", "demo_loop", "--url", site.url, "--yes", "--patience", str(TIMEOUT)]
    with output.open("w") as out:
        demo = subprocess.Popen(command, cwd=ROOT, env=site.environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: "running" in column(site, STATES), "a training run is running", TIMEOUT, every=0.02)
            for name in ("trainer", "worker", "beat"):
                site.kill(name)
            demo.wait(DEMO_TIMEOUT)
        finally:
            demo.kill()
    logs = [site.log(service.name)[-3000:] for service in site.services]
    assert demo.returncode == 0, (output.read_text(), logs)
    assert column(site, STATES) == ["failed", "refused", "passed"]
    assert column(site, OUTCOMES) == [None, "no-better", "passed"]
    assert len(column(site, ACCEPTED)) == 30 + 10 + 10 * 20
    assert column(site, PROMOTED) == [1, 2, 1, 2]  # installed, promoted, rolled back, promoted again


def column(site: RunningSite, query: str) -> list[Any]:
    """The first column of a query, which is sent to the database directly because a training run takes only seconds."""
    url = site.environment.get("DATABASE_URL")
    connect = partial(psycopg2.connect, url) if url else partial(sqlite3.connect, site.folder / "inkling.sqlite3")
    with closing(connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def kill_a_web_process(site: RunningSite) -> None:
    """The server starts another one, and the site is ready again."""
    before = {process.pid for process in site.processes("web")}
    killed = site.kill("web")
    wait_until(
        lambda: site.answers() and len(site.processes("web")) == len(before), "another web process is started", 20
    )
    assert killed not in {process.pid for process in site.processes("web")}


def run_health_checks(site: RunningSite, folder: Path) -> None:
    """The health checks of the compose file pass while its processes run."""
    for name in ("web", "worker", "beat"):
        if name == "beat":
            wait_until(lambda: list(folder.glob("beat*")), "beat has written its schedule", 20)
        kind, *words = COMPOSE["services"][name]["healthcheck"]["test"]
        check = on_this_machine(["sh", "-c", words[0]] if kind == "CMD-SHELL" else words, site.port, folder)
        ran = subprocess.run(check, env=site.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, (name, ran.stdout, ran.stderr)


def clean_up(site: RunningSite) -> None:
    """`demo_loop --clean` deletes the demo users and rolls back the version that was trained on their drawings."""
    assert len(column(site, DEMO_USERS)) == 11
    site.manage("demo_loop", "--clean")
    assert column(site, DEMO_USERS) == []
    assert column(site, PROMOTED)[-1] == 1
    wait_until(lambda: live_versions(site)["digits"] == 1, "version 1 answers", 5)


def live_versions(site: RunningSite) -> dict[str, int]:
    """The live version of each recognizer, from /readyz."""
    return dict(json.loads(site.ask("/readyz"))["versions"])
