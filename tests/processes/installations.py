"""The two ways to run Inkling, as real processes on this machine: the embedded default and the compose file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
import redis
import yaml

from tests.processes.site import ROOT, RunningSite, Service
from tests.smoke import free_port

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
COLLECT = ["python", "manage.py", "collectstatic", "--noinput", "-v0"]
MALLOC = {name: value for name, value in COMPOSE["services"]["web"]["environment"].items() if "MALLOC" in name}
QUICK = {"TICK_SECONDS": "2", "TF_CPP_MIN_LOG_LEVEL": "3", "PREDICT_RATE": "1000000000", "DRAWING_RATE": "1000000"}


def base_environment(var: Path, **more: str) -> dict[str, str]:
    """This machine without what configures Inkling or makes its training long: no data sets are at hand."""
    taken = ("INKLING_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_", "DEBUG", "PYTEST", "COV_", "COVERAGE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(taken)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    places = {"INKLING_VAR": str(var), "INKLING_CACHE": str(var / "cache"), "STATIC_ROOT": str(var / "staticfiles")}
    return {**kept, "PATH": path, **places, **QUICK, **more}


@contextmanager
def embedded(folder: Path, **more: str) -> Iterator[RunningSite]:
    """What `make run` starts: SQLite, a broker in a folder, and the Procfile."""
    port = free_port()
    environment = base_environment(folder, INKLING_ENV="embedded", PORT=str(port), **more)
    _prepare(environment)
    run = Service("procfile", ["honcho", "--env", "/dev/null", "start", "--no-prefix"], environment, restarts=False)
    with RunningSite([run], port=port, folder=folder) as house:
        yield house


@contextmanager
def composed(folder: Path, database_url: str, redis_url: str, *, only: str = "", **more: str) -> Iterator[RunningSite]:
    """What docker-compose.yml starts, by its very commands, on a database and a Redis of their own.

    `only` names the one service to start; `more` is what the environment says besides.
    """
    port = free_port()
    with _own_database(database_url) as database, _own_redis(redis_url) as broker:
        at_hand = {"DATABASE_URL": database, "REDIS_URL": broker, "SECRET_KEY": uuid4().hex * 2}
        at_hand |= {"ALLOWED_HOSTS": "127.0.0.1,localhost", **more}
        ours = [name for name, service in COMPOSE["services"].items() if "build" in service]
        environments = {name: _environment(name, folder, at_hand) for name in ours}
        _run(command("migrate", port, folder), environments["migrate"])
        _run(COLLECT, environments["web"])
        services = [Service(name, command(name, port, folder), environments[name]) for name in ours if _stays(name)]
        with RunningSite([one for one in services if only in ("", one.name)], port=port, folder=folder) as house:
            yield house


@contextmanager
def web_alone(folder: Path, **more: str) -> Iterator[RunningSite]:
    """The web service of the compose file, on DATABASE_URL and REDIS_URL where they are set, else on SQLite."""
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        with composed(folder, os.environ["DATABASE_URL"], os.environ["REDIS_URL"], only="web", **more) as house:
            yield house
        return
    port = free_port()
    environment = base_environment(folder, INKLING_ENV="embedded", **MALLOC, **more)
    _prepare(environment)
    with RunningSite([Service("web", command("web", port, folder), environment)], port=port, folder=folder) as house:
        yield house


def command(name: str, port: int, folder: Path) -> list[str]:
    """The command of a service of the compose file."""
    return placed(COMPOSE["services"][name]["command"], port, folder)


def placed(words: list[str], port: int, folder: Path) -> list[str]:
    """A command of the compose file, with what a container has to itself (a port, /tmp) moved out of the way."""
    moved = {"0.0.0.0:8000": f"127.0.0.1:{port}", "127.0.0.1:8000": f"127.0.0.1:{port}", "/tmp": str(folder)}  # noqa: S108
    return [re.sub("|".join(map(re.escape, moved)), lambda found: moved[found[0]], _plain(word)) for word in words]


def _plain(word: str) -> str:
    """As the shell gets it: in a compose file `$$` is a dollar."""
    return word.replace("$$", "$")


def _environment(name: str, folder: Path, at_hand: dict[str, str]) -> dict[str, str]:
    """What the compose file sets for a service, its addresses of other containers replaced by those at hand."""
    told = {key: str(value) for key, value in COMPOSE["services"][name]["environment"].items()}
    told["INKLING_DATA"] = str(folder / "no-data") if told["INKLING_DATA"] else ""
    return base_environment(folder, **told | at_hand)


def _stays(name: str) -> bool:
    return COMPOSE["services"][name]["restart"] == "unless-stopped"


def _prepare(environment: dict[str, str]) -> None:
    """What `make run` does before it starts the Procfile."""
    for words in ("migrate -v0", "install_models", "collectstatic --noinput -v0"):
        _run(["python", "manage.py", *words.split()], environment)


def _run(words: list[str], environment: dict[str, str]) -> None:
    subprocess.run(words, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    name = f"inkling_processes_{uuid4().hex[:8]}"
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.close()


@contextmanager
def _own_redis(url: str) -> Iterator[str]:
    """One of Redis's numbered databases that nobody uses; emptied at the end."""
    for number in range(1, 15):
        address = urlsplit(url)._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(address) as client:
            if client.dbsize() or not client.set("taken-by-tests-of-processes", 1, nx=True):
                continue
            try:
                yield address
            finally:
                client.flushdb()
            return
    raise AssertionError("Redis has no empty database among 1 to 14 for the tests of processes.")
