"""The unit files of deploy/systemd: valid, and with the commands of docker-compose.yml."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.processes.installations import COMPOSE
from tests.processes.site import ROOT
from tests.programs import find_program

UNITS = ROOT / "deploy" / "systemd"


def command_of(unit: str) -> list[str]:
    """The words that a unit starts, as systemd reads them."""
    (line,) = re.findall(r"^ExecStart=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)
    return str(line).replace("%%", "%").split()


@pytest.mark.parametrize("name", ["web", "worker", "trainer", "beat"])
def test_a_unit_starts_what_its_container_starts(name: str) -> None:
    program, *words = command_of(f"inkling-{name}.service")
    command = [word for word in COMPOSE["services"][name]["command"] if word not in ("nice", "-n", "10")]
    assert Path(program).name == command[0]
    moved = {"0.0.0.0:8000": "127.0.0.1:8000", "--schedule=/tmp/beat": "--schedule=/var/lib/inkling/beat"}
    assert words == [moved.get(word, word) for word in command[1:]]


@pytest.mark.slow
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():  # the programs are not installed where the tests run
        text = re.sub(r"/srv/inkling/\S+/bin/\S+", "/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text)
    names = sorted(str(path) for path in tmp_path.iterdir())
    checked = subprocess.run(
        [find_program("systemd-analyze"), "verify", "--man=no", *names], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
