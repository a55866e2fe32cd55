"""The client is typed throughout, and its package says so."""

import subprocess
import sys
import tomllib
from pathlib import Path

CLIENT = Path(__file__).resolve().parents[2] / "clients" / "python"


def test_mypy_is_strict_and_content() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "inkling_client"], cwd=CLIENT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    assert (CLIENT / "inkling_client" / "py.typed").exists()


def test_it_needs_httpx_and_for_rasters_numpy() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    assert [each.partition(">")[0] for each in project["dependencies"]] == ["httpx"]
    assert [each.partition(">")[0] for each in project["optional-dependencies"]["device"]] == ["numpy"]
    for path in (CLIENT / "inkling_client").glob("*.py"):
        used = [line for line in path.read_text().splitlines() if line.startswith(("import ", "from "))]
        others = {line.split()[1].partition(".")[0] for line in used} - {"httpx", "inkling_client"}
        assert others - ({"numpy"} if path.name == "raster.py" else set()) <= sys.stdlib_module_names, path.name
