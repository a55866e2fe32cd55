"""Both ways to run Inkling, as real processes: the loop closes, also when `kill -9` comes between."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg2
import pytest

from tests.processes.installations import COMPOSE, composed, embedded, placed
from tests.processes.site import ROOT, RunningSite, wait_until

QUICK = {"TRAINING_HEARTBEAT_SECONDS": "1", "TRAINING_DEAD_SECONDS": "4", "LOG_LEVEL": "WARNING"}
PATIENCE = 120
DATABASE, REDIS = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[RunningSite]:
    """The compose file's processes where its services are at hand, else those of `make run`."""
    started = composed(tmp_path, DATABASE, REDIS, **QUICK) if DATABASE and REDIS else embedded(tmp_path, **QUICK)
    with started as house:
        yield house


def test_the_loop_closes_although_its_workers_are_killed_on_the_way(house: RunningSite, tmp_path: Path) -> None:
    kill_while_it_trains(house, tmp_path / "demo.txt")
    kill_a_web_process(house)
    check_health(house, tmp_path)
    leave_no_trace(house)


def kill_while_it_trains(house: RunningSite, story: Path) -> None:
    """The run of the killed trainer fails; the next one, which nobody starts, teaches the model."""
    with story.open("w") as out:
        demo = subprocess.Popen(
            ["python", "manage.py", "demo_loop", "--url", house.url, "--yes", "--patience", str(PATIENCE)],
            cwd=ROOT,
            env=house.environment | {"PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: "running" in states_of_runs(house), "a run is under way", PATIENCE, every=0.02)
            for name in ("trainer", "worker", "beat"):
                house.kill(name)
            demo.wait(PATIENCE)
        finally:
            demo.kill()
    told = story.read_text()
    assert demo.returncode == 0, told
    assert "no sign of life" in told
    for sentence in (
        "72 of their drawings are approved",
        "Promoted: version 2",
        "Rolled back: version 1",
        "The loop is",
    ):
        assert sentence in told


def states_of_runs(house: RunningSite) -> list[str]:
    """Asked of the database itself, because a run takes seconds."""
    url = house.environment.get("DATABASE_URL")
    connect = partial(psycopg2.connect, url) if url else partial(sqlite3.connect, house.folder / "inkling.sqlite3")
    with closing(connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SELECT state FROM recognizer_trainingrun")
        return [state for (state,) in cursor.fetchall()]


def kill_a_web_process(house: RunningSite) -> None:
    """gunicorn starts another one, and the newest version still answers."""
    before = {process.pid for process in house.processes("web")}
    killed = house.kill("web")
    wait_until(lambda: house.answers() and len(house.processes("web")) == len(before), "the web process is back", 20)
    assert killed not in {process.pid for process in house.processes("web")}


def check_health(house: RunningSite, folder: Path) -> None:
    """The health checks of the compose file say yes while its processes run."""
    if not (DATABASE and REDIS):
        return
    for name in ("web", "worker", "beat"):
        if name == "beat":
            wait_until(lambda: list(folder.glob("beat*")), "beat has written its schedule down", 20)
        kind, *words = COMPOSE["services"][name]["healthcheck"]["test"]
        check = placed(["sh", "-c", words[0]] if kind == "CMD-SHELL" else words, house.port, folder)
        ran = subprocess.run(check, env=house.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, (name, ran.stdout, ran.stderr)


def leave_no_trace(house: RunningSite) -> None:
    """Cleaning up removes the made-up people, and the version that learned from them answers no more."""
    said = house.manage("demo_loop", "--clean").stdout
    assert "version 1, which did not learn from them, answers again" in said
    assert "7 made-up people and everything they drew are gone" in said
    time.sleep(2)
    assert '"digits": 1' in house.ask("/readyz")
