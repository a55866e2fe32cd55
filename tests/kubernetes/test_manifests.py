"""deploy/kubernetes: rendered by kustomize, valid for Kubernetes' schemas, and as strict as it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.programs import find_program, install_program

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
LOCK = Path(__file__).parent / "requirements.lock"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
VERSIONS = ("1.29", "1.37")  # the oldest and the newest that are checked
PROCESSES = ("web", "worker", "trainer", "beat")


def rendered(folder: Path = FOLDER) -> str:
    ran = subprocess.run(
        [find_program("kubectl"), "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def manifests() -> list[dict[str, Any]]:
    """Those of the files, without kustomize."""
    names = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    return [one for name in names for one in yaml.safe_load_all((FOLDER / name).read_text())]


def named(kind: str, name: str) -> dict[str, Any]:
    return next(each for each in manifests() if (each["kind"], each["metadata"]["name"]) == (kind, name))


def pods() -> dict[str, dict[str, Any]]:
    """The pod template of each workload."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in manifests()
        if each["kind"] in ("Deployment", "Job")
    }


@pytest.fixture(scope="session")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """kubernetes-validate in an environment of its own: its schemas take 100 MB."""
    return install_program("kubernetes-validate", LOCK, tmp_path_factory.mktemp("validator"))


@pytest.fixture
def with_deletion_log(tmp_path: Path) -> Path:
    """An overlay as an operator writes it: the manifests with the component `deletion-log`."""
    base = os.path.relpath(FOLDER, tmp_path)
    lines = f"resources: [{base}]\ncomponents: [{base}/deletion-log]\n"
    (tmp_path / "kustomization.yaml").write_text(lines)
    return tmp_path


@pytest.mark.slow
def test_every_object_is_valid_for_old_and_new_kubernetes(
    validator: Path, tmp_path: Path, with_deletion_log: Path
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(rendered(with_deletion_log))
    for version in VERSIONS:
        command: list[str | Path] = [validator, "--strict", "--kubernetes-version", version, file]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    file.write_text(file.read_text().replace("replicas:", "replica:"))
    ran = subprocess.run([validator, "--strict", file], capture_output=True, text=True, check=False)
    assert ran.returncode, "the validator accepts a field that does not exist"


def test_kustomize_puts_all_into_one_namespace_and_names_the_images() -> None:
    objects = list(yaml.safe_load_all(rendered()))
    spaces = {each["metadata"].get("namespace") for each in objects if each["kind"] != "Namespace"}
    assert spaces == {"inkling"}
    images = set(re.findall(r"image: (\S+)", rendered()))
    assert all(re.fullmatch(r"registry\.example\.org/inkling-(web|trainer):[\d.]+", image) for image in images)
    settings = next(each for each in objects if each["kind"] == "ConfigMap")["metadata"]["name"]
    assert rendered().count(f"name: {settings}") == 1 + 2 * len(PROCESSES) + 1  # itself, two a process, the migration


def test_the_component_gives_all_web_pods_one_log_of_deletions(with_deletion_log: Path) -> None:
    objects = list(yaml.safe_load_all(rendered(with_deletion_log)))
    (claim,) = (each for each in objects if each["metadata"]["name"] == "deletions")
    assert (claim["kind"], claim["metadata"]["namespace"]) == ("PersistentVolumeClaim", "inkling")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    web = next(each for each in objects if (each["kind"], each["metadata"]["name"]) == ("Deployment", "web"))
    spec = web["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (log,) = (Path(each["value"]) for each in container["env"] if each["name"] == "DELETION_LOG")
    (mounted,) = (each["name"] for each in container["volumeMounts"] if each["mountPath"] == str(log.parent))
    volumes = {each["name"]: each for each in spec["volumes"]}
    assert volumes[mounted]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert spec["securityContext"]["fsGroup"] == 1000  # so that it can write there
    assert {"tmp"} == volumes.keys() - {mounted}
    assert "DELETION_LOG" not in rendered()


def test_processes_run_the_commands_of_the_compose_file() -> None:
    for name in PROCESSES:
        expected = COMPOSE["services"][name]["command"]
        without_nice = expected[3:] if expected[0] == "nice" else expected
        assert pods()[name]["spec"]["containers"][0]["command"] == without_nice, name
    assert pods()["migrate"]["spec"]["containers"][0]["command"] == COMPOSE["services"]["migrate"]["command"]


def test_no_container_can_become_root_or_write_to_its_image() -> None:
    assert set(pods()) == {*PROCESSES, "migrate"}
    for name, pod in pods().items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"], name
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]  # noqa: S108


def test_secrets_are_named_and_not_there() -> None:
    text = "".join(file.read_text() for file in FOLDER.rglob("*") if file.is_file())
    assert "kind: Secret" not in text
    settings = (FOLDER / "settings.env").read_text()
    assert not re.search("SECRET|PASSWORD|TOKEN|DATABASE_URL|REDIS_URL", settings)
    for name, pod in pods().items():
        sources = pod["spec"]["containers"][0]["envFrom"]
        assert {"secretRef": {"name": "inkling-secrets"}} in sources, name


def test_every_setting_is_one_of_the_site() -> None:
    known = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = set(re.findall(r"^([A-Z_]+)=", (FOLDER / "settings.env").read_text(), re.MULTILINE))
    assert used - known == {"HOME", "MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_"}


def test_probes_do_not_take_a_site_down_whose_database_is_away() -> None:
    web = pods()["web"]["spec"]["containers"][0]
    paths = {name: web[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/healthz", "livenessProbe": "/healthz"}
    hosts = (FOLDER / "settings.env").read_text().partition("ALLOWED_HOSTS=")[2].splitlines()[0].split(",")
    assert web["readinessProbe"]["httpGet"]["httpHeaders"][0]["value"] in hosts
    assert "livenessProbe" in pods()["worker"]["spec"]["containers"][0]
    assert "livenessProbe" in pods()["beat"]["spec"]["containers"][0]
    assert "livenessProbe" not in pods()["trainer"]["spec"]["containers"][0]


def test_an_upgrade_leaves_enough_pods_and_time_for_requests_to_finish() -> None:
    web = named("Deployment", "web")["spec"]
    assert web["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "replicas" not in web  # the autoscaler's
    scaler = named("HorizontalPodAutoscaler", "web")["spec"]
    assert scaler["scaleTargetRef"]["name"] == "web"
    assert scaler["minReplicas"] >= 2
    from config.server import STOP_SECONDS

    slept = int(web["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert web["template"]["spec"]["terminationGracePeriodSeconds"] > slept + STOP_SECONDS
    assert named("Deployment", "trainer")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 150


def test_selectors_find_their_pods() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods().items()}
    for each in manifests():
        spec = each.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector") or {}
        wanted = selector.get("matchLabels", selector if each["kind"] == "Service" else {})
        if wanted:
            found = [name for name, pod in labels.items() if wanted.items() <= pod.items()]
            assert found, f"{each['kind']} {each['metadata']['name']}"
