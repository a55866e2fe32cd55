"""The files in deploy/: alerts and dashboard name metrics that exist."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from recognizer.models import Recognizer
from tests.programs import find_program

ROOT = Path(__file__).resolve().parents[1]
MONITORING = ROOT / "deploy" / "monitoring"
_NAME = re.compile(r"\binkling_\w+")


def expressions() -> list[str]:
    """Those of all alerts and panels."""
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    found = [rule["expr"] for group in groups for rule in group["rules"]]
    return found + [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.mark.django_db
def test_every_metric_of_alerts_and_dashboard_exists_with_its_labels(
    client: Client, digits: Recognizer, settings: Any
) -> None:
    settings.METRICS_TOKEN = "token"
    text = client.get("/metrics", headers={"Authorization": "Bearer token"}).content.decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))
    names = set(kinds) | {
        f"{name}_{part}" for name in kinds if kinds[name] == "histogram" for part in ("bucket", "count")
    }
    used = {name for expression in expressions() for name in _NAME.findall(expression)}
    assert used - names == set()
    assert {name for name in kinds if not name.endswith("_created")} - {
        name.removesuffix("_bucket") for name in used
    } == set()


def test_every_alert_says_what_is_wrong_and_how_urgent_it_is() -> None:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.mark.slow
def test_prometheus_accepts_the_rules_and_they_fire() -> None:
    promtool = find_program("promtool")
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        ran = subprocess.run([promtool, *command], cwd=MONITORING, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
