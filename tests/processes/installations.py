"""Starts Inkling as real processes on this machine, as `make run` or docker-compose.yml does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
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
QUICK = {"TICK_SECONDS": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}
QUICK |= dict.fromkeys(("PREDICT_RATE", "DRAWING_RATE", "DRAWINGS_PER_DAY"), "1000000000")


def base_environment(var: Path, **more: str) -> dict[str, str]:
    """The environment of this process without variables that configure Inkling; no data sets, so training is short."""
    removed = ("INKLING_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_", "DEBUG", "PYTEST", "COV_", "COVERAGE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(removed)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    folders = {"INKLING_VAR": str(var), "INKLING_CACHE": str(var / "cache"), "STATIC_ROOT": str(var / "staticfiles")}
    return {**kept, "PATH": path, **folders, **QUICK, **more}


@contextmanager
def embedded(folder: Path, **more: str) -> Iterator[RunningSite]:
    """The processes of the Procfile, on SQLite and with a message broker in a folder."""
    port = free_port()
    environment = base_environment(folder, INKLING_ENV="embedded", PORT=str(port), **more)
    _prepare(environment)
    run = Service("procfile", ["honcho", "--env", "/dev/null", "start", "--no-prefix"], environment, restarts=False)
    with RunningSite([run], port=port, folder=folder) as site:
        yield site


@contextmanager
def composed(
    folder: Path, database_url: str, redis_url: str, *, only: Collection[str] = (), **more: str
) -> Iterator[RunningSite]:
    """The processes of docker-compose.yml, started with its commands, on a new database and an empty Redis database.

    `only` names the services to start, by default all; `more` are further environment variables.
    """
    with composed_hosts([folder], database_url, redis_url, only=only, **more) as (site,):
        yield site


@contextmanager
def composed_hosts(
    folders: list[Path], database_url: str, redis_url: str, *, only: Collection[str] = (), **more: str
) -> Iterator[list[RunningSite]]:
    """The same on as many hosts as there are folders: each has a port and processes of its own."""
    with ExitStack() as stack:
        database = stack.enter_context(_own_database(database_url))
        broker = stack.enter_context(_own_redis(redis_url))
        own = {"DATABASE_URL": database, "REDIS_URL": broker, "SECRET_KEY": uuid4().hex * 2}
        own |= {"ALLOWED_HOSTS": "127.0.0.1,localhost", "TRUSTED_PROXIES": "0", **more}  # no proxy is started
        ours = [name for name, service in COMPOSE["services"].items() if "env_file" in service]
        environments = {name: _environment(name, folders[0], own) for name in ours}
        _run(command("migrate", 0, folders[0]), environments["migrate"])
        _run(COLLECT, environments["web"])
        hosts = []
        for folder in folders:
            port = free_port()
            services = [
                Service(name, _command_of_host(name, port, folder, folders), environments[name])
                for name in ours
                if _is_restarted(name) and (name in only or not only)
            ]
            hosts.append(stack.enter_context(RunningSite(services, port=port, folder=folder)))
        yield hosts


def upgraded(root: Path, folder: Path, database_url: str, redis_url: str, secret_key: str) -> RunningSite:
    """Migrate this database with the code in `root`; returns the web service of that code, which is not started yet."""
    port = free_port()
    own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": secret_key}
    own |= {"ALLOWED_HOSTS": "127.0.0.1,localhost", "TRUSTED_PROXIES": "0"}
    web, migrate = (_environment(name, folder, own) for name in ("web", "migrate"))
    _run(COLLECT, web, root)
    _run(command("migrate", 0, folder), migrate, root)
    return RunningSite([Service("web", command("web", port, folder), web, root=root)], port=port, folder=folder)


@contextmanager
def web_alone(folder: Path, **more: str) -> Iterator[RunningSite]:
    """The web service of docker-compose.yml, on DATABASE_URL and REDIS_URL if both are set, else on SQLite."""
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        with composed(folder, os.environ["DATABASE_URL"], os.environ["REDIS_URL"], only=["web"], **more) as site:
            yield site
        return
    port = free_port()
    environment = base_environment(folder, INKLING_ENV="embedded", **MALLOC, **more)
    _prepare(environment)
    with RunningSite([Service("web", command("web", port, folder), environment)], port=port, folder=folder) as site:
        yield site


def _command_of_host(name: str, port: int, folder: Path, folders: list[Path]) -> list[str]:
    """Several hosts of a test are one machine, so its workers need other names."""
    host = f"{folder.name}-%h" if len(folders) > 1 else "%h"
    return [word.replace("%h", host) for word in command(name, port, folder)]


def command(name: str, port: int, folder: Path) -> list[str]:
    """The command of a service of docker-compose.yml, to run on this machine."""
    return on_this_machine(COMPOSE["services"][name]["command"], port, folder)


def on_this_machine(words: list[str], port: int, folder: Path) -> list[str]:
    """A command of docker-compose.yml with a free port and folder in place of port 8000 and /tmp of the container."""
    moved = {"0.0.0.0:8000": f"127.0.0.1:{port}", "127.0.0.1:8000": f"127.0.0.1:{port}", "/tmp": str(folder)}  # noqa: S108
    plain = [word.replace("$$", "$") for word in words]  # in a compose file `$$` means `$`
    return [re.sub("|".join(map(re.escape, moved)), lambda found: moved[found[0]], word) for word in plain]


def _environment(name: str, folder: Path, own: dict[str, str]) -> dict[str, str]:
    """The environment of a service of docker-compose.yml; `own` replaces the addresses of other containers."""
    variables = {key: str(value) for key, value in COMPOSE["services"][name]["environment"].items()}
    variables["INKLING_DATA"] = str(folder / "no-data") if variables["INKLING_DATA"] else ""
    variables["DELETION_LOG"] = str(folder / "deletions.log")
    return base_environment(folder, **variables | own)


def _is_restarted(name: str) -> bool:
    return COMPOSE["services"][name]["restart"] == "unless-stopped"


def _prepare(environment: dict[str, str]) -> None:
    """Does what `make run` does before it starts the Procfile."""
    for words in ("migrate -v0", "install_models", "collectstatic --noinput -v0"):
        _run(["python", "manage.py", *words.split()], environment)


def _run(words: list[str], environment: dict[str, str], root: Path = ROOT) -> None:
    subprocess.run(words, cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    name = f"inkling_processes_{uuid4().hex[:8]}"
    _run_statement(url, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        _run_statement(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _run_statement(url: str, statement: str) -> None:
    """With a connection of its own: a test may cut all of them."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)


@contextmanager
def _own_redis(url: str) -> Iterator[str]:
    """An unused database of Redis; it is emptied at the end."""
    for number in range(1, 15):
        address = urlsplit(url)._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(address) as client:
            if client.dbsize() or not client.set("used-by-tests", 1, nx=True):
                continue
            try:
                yield address
            finally:
                client.flushdb()
            return
    raise AssertionError(f"All databases 1 to 14 of {url} are in use. Empty one of them for this test.")
