"""Programs other than Python that some tests run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WHOLE_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def find_program(*names: str) -> str:
    """The path of the first of these programs on the PATH; without one the test is skipped, with CI=true it fails."""
    path = next(filter(None, map(shutil.which, names)), None)
    if not path:
        message = f"Not on the PATH: {' or '.join(names)}."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


def find_chromium() -> str:
    """The path of Chromium, which the variable CHROMIUM can name; see `find_program`.

    Without windows of its own (`chromium-headless-shell`) it starts and draws in two thirds of the time.
    """
    return os.environ.get("CHROMIUM") or find_program("chromium-headless-shell", *WHOLE_CHROMIUM)


def find_whole_chromium() -> str:
    """The path of the Chromium that people use: the other one cannot install a site."""
    return os.environ.get("CHROMIUM") or find_program(*WHOLE_CHROMIUM)


def install_program(name: str, lock: Path, folder: Path) -> Path:
    """Install the packages of a lock file into a new environment in `folder`; the path of one of its programs."""
    environment = folder / "venv"
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    into: list[str | Path] = ["--quiet", "--python", environment / "bin" / "python", "--require-hashes", "-r", lock]
    subprocess.run([uv, "pip", "install", "--no-config", *into], check=True)
    return environment / "bin" / name
