"""Procfile, Dockerfile and docker-compose.yml say the same, and nothing that must stay secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from tests.processes.installations import COMPOSE
from tests.processes.site import COMMAND_MARKS, ROOT

SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def stage(name: str) -> str:
    """What the Dockerfile says of one image."""
    return re.split(r"^FROM ", DOCKERFILE.split(f" AS {name}\n")[1], flags=re.MULTILINE)[0]


def locked(name: str) -> str:
    """What a lock file pins."""
    return (ROOT / "requirements" / f"{name}.lock").read_text()


def queues(command: str) -> list[str]:
    """What the worker of a command takes."""
    return re.findall(r"--queues=([\w,]+)", command)


def test_both_ways_start_the_same_processes() -> None:
    assert set(PROCFILE) == set(COMMAND_MARKS) == {name for name in OURS if SERVICES[name]["restart"] != "no"}


@pytest.mark.parametrize("name", ["web", "worker", "trainer", "beat"])
def test_both_ways_start_them_alike(name: str) -> None:
    composed = " ".join(SERVICES[name]["command"])
    for word in ("gunicorn config.wsgi", "worker --queues", "--pool=solo", "nice -n 10", "beat"):
        assert (word in composed) == (word in PROCFILE[name])
    assert queues(composed) == queues(PROCFILE[name])


def test_both_ways_serve_with_the_settings_in_the_file_of_gunicorn() -> None:
    command = [sys.executable, "-m", "gunicorn", "--print-config", "config.wsgi"]
    environment = os.environ | {"INKLING_ENV": "embedded"}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    read = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    found = {name.strip(): value.strip() for name, value in read.items()}
    assert (found["worker_class"], found["preload_app"]) == ("gthread", "True")
    assert found["control_socket_disable"] == "True"


def test_all_that_processes_can_share_is_read_before_they_part() -> None:
    asking = "import config.wsgi, sys; print('recognizer.api.views.predict' in sys.modules, 'celery' in sys.modules)"
    environment = os.environ | {"INKLING_ENV": "embedded"}
    told = subprocess.run(
        [sys.executable, "-c", asking], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True", "False"]


def test_every_queue_has_one_worker_and_the_trainer_nothing_else_to_do() -> None:
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} | {"celery"}
    taken = [queue for name in OURS for queue in queues(" ".join(SERVICES[name]["command"]))]
    assert sorted(taken) == sorted(routed) == ["celery", "training"]


def test_only_the_trainer_has_tensorflow() -> None:
    targets = {name: SERVICES[name]["build"]["target"] for name in OURS}
    assert {name for name, target in targets.items() if target == "trainer"} == {"trainer"}
    assert "train.lock" in stage("trainer")
    assert "train.lock" not in stage("web") + stage("base")
    assert "\ntensorflow==" in locked("train")
    assert "\ntensorflow==" not in locked("web")


def test_the_images_start_what_the_compose_file_starts() -> None:
    written = re.findall(r"^CMD \[(.*)\]$", DOCKERFILE, flags=re.MULTILINE)
    web, trainer = (re.findall(r'"([^"]+)"', words) for words in written)
    assert web == SERVICES["web"]["command"]
    assert set(trainer) <= {*SERVICES["trainer"]["command"]}


def test_nobody_is_root_in_the_images() -> None:
    for name in ("web", "trainer"):
        assert stage(name).index("\nUSER inkling\n") < stage(name).index("\nCMD ")


@pytest.mark.parametrize("name", list(SERVICES))
def test_a_service_comes_back_and_says_how_it_is(name: str) -> None:
    service = SERVICES[name]
    if name == "migrate":
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"].get("test") or (name == "trainer" and service["healthcheck"]["disable"])


@pytest.mark.parametrize("name", [name for name in OURS if name != "migrate"])
def test_nothing_starts_before_the_tables_are_there(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_passwords_and_keys_come_from_the_environment() -> None:
    told = [service.get("environment", {}) for service in SERVICES.values()]
    secrets = [text for each in told for name, text in each.items() if "PASSWORD" in name or "SECRET" in name]
    secrets += [found[1] for each in told for text in each.values() if (found := re.search(r"://\w+:(.+)@", text))]
    assert len(secrets) > len(OURS)
    assert all(secret.startswith("${POSTGRES_PASSWORD:?") for secret in secrets)
    example = (ROOT / ".env.example").read_text()
    assert re.findall(r"^\w*(?:KEY|PASSWORD)=(.+)$", example, flags=re.MULTILINE) == []


def test_what_is_kept_is_on_volumes() -> None:
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {"db", "redis"} <= named
    assert set(COMPOSE["volumes"]) == {"db", "redis", "data"}


def test_every_variable_of_the_compose_file_is_explained() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    explained = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert used <= explained
